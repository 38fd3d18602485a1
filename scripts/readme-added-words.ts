/** The README's tables of what the model sees besides the client's words, from test/support/added-words.ts. Pure. */
import { type AddedWords, cliWords, serverWords, type Words } from "../test/support/added-words.ts";
import { table } from "./readme-table.ts";

export function addedWordsText(): string {
  const versions = [...new Set(cliWords.flatMap(({ seenOn }) => (seenOn === "all" ? [] : seenOn)))];
  const rows = together(cliWords).map((entries): string[] => [
    entries[0]?.what ?? "",
    ...versions.map((version) => (entries.some(({ seenOn }) => seenOn.includes(version)) ? "yes" : "no")),
    entries[0]?.removedBy ?? "",
  ]);
  const ownRows = serverWords.map(({ said, what, removedBy }) => [said.map(quoted).join(", "), what, removedBy]);
  return [
    table(["the CLI adds", ...versions.map((version) => `on ${version}`), "what removes it"], rows),
    "",
    table(["this server adds", "where", "what avoids it"], ownRows),
  ].join("\n");
}

/** Entries that a reader is told of in the same words are one row. */
function together(entries: readonly AddedWords[]): AddedWords[][] {
  const rows = new Map<string, AddedWords[]>();
  for (const entry of entries) rows.set(entry.what, [...rows.get(entry.what) ?? [], entry]);
  return [...rows.values()];
}

function quoted(words: Words): string {
  const text = words.map((part) => (typeof part === "string" ? part : "…")).join("");
  return `“${text.replaceAll("\n", " ").trim()}”`;
}

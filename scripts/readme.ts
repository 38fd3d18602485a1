/**
 * Writes the README's generated tables, or with `--check` fails when they are not what the code says.
 *
 *     npx tsx scripts/readme.ts [--check]
 */
import { readFileSync, writeFileSync } from "node:fs";
import { optionRows } from "../src/config/help.ts";
import { chatFields } from "../src/dialects/chat-completions/fields.ts";
import type { FieldTreatment } from "../src/dialects/field-treatment.ts";
import { responsesFields } from "../src/dialects/responses/fields.ts";

const path = new URL("../README.md", import.meta.url);

/** A section's generated text. */
export function sections(): Readonly<Record<string, string>> {
  return {
    fields: fieldTable(chatFields),
    "responses-fields": fieldTable(responsesFields),
    options: table(["flag", "environment variable", "default", ""], optionRows().map(({ flag, env, default: value, help }) => [`\`${flag}\``, `\`${env}\``, value, help])),
  };
}

/** The README with its generated sections filled in. Throws when a section's marks are missing. */
export function fillIn(readme: string, texts: Readonly<Record<string, string>>): string {
  return Object.entries(texts).reduce((text, [name, section]) => {
    const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from === -1 || to < from) throw new Error(`the README has no section between ${begin} and ${end}`);
    return `${text.slice(0, from + begin.length)}\n${section}\n${text.slice(to)}`;
  }, readme);
}

function fieldTable(fields: readonly FieldTreatment[]): string {
  return table(["field", "", ""], fields.map(({ name, treatment, note }) => [`\`${name}\``, treatment, note]));
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

if (process.argv[1]?.endsWith("readme.ts") === true) {
  const before = readFileSync(path, "utf8");
  const after = fillIn(before, sections());
  if (!process.argv.includes("--check")) writeFileSync(path, after);
  else if (before !== after) {
    console.error("README.md is not what the code says: run npx tsx scripts/readme.ts");
    process.exitCode = 1;
  }
}

/** Reads text that must be the CLI's own, by the list in test/support/added-words.ts. */
import { type AddedWords, cliWords, type Gap, type KnownThing, type Place, type Words } from "./added-words.ts";

/** What is known of the machine and of the request; words with a gap for something that is not known are never read. */
export type Known = Readonly<Partial<Record<KnownThing, string>>>;

export interface AddedWordsReader {
  /** Of those places: whether all of a text is entries of the list, one after another, with line ends between them. */
  isAdded(text: string): boolean;
  /** Whether a field's value, as JSON, is one that the list has. */
  isAddedField(name: string, value: unknown): boolean;
}

const constant = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/gu, "\\$&");

function gapPattern(gap: Gap, known: Known): string | undefined {
  if ("chars" in gap) return `[${gap.chars}]{1,${gap.charsMax}}`;
  const value = known[gap.known];
  return value === undefined ? undefined : constant(value);
}

function pattern(words: Words, known: Known): string | undefined {
  const parts = words.map((part) => (typeof part === "string" ? constant(part) : gapPattern(part, known)));
  return parts.includes(undefined) ? undefined : parts.join("");
}

/** Of the entries that stand on a version. `places` narrows them. */
export function readAdded(version: string, known: Known, ...places: readonly Place[]): AddedWordsReader {
  const standing = cliWords.filter(({ seenOn }) => seenOn === "all" || seenOn.includes(version));
  const patterns = (chosen: readonly AddedWords[]): string =>
    chosen.flatMap(({ said }) => said.flatMap((words) => pattern(words, known) ?? [])).join("|") || "(?!)";
  const texts = new RegExp(`^(?:(?:${patterns(standing.filter(({ place }) => places.includes(place)))})\\n*)+$`, "u");
  return {
    isAdded: (text) => texts.test(text),
    isAddedField: (name, value) => {
      const entry = standing.filter((candidate) => candidate.place === "field" && candidate.name === name);
      return new RegExp(`^(?:${patterns(entry)})$`, "u").test(JSON.stringify(value));
    },
  };
}

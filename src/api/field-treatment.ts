/**
 * What the server does with one field of a request. The README's tables are generated from lists of these, and tests
 * check that the parsers do as the lists say.
 */
export interface FieldTreatment {
  readonly name: string;
  readonly treatment: "honoured" | "refused" | "ignored";
  /** Explanation for the README; may be empty. */
  readonly note: string;
  /** A value of the field with which the tests check that it is refused, or ignored. */
  readonly example?: unknown;
}

/** Joins words with commas, each in Markdown backticks: for the README. */
export function codeWords(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(", ");
}

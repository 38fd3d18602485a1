/**
 * What becomes of a field of a request. The README's tables are written from lists of these, and tests hold the parsers
 * to them.
 */
export interface FieldTreatment {
  readonly name: string;
  readonly treatment: "honoured" | "refused" | "ignored";
  /** In words, for the README. */
  readonly note: string;
  /** A value that shows it: what a refusal refuses, or what is ignored. */
  readonly example?: unknown;
}

/** Words as code, for the README. */
export function codeWords(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(", ");
}

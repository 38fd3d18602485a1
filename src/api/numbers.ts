/**
 * Counts from 2, separately for each text: for names that are told apart by a number at their end. It remembers where
 * each count stands, because a client that gives every call the same id would otherwise make each search for a free
 * number start over.
 */
export class Numbers {
  readonly #last = new Map<string, number>();

  next(text: string): number {
    const number = (this.#last.get(text) ?? 1) + 1;
    this.#last.set(text, number);
    return number;
  }
}

/** The first piece of memory that a text takes, in bytes, and the largest: each is as large as what is held already. */
const pieceBytesMin = 1_024;
const pieceBytesMax = 256 * 1024;

/**
 * Text of an answer that is being gathered, in latin1-held UTF-8, copied into memory of its own: a delta is a slice of
 * what was read from the CLI, and would keep all of that alive.
 */
export class HeldText {
  #full: Buffer[] = [];
  #last: Buffer = Buffer.alloc(0);
  #lastBytes = 0;
  #bytes = 0;

  append(text: string): void {
    if (this.#lastBytes + text.length > this.#last.length) {
      this.#full.push(this.#last.subarray(0, this.#lastBytes));
      const usualBytes = Math.min(pieceBytesMax, Math.max(pieceBytesMin, this.#bytes));
      this.#last = Buffer.allocUnsafeSlow(Math.max(text.length, usualBytes));
      this.#lastBytes = 0;
    }
    this.#lastBytes += this.#last.write(text, this.#lastBytes, "latin1");
    this.#bytes += text.length;
  }

  /** All of it, in order, given away: nothing of it is held here any more. */
  release(): Buffer[] {
    const pieces = [...this.#full, this.#last.subarray(0, this.#lastBytes)].filter(({ length }) => length > 0);
    this.#full = [];
    this.#last = Buffer.alloc(0);
    this.#lastBytes = this.#bytes = 0;
    return pieces;
  }
}

/**
 * The smallest and the largest buffer that is allocated for text, in bytes. Between the two, a new buffer is as large
 * as all text collected so far.
 */
const pieceBytesMin = 512;
const pieceBytesMax = 256 * 1024;

/**
 * Collects latin1-held text of an answer, copied into buffers of its own. A delta is a slice of what was read from the
 * CLI: keeping the delta would keep that whole read in memory. A buffer for each delta would take ten times its text.
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

  /** The text as it was given, latin1-held. */
  get text(): string {
    return Buffer.concat(this.#pieces).toString("latin1");
  }

  /** Returns the text's bytes in order, and keeps none of them. */
  release(): Buffer[] {
    const pieces = this.#pieces;
    this.#full = [];
    this.#last = Buffer.alloc(0);
    this.#lastBytes = this.#bytes = 0;
    return pieces;
  }

  get #pieces(): Buffer[] {
    return [...this.#full, this.#last.subarray(0, this.#lastBytes)].filter(({ length }) => length > 0);
  }
}

/**
 * How much of one JSON string is kept while a line comes in pieces, in bytes. The CLI repeats a whole answer in two lines after
 * it was streamed; what a model can say in one answer is below this.
 */
export const stringBytesMax = 4 * 1024 * 1024;

const backslash = 92;

/**
 * Cuts the inside of very long JSON strings out of a stream of lines, so that a line costs no more memory than its other
 * parts. A line stays valid JSON. Fed with what each read added to the unfinished line, and told when a line ends.
 */
export class LongStrings {
  readonly #bytesMax: number;
  #isInString = false;
  /** An odd number of backslashes stands at the end of what was fed. */
  #isEscaped = false;
  #stringBytes = 0;
  #wasCut = false;

  constructor(bytesMax = stringBytesMax) {
    this.#bytesMax = bytesMax;
  }

  /** Something was cut from the present line. */
  get wasCut(): boolean {
    return this.#wasCut;
  }

  /** A new line begins. */
  reset(): void {
    this.#isInString = false;
    this.#isEscaped = false;
    this.#stringBytes = 0;
    this.#wasCut = false;
  }

  /** What is kept of the next piece of the line. */
  keep(piece: string): string {
    let kept = "";
    let at = 0;
    while (at < piece.length) {
      if (!this.#isInString) {
        const quote = piece.indexOf('"', at);
        const end = quote === -1 ? piece.length : quote + 1;
        kept += piece.slice(at, end);
        at = end;
        if (quote !== -1) {
          this.#isInString = true;
          this.#isEscaped = false;
          this.#stringBytes = 0;
        }
        continue;
      }
      const end = this.#stringEnd(piece, at);
      kept += this.#keepInside(piece.slice(at, end));
      at = end;
      if (at < piece.length) {
        this.#isInString = false;
        kept += piece.charAt(at++);
      }
    }
    return kept;
  }

  #keepInside(inside: string): string {
    const before = this.#stringBytes;
    this.#stringBytes += inside.length;
    if (before >= this.#bytesMax) {
      this.#wasCut ||= inside !== "";
      return "";
    }
    // The last piece that is kept may end inside an escape, whose rest would be cut.
    return this.#stringBytes >= this.#bytesMax ? withoutPartialEscape(inside) : inside;
  }

  /** Where the closing quote of the string stands, from `at` on; the piece's length when it is not in it. */
  #stringEnd(piece: string, at: number): number {
    for (let from = at; ;) {
      const quote = piece.indexOf('"', from);
      const end = quote === -1 ? piece.length : quote;
      let slashes = 0;
      while (end - slashes > at && piece.charCodeAt(end - slashes - 1) === backslash) slashes++;
      const reachesStart = end - slashes === at;
      const isEscaped = (slashes % 2 === 1) !== (reachesStart && this.#isEscaped);
      if (quote === -1) {
        this.#isEscaped = isEscaped;
        return end;
      }
      if (!isEscaped) {
        this.#isEscaped = false;
        return end;
      }
      from = quote + 1;
    }
  }
}

function withoutPartialEscape(text: string): string {
  const tail = /(\\+)(u[0-9a-fA-F]{0,3})?$/u.exec(text);
  if (tail === null || (tail[1]?.length ?? 0) % 2 === 0) return text;
  return text.slice(0, text.length - 1 - (tail[2]?.length ?? 0));
}

/**
 * How much of one JSON string is kept while a line comes in pieces, in bytes. The CLI repeats a whole answer in two
 * lines after it was streamed; what a model can say in one answer is below this.
 */
export const stringBytesMax = 4 * 1024 * 1024;

const backslash = 92;

/**
 * Cuts the inside of very long JSON strings out of a stream of lines, so that a line costs no more memory than its
 * other parts. A line stays valid JSON. Fed with what each read added to the unfinished line, and told when a line
 * ends.
 */
export class LongStrings {
  readonly #bytesMax: number;
  #isInString = false;
  /** An odd number of backslashes stands at the end of what was fed. */
  #isEscaped = false;
  #stringBytes = 0;
  /** The beginning of an escape at the end of what was fed: it is kept with its rest, or not at all. */
  #unfinished = "";
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
    this.#unfinished = "";
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
      this.#unfinished = "";
      return "";
    }
    const text = this.#unfinished + inside;
    const whole = text.length - unfinishedEscapeLength(text);
    this.#unfinished = text.slice(whole);
    return text.slice(0, whole);
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

/** How much of a text's end is the beginning of an escape; the text itself begins outside of one. */
function unfinishedEscapeLength(text: string): number {
  const last = text.lastIndexOf("\\");
  const rest = text.slice(last + 1);
  if (last === -1 || !/^(?:u[0-9a-fA-F]{0,3})?$/u.test(rest)) return 0;
  let first = last;
  while (text.charCodeAt(first - 1) === backslash) first--;
  // An even number of backslashes escapes only itself.
  return (last - first) % 2 === 0 ? rest.length + 1 : 0;
}

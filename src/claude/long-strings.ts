/**
 * How much of one JSON string is kept when a line spans several reads, in bytes. The CLI repeats a whole answer in two
 * lines after it was streamed. What a model can say in one answer is shorter than this, so those lines stay whole.
 */
export const stringBytesMax = 4 * 1024 * 1024;

const backslash = 92;

/**
 * Truncates very long JSON strings in a stream of lines, so that a line takes no more memory than its other parts need.
 * A truncated line is still valid JSON. `keep` is called with what each read adds to an unfinished line, and `reset`
 * when the line has ended.
 */
export class LongStrings {
  readonly #bytesMax: number;
  #isInString = false;
  /** Whether an odd number of backslashes stands at the end of the pieces so far: the next character is escaped. */
  #isEscaped = false;
  #stringBytes = 0;
  /** An unfinished escape at the end of the pieces so far. It is kept together with its rest, or not at all. */
  #unfinished = "";
  #wasCut = false;

  constructor(bytesMax = stringBytesMax) {
    this.#bytesMax = bytesMax;
  }

  /** Whether a string of the current line was truncated. */
  get wasCut(): boolean {
    return this.#wasCut;
  }

  /** Prepares for the next line. */
  reset(): void {
    this.#isInString = false;
    this.#isEscaped = false;
    this.#stringBytes = 0;
    this.#unfinished = "";
    this.#wasCut = false;
  }

  /** Returns what is kept of the next piece of the line. */
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

  /** Finds the closing quote of the string, from `at` on. Returns the piece's length when the quote is not in it. */
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

/** How many characters at a text's end are an unfinished escape. The text must not begin inside of one. */
function unfinishedEscapeLength(text: string): number {
  const last = text.lastIndexOf("\\");
  const rest = text.slice(last + 1);
  if (last === -1 || !/^(?:u[0-9a-fA-F]{0,3})?$/u.test(rest)) return 0;
  let first = last;
  while (text.charCodeAt(first - 1) === backslash) first--;
  // An even number of backslashes escape each other.
  return (last - first) % 2 === 0 ? rest.length + 1 : 0;
}

import type { JsonText } from "../turn/event.ts";

/** The longest document that is held until it is whole, in bytes; no model writes one as long. */
const heldBytesMax = 16 * 1024 * 1024;

/**
 * The JSON document that a schema asks for: the input of the CLI's structured-output tool. If it does not fit the
 * schema, the CLI tells the model, which then gives another. So where nothing is sent before the answer's end, the
 * document is held here, and the next one replaces it.
 */
export class AnswerDocument {
  readonly #mayHold: boolean;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #isSent = false;

  constructor(mayHold: boolean) {
    this.#mayHold = mayHold;
  }

  /** Whether the model has begun to give the document. */
  get isBegun(): boolean {
    return this.#isSent || this.isHeld;
  }

  /** Whether the document, or its beginning, is held here. */
  get isHeld(): boolean {
    return this.#pieces.length > 0;
  }

  /** Forgets what is held. Returns false if a part of the document was sent: nothing can replace it. */
  restart(): boolean {
    this.#pieces = [];
    this.#bytes = 0;
    return !this.#isSent;
  }

  /** Holds a piece. Returns false if it must be sent at once, behind what `release` gives. */
  hold(piece: JsonText): boolean {
    if (!this.#mayHold || this.#isSent || this.#bytes + piece.length > heldBytesMax) {
      this.#isSent = true;
      return false;
    }
    // A copy: the piece is a slice of what was read, all of which would stay in memory with it.
    this.#pieces.push(Buffer.from(piece, "latin1"));
    this.#bytes += piece.length;
    return true;
  }

  /** Returns what is held of the document, to be sent. */
  release(): JsonText {
    const held = Buffer.concat(this.#pieces).toString("latin1") as JsonText;
    this.#isSent = true;
    this.#pieces = [];
    return held;
  }
}

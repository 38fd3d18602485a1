import type { WireText } from "../json-text.ts";

/** The largest part of a body that is copied or written at once, in bytes. */
export const sliceBytes = 64 * 1024;

/** A JSON body whose memory is made, or freed, piece by piece while it is sent. */
export interface Body {
  /** The whole body's length, in bytes. */
  readonly length: number;
  /** The parts of the body in their order. They can be iterated once. */
  readonly pieces: Iterable<Buffer>;
  /** True: all of the body stays in memory until its last piece was sent. False: each piece is freed once sent. */
  readonly isHeldWhole: boolean;
}

/** Makes a body of buffers. It empties the array: each buffer is let go once the reader asks for the next. */
export function bodyOfPieces(pieces: Buffer[]): Body {
  const handOut = function* (): Generator<Buffer> {
    for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) yield piece;
  };
  return { length: pieces.reduce((sum, piece) => sum + piece.length, 0), pieces: handOut(), isHeldWhole: false };
}

/** Makes a body of text. Only one slice at a time is copied into a buffer, when the reader asks for it. */
export function bodyOfText(text: WireText): Body {
  const handOut = function* (): Generator<Buffer> {
    for (let start = 0; start < text.length; start += sliceBytes) {
      yield Buffer.from(text.slice(start, start + sliceBytes), "latin1");
    }
  };
  return { length: text.length, pieces: handOut(), isHeldWhole: true };
}

/** How much of a body is handed out at once, in bytes. */
export const sliceBytes = 64 * 1024;

/** JSON that is made into bytes, or let go, as it is sent. */
export interface Body {
  /** In bytes. */
  readonly length: number;
  readonly pieces: Iterable<Buffer>;
  /** All of it is held until its last piece was sent. */
  readonly isHeldWhole: boolean;
}

/** The bytes, each piece held until it is sent. */
export function bodyOfPieces(pieces: Buffer[]): Body {
  const handOut = function* (): Generator<Buffer> {
    for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) yield piece;
  };
  return { length: pieces.reduce((sum, piece) => sum + piece.length, 0), pieces: handOut(), isHeldWhole: false };
}

/** Latin1-held UTF-8, of which no more is copied at once than its reader takes. */
export function bodyOfText(text: string): Body {
  const handOut = function* (): Generator<Buffer> {
    for (let start = 0; start < text.length; start += sliceBytes) {
      yield Buffer.from(text.slice(start, start + sliceBytes), "latin1");
    }
  };
  return { length: text.length, pieces: handOut(), isHeldWhole: true };
}

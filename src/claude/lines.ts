import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** The longest line that is read from the CLI, in bytes: a whole answer stands in one `assistant` line. */
export const lineBytesMax = 64 * 1024 * 1024;

export interface LineHandlers {
  /** One line without its end, its UTF-8 bytes held one a character (latin1). */
  readonly onLine: (line: string) => void;
  /** The lines of one read have all been given: the moment to hand on what they made. */
  readonly onReadEnd: () => void;
  /** A line passed the cap; nothing of it is given. The stream is destroyed by then. */
  readonly onOverflow: () => void;
}

/**
 * Reads line-delimited JSON from a child's stdout.
 *
 * The stream is decoded as latin1, so a byte is a character: readline then cannot break a line at U+2028 or U+2029
 * (it does from Node 24 on, and JSON allows both raw inside a string), nothing is decoded on the way to the socket,
 * and the one-byte strings are the cheapest that V8 has.
 */
export function readLines(stream: Readable, handlers: LineHandlers, maxBytes = lineBytesMax): void {
  let unfinishedBytes = 0;
  stream.setEncoding("latin1");
  // Before readline's listener, which has no cap of its own.
  stream.on("data", (chunk: string) => {
    const firstEnd = chunk.indexOf("\n");
    // The line that this read finishes or goes on with, and the one that it leaves unfinished; a line within a read is bounded by the read.
    const lineBytes = unfinishedBytes + (firstEnd === -1 ? chunk.length : firstEnd);
    unfinishedBytes = firstEnd === -1 ? lineBytes : chunk.length - chunk.lastIndexOf("\n") - 1;
    if (Math.max(lineBytes, unfinishedBytes) > maxBytes) {
      lines.removeListener("line", handlers.onLine);
      stream.destroy();
      handlers.onOverflow();
    }
  });
  const lines = createInterface({ input: stream, crlfDelay: Infinity, terminal: false });
  lines.on("line", handlers.onLine);
  // After readline's listener: by now it has emitted every line of this read.
  stream.on("data", handlers.onReadEnd);
  // What stands after the last line end is emitted by readline at the end.
  lines.on("close", handlers.onReadEnd);
}

import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { LongStrings } from "./long-strings.ts";

/**
 * The longest line that is read from the CLI, in bytes; very long strings in it are cut, so it costs far less memory.
 */
export const lineBytesMax = 256 * 1024 * 1024;
/** How much of a line is held, in bytes, when its very long strings were cut. */
export const heldBytesMax = 32 * 1024 * 1024;

export interface LineHandlers {
  /**
   * Asked first about each line that lies whole inside one read, by its place there (`end` is that of its line end):
   * true takes it,
   * and readline never sees it. For what comes ten thousand times in an answer: no line is cut out of the read for it.
   */
  readonly takeInPlace?: (read: string, start: number, end: number) => boolean;
  /**
   * One line without its end, its UTF-8 bytes held one a character (latin1). `wasCut`: a very long string in it is not
   * whole.
   */
  readonly onLine: (line: string, wasCut: boolean) => void;
  /** The lines of one read have all been given: the moment to hand on what they made. */
  readonly onReadEnd: () => void;
  /** A line passed the cap; nothing of it is given. The stream is destroyed by then. */
  readonly onOverflow: () => void;
  /** One of the above threw. Nothing more is read; the stream is destroyed by then. */
  readonly onFault: (cause: unknown) => void;
}

/**
 * Reads line-delimited JSON from a child's stdout.
 *
 * The stream is decoded as latin1, so a byte is a character: readline then cannot break a line at U+2028 or U+2029
 * (it does from Node 24 on, and JSON allows both raw inside a string), nothing is decoded on the way to the socket,
 * and the one-byte strings are the cheapest that V8 has.
 */
export function readLines(stream: Readable, handlers: LineHandlers, maxBytes = lineBytesMax): void {
  const longStrings = new LongStrings();
  // Written to by hand: readline has no cap of its own, so each read passes here first.
  const lines = createInterface({ input: new Readable({ read: () => {} }), crlfDelay: Infinity, terminal: false });
  let unfinishedBytes = 0;
  let heldBytes = 0;
  let wasCut = false;
  lines.on("line", (line: string) => {
    handlers.onLine(line, wasCut);
    wasCut = false;
  });
  const stop = (): void => {
    stream.off("data", onData);
    stream.destroy();
  };
  const overflow = (): void => {
    stop();
    handlers.onOverflow();
  };
  // A stream's events have no caller that could catch what is thrown.
  const guarded = <Given extends unknown[]>(handle: (...given: Given) => void) => (...given: Given): void => {
    try {
      handle(...given);
    } catch (cause) {
      stop();
      handlers.onFault(cause);
    }
  };
  const onData = guarded((read: string): void => {
    let end = read.indexOf("\n");
    const lineBytes = unfinishedBytes + (end === -1 ? read.length : end);
    if (lineBytes > maxBytes) return overflow();
    let start = 0;
    // Whole lines within a read are bounded by it: only what began before it, or goes on after it, can hold a long
    // string.
    if (unfinishedBytes > 0 && end !== -1) {
      const rest = longStrings.keep(read.slice(0, end));
      wasCut = longStrings.wasCut;
      longStrings.reset();
      unfinishedBytes = heldBytes = 0;
      lines.write(`${rest}\n`);
      start = end + 1;
      end = read.indexOf("\n", start);
    }
    for (; end !== -1; start = end + 1, end = read.indexOf("\n", start)) {
      if (handlers.takeInPlace?.(read, start, end) !== true) lines.write(read.slice(start, end + 1));
    }
    if (start < read.length) {
      const kept = longStrings.keep(read.slice(start));
      unfinishedBytes += read.length - start;
      heldBytes += kept.length;
      if (heldBytes > heldBytesMax) return overflow();
      lines.write(kept);
    }
    handlers.onReadEnd();
  });
  stream.setEncoding("latin1");
  stream.on("data", onData);
  stream.once("end", guarded(() => {
    wasCut = longStrings.wasCut;
    if (unfinishedBytes > 0) lines.write("\n");
    lines.close();
    handlers.onReadEnd();
  }));
}

import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { LongStrings } from "./long-strings.ts";

/** The longest line that is read from the CLI, in bytes. Its very long strings are truncated to save memory. */
export const lineBytesMax = 256 * 1024 * 1024;
/** How much of an unfinished line is held at most, in bytes, after its very long strings were truncated. */
export const heldBytesMax = 32 * 1024 * 1024;

export interface LineHandlers {
  /**
   * Offered each line once, before `onLine` (`end` is the position of its line end). Returns true when it has handled
   * the line. A line that lies whole within one read is offered by its position there; if it is handled, readline never
   * gets it. For lines that come ten thousand times in an answer: this saves copying each of them out of the read.
   */
  readonly takeInPlace?: (read: string, start: number, end: number) => boolean;
  /**
   * Called with one line without its end, its UTF-8 bytes held one a character (latin1). `wasCut`: a very long
   * string in it was truncated.
   */
  readonly onLine: (line: string, wasCut: boolean) => void;
  /** Called when all lines of one read have been handed over: the moment to pass on what they made. */
  readonly onReadEnd: () => void;
  /** Called when a line exceeds the limit. None of it is handed over. The stream is already destroyed. */
  readonly onOverflow: () => void;
  /** Called when another of these functions threw. The stream is already destroyed, and nothing more is read. */
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
  // Readline has no limit on the length of a line. So it is not given the stream, but each read after its check.
  const lines = createInterface({ input: new Readable({ read: () => {} }), crlfDelay: Infinity, terminal: false });
  let unfinishedBytes = 0;
  let heldBytes = 0;
  let wasCut = false;
  /** Whether the line that readline is given was offered in its read, and refused. */
  let wasOffered = false;
  const takes = (text: string, start: number, end: number): boolean =>
    handlers.takeInPlace?.(text, start, end) === true;
  lines.on("line", (line: string) => {
    if (wasCut || wasOffered || !takes(line, 0, line.length)) handlers.onLine(line, wasCut);
    wasCut = wasOffered = false;
  });
  const stop = (): void => {
    stream.off("data", onData);
    stream.destroy();
  };
  const overflow = (): void => {
    stop();
    handlers.onOverflow();
  };
  // A stream's event handler has no caller that could catch what it throws: report it to `onFault`.
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
    // A line within one read is no longer than the read. Only a line that began before the read, or continues after it,
    // can hold a very long string.
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
      if (takes(read, start, end)) continue;
      wasOffered = true;
      lines.write(read.slice(start, end + 1));
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

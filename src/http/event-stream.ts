import type { ServerResponse } from "node:http";
import type { WireStream } from "../api/dialect.ts";
import { asBridgeError } from "../errors.ts";
import type { TurnEvent } from "../turn/event.ts";

/** How long the head waits while the upstream is asked again, in milliseconds. */
const retryHeadWaitMs = 30_000;

/**
 * How long a reader may take nothing of its answer, in milliseconds, before it counts as gone: it holds a place and a
 * process.
 */
export const stalledReaderMsMax = 5 * 60_000;

export interface EventStreamOptions {
  /** How long the head waits for the first delta, in milliseconds: until it goes out, a failure is an HTTP status. */
  readonly headWaitMs: number;
  /** How long the stream may be silent before a chunk that says nothing goes out, in milliseconds; 0 sends none. */
  readonly heartbeatMs: number;
  /** The head of the answer, made when it goes out; the model that serves is known by then, unless the wait ran out. */
  readonly headers: (servedModel: string | undefined) => Readonly<Record<string, string>>;
  /** Told of a failure that comes after the head, when there is no status left to tell it by. */
  readonly onFailure: (error: unknown) => void;
  /** Told of what a timer threw, which has no caller: it is to end the answer and the turn. */
  readonly onBroken: (error: unknown) => void;
}

/**
 * Relays a turn as server-sent events: one write a batch, and the next batch is asked for when the socket has room.
 * Before the head is out a failure is thrown, for an HTTP status; after it, it is the stream's last event.
 */
export async function sendEventStream(
  response: ServerResponse, batches: AsyncIterable<readonly TurnEvent[]>, wire: WireStream, options: EventStreamOptions,
): Promise<void> {
  const { headWaitMs, heartbeatMs, headers, onFailure, onBroken } = options;
  let servedModel: string | undefined;
  let isBroken = false;
  let lastWriteMs = 0;
  let heartbeat: NodeJS.Timeout | undefined;
  const guarded = (action: () => void) => (): void => {
    try {
      action();
    } catch (error) {
      isBroken = true;
      clearTimeout(heartbeat);
      try {
        onBroken(error);
      } catch {
        // A timer has no caller who could be told.
        response.destroy();
      }
    }
  };
  const open = (): string => {
    clearTimeout(headWait);
    lastWriteMs = Date.now();
    if (heartbeatMs > 0) heartbeat = setTimeout(beat, heartbeatMs);
    response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache",
      // nginx would collect the stream otherwise.
      "x-accel-buffering": "no",
      ...headers(servedModel),
    });
    return wire.open();
  };
  // Looks when it may be due instead of being put off by every write: a write costs a look at the clock, not a timer.
  const beat = guarded(() => {
    const nowMs = Date.now();
    const dueMs = lastWriteMs + heartbeatMs;
    const isDue = nowMs >= dueMs;
    if (isDue) {
      lastWriteMs = nowMs;
      if (!response.destroyed && !response.writableNeedDrain) response.write(wire.heartbeat(), "latin1");
    }
    heartbeat = setTimeout(beat, isDue ? heartbeatMs : Math.min(heartbeatMs, dueMs - nowMs));
  });
  const openEmpty = guarded(() => {
    response.write(open(), "latin1");
  });
  let headWait = setTimeout(openEmpty, headWaitMs);
  try {
    for await (const batch of batches) {
      if (isBroken) return;
      if (!response.headersSent) {
        for (const event of batch) {
          if (event.type === "message_start") servedModel = event.model;
          if (event.type !== "retry") continue;
          // It fails at the moment: whether for good is worth a status of its own.
          clearTimeout(headWait);
          headWait = setTimeout(openEmpty, Math.max(headWaitMs, retryHeadWaitMs));
        }
      }
      let bytes = wire.encode(batch);
      // A start alone does not open the head: the upstream may still fail before its first delta.
      if (bytes === "") continue;
      lastWriteMs = Date.now();
      if (!response.headersSent) bytes = open() + bytes;
      if (!response.write(bytes, "latin1")) await roomOrClose(response);
    }
    response.end();
  } catch (error) {
    if (isBroken) return;
    if (!response.headersSent) throw error;
    onFailure(error);
    if (!response.destroyed) response.end(wire.fail(asBridgeError(error)), "latin1");
  } finally {
    clearTimeout(headWait);
    clearTimeout(heartbeat);
  }
}

/**
 * Settles when the socket has room again (or has taken all, by `finish`), or is gone: a writer never waits for a reader
 * that left. One that takes nothing for too long is cut.
 */
export function roomOrClose(response: ServerResponse, event: "drain" | "finish" = "drain"): Promise<void> {
  if (response.destroyed || (event === "finish" && response.writableFinished)) return Promise.resolve();
  return new Promise((resolve) => {
    const stalled = setTimeout(() => response.destroy(), stalledReaderMsMax);
    const settle = (): void => {
      clearTimeout(stalled);
      response.off(event, settle).off("close", settle);
      resolve();
    };
    response.on(event, settle).on("close", settle);
  });
}

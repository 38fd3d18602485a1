import type { ServerResponse } from "node:http";
import type { WireStream } from "../api/dialect.ts";
import { asBridgeError } from "../errors.ts";
import { joinWireText, noText, type WireText } from "../json-text.ts";
import type { TurnEvent } from "../turn/event.ts";

/** How long the response headers are held back while the CLI retries its request to the API, in milliseconds. */
const retryHeadWaitMs = 30_000;

/**
 * How long a client may read nothing of its answer, in milliseconds, before it is disconnected. Until then a stream
 * occupies one of the running turns and a process.
 */
export const stalledReaderMsMax = 5 * 60_000;

export interface EventStreamOptions {
  /** How long the response headers wait for the first delta, in milliseconds. A failure before them gets a status. */
  readonly headWaitMs: number;
  /** How long the stream may be silent before a heartbeat is sent, in milliseconds; 0 sends none. */
  readonly heartbeatMs: number;
  /** Makes the response headers as they are sent. `servedModel` is undefined if `headWaitMs` passed before it came. */
  readonly headers: (servedModel: string | undefined) => Readonly<Record<string, string>>;
  /** Called for a failure after the response headers were sent, when it can no longer be an HTTP status. */
  readonly onFailure: (error: unknown) => void;
  /** Called with an error that a timer's callback threw. It must end the answer and the turn: no caller would. */
  readonly onBroken: (error: unknown) => void;
}

/**
 * Relays a turn as server-sent events: one write per batch, and the next batch is pulled when the socket has room.
 * A failure before the response headers is thrown, for an HTTP status; a later one is sent as the stream's last event.
 */
export async function sendEventStream(
  response: ServerResponse, batches: AsyncIterable<readonly TurnEvent[]>, wire: WireStream, options: EventStreamOptions,
): Promise<void> {
  const { headWaitMs, heartbeatMs, headers, onFailure, onBroken } = options;
  let servedModel: string | undefined;
  /** What the dialect has written of the answer before the response headers were sent. */
  let heldBack = noText;
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
        // A timer has no caller to throw to, so the connection is closed.
        response.destroy();
      }
    }
  };
  const open = (): WireText => {
    clearTimeout(headWait);
    lastWriteMs = Date.now();
    if (heartbeatMs > 0) heartbeat = setTimeout(beat, heartbeatMs);
    response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache",
      // Otherwise nginx would buffer the stream.
      "x-accel-buffering": "no",
      ...headers(servedModel),
    });
    const opening = joinWireText(wire.open(), heldBack);
    heldBack = noText;
    return opening;
  };
  // The timer checks whether a heartbeat is due, rather than being reset by each write: a write only reads the clock.
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
          if (event.type === "accepted" || event.type === "message_start") servedModel = event.model;
          if (event.type !== "retry") continue;
          // The API is failing. Hold the headers back longer: if it fails for good, the client gets an HTTP status.
          clearTimeout(headWait);
          headWait = setTimeout(openEmpty, Math.max(headWaitMs, retryHeadWaitMs));
        }
      }
      let text = wire.encode(batch);
      if (!response.headersSent) {
        heldBack = joinWireText(heldBack, text);
        // The API may still fail before its first delta: until then the headers wait, whatever the dialect has written.
        text = heldBack !== noText && batch.some(hasContent) ? open() : noText;
      }
      if (text === noText) continue;
      lastWriteMs = Date.now();
      if (!response.write(text, "latin1")) await roomOrClose(response);
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

/** False for the events before an answer's first delta: they tell nothing of what the model said. */
function hasContent(event: TurnEvent): boolean {
  switch (event.type) {
    case "accepted": case "retry": case "message_start": return false;
    // A call's start has its name, and encrypted thinking is all in its start.
    case "block_start": return event.block.type !== "text" && event.block.type !== "thinking";
    default: return true;
  }
}

/**
 * Resolves when the socket has room again (with `finish`: when it has accepted everything), or when it is closed, so
 * that a writer never waits for a client that left. A client that reads nothing for `stalledReaderMsMax` is
 * disconnected.
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

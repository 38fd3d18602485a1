import type { ServerResponse } from "node:http";
import type { WireStream } from "../api/dialect.ts";
import { asBridgeError } from "../errors.ts";
import { joinWireText, noText, type WireText } from "../json-text.ts";
import type { TurnEvent } from "../turn/event.ts";
import { hasRoom, writeChunk } from "./chunk.ts";
import { hasFinish, unfinished } from "./finish.ts";
import { roomOrClose } from "./room-or-close.ts";

/** How long the response headers are held back while the CLI retries its request to the API, in milliseconds. */
const retryHeadWaitMs = 30_000;

export interface EventStreamOptions {
  /** How long the response headers wait for the first delta, in milliseconds. A failure before them gets a status. */
  readonly headWaitMs: number;
  /** How long the stream may be silent before a heartbeat is sent, in milliseconds; 0 sends none. */
  readonly heartbeatMs: number;
  /** Makes the response headers when they are sent. `servedModel` is undefined if it was not known by then. */
  readonly headers: (servedModel: string | undefined) => Readonly<Record<string, string>>;
  /** Called for a failure after the response headers were sent, when it can no longer be an HTTP status. */
  readonly onFailure: (error: unknown) => void;
  /**
   * Called with an error that was thrown while a heartbeat, or the headers without a delta, were sent. It must end the
   * answer and the turn: this happens in a timer, which has no caller to throw to.
   */
  readonly onBroken: (error: unknown) => void;
}

/**
 * Relays a turn as server-sent events: one write per batch, and the next batch is pulled when the socket has room. A
 * failure before the response headers is thrown, for an HTTP status. A later one is sent as the stream's last event,
 * and so is an earlier one for which the dialect says so (`isToldInStream`).
 */
export async function sendEventStream(
  response: ServerResponse, batches: AsyncIterable<readonly TurnEvent[]>, wire: WireStream, options: EventStreamOptions,
): Promise<void> {
  const stream = new EventStream(response, wire, options);
  let isFinished = false;
  try {
    for await (const batch of batches) {
      if (stream.state === "broken") return;
      if (!stream.relay(batch)) await roomOrClose(response);
      isFinished = hasFinish(batch);
    }
    if (!isFinished) throw unfinished();
    stream.end();
  } catch (error) {
    stream.fail(error);
  } finally {
    stream.stopTimer();
  }
}

/**
 * `waiting`: the response headers are not sent yet. `open`: they are. `broken`: a timer's action has thrown, and
 * `onBroken` ends the answer. `ended`: the answer is complete, or has failed.
 */
type StreamState = "waiting" | "open" | "broken" | "ended";

/** One answer on its way to a client. */
class EventStream {
  readonly #response: ServerResponse;
  readonly #wire: WireStream;
  readonly #options: EventStreamOptions;
  #state: StreamState = "waiting";
  #servedModel: string | undefined;
  /** The encoded text that is held back until the response headers are sent. */
  #heldBack = noText;
  /** While `waiting`, the wait for the first delta; while `open`, for the next heartbeat. */
  #timer: NodeJS.Timeout | undefined;
  #lastWriteMs = 0;

  constructor(response: ServerResponse, wire: WireStream, options: EventStreamOptions) {
    this.#response = response;
    this.#wire = wire;
    this.#options = options;
    this.#wait(options.headWaitMs, () => this.#openEmpty());
  }

  get state(): StreamState {
    return this.#state;
  }

  /** Writes one batch. Returns false when the socket has no room for the next one yet. */
  relay(batch: readonly TurnEvent[]): boolean {
    if (this.#state === "waiting") return this.#relayAhead(batch);
    const text = this.#wire.encode(batch);
    if (text === noText) return true;
    this.#lastWriteMs = Date.now();
    return writeChunk(this.#response, text);
  }

  end(): void {
    this.#state = "ended";
    this.#response.end();
  }

  /**
   * Sends the failure as the stream's last event; throws it if the response headers were not sent, unless the dialect
   * tells such an error in the stream.
   */
  fail(error: unknown): void {
    // `onBroken` has ended the turn and its answer, so this failure has nobody left to be told to.
    if (this.#state === "broken") return;
    const told = asBridgeError(error);
    if (this.#state === "waiting") {
      if (this.#wire.isToldInStream?.(told) !== true) throw error;
      this.#openEmpty();
    }
    this.#state = "ended";
    this.#options.onFailure(error);
    if (!this.#response.destroyed) this.#response.end(this.#wire.fail(told), "latin1");
  }

  stopTimer(): void {
    clearTimeout(this.#timer);
  }

  /** Handles a batch while no headers are sent: holds its text back, or sends the headers and all text so far. */
  #relayAhead(batch: readonly TurnEvent[]): boolean {
    this.#lookAhead(batch);
    this.#heldBack = joinWireText(this.#heldBack, this.#wire.encode(batch));
    // The API may still fail before its first delta: until then the headers wait, whatever the dialect has written.
    if (this.#heldBack === noText || !batch.some(hasContent)) return true;
    return this.#response.write(this.#open(), "latin1");
  }

  /**
   * Notes what the response headers depend on: the answering model, and a failure of the API, at which they wait
   * longer.
   */
  #lookAhead(batch: readonly TurnEvent[]): void {
    for (const event of batch) {
      if (event.type === "accepted" || event.type === "message_start") this.#servedModel = event.model;
      // The API is failing. Hold the headers back longer: if it fails for good, the client gets an HTTP status.
      if (event.type === "retry") {
        this.#wait(Math.max(this.#options.headWaitMs, retryHeadWaitMs), () => this.#openEmpty());
      }
    }
  }

  /** Sends the response headers; returns the stream's first text. */
  #open(): WireText {
    this.#response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache",
      // Otherwise nginx would buffer the stream.
      "x-accel-buffering": "no",
      ...this.#options.headers(this.#servedModel),
    });
    this.#state = "open";
    this.#lastWriteMs = Date.now();
    this.stopTimer();
    if (this.#options.heartbeatMs > 0) this.#wait(this.#options.heartbeatMs, () => this.#beat());
    const first = joinWireText(this.#wire.open(), this.#heldBack);
    this.#heldBack = noText;
    return first;
  }

  #openEmpty(): void {
    this.#response.write(this.#open(), "latin1");
  }

  /**
   * Sends a heartbeat if nothing was written for long enough, and sets the timer for the next check. Writes do not set
   * the timer anew, because there are thousands of them: each only notes the time.
   */
  #beat(): void {
    const { heartbeatMs } = this.#options;
    const nowMs = Date.now();
    const dueMs = this.#lastWriteMs + heartbeatMs;
    const isDue = nowMs >= dueMs;
    if (isDue) {
      this.#lastWriteMs = nowMs;
      if (hasRoom(this.#response)) writeChunk(this.#response, this.#wire.heartbeat());
    }
    this.#wait(isDue ? heartbeatMs : Math.min(heartbeatMs, dueMs - nowMs), () => this.#beat());
  }

  #wait(waitMs: number, action: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      try {
        action();
      } catch (error) {
        this.#break(error);
      }
    }, waitMs);
  }

  #break(error: unknown): void {
    this.#state = "broken";
    this.stopTimer();
    try {
      this.#options.onBroken(error);
    } catch {
      // A timer has no caller to throw to, so the connection is closed.
      this.#response.destroy();
    }
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

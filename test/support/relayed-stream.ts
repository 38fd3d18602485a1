/** An event stream that is relayed to a stand-in of a socket, of a turn that the test feeds. */
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import type { TestContext } from "node:test";
import type { WireStream } from "../../src/api/dialect.ts";
import { type EventStreamOptions, sendEventStream } from "../../src/http/event-stream.ts";
import { encodeWireText, joinedWireText, noText, wireText } from "../../src/json-text.ts";
import type { TurnEvent } from "../../src/turn/event.ts";
import { messageStart, messageStop, noUsage } from "./turn-events.ts";

export const headWaitMs = 1_000;
export const heartbeatMs = 15_000;

export const start = messageStart(noUsage, "claude-served");

/** As much of a `ServerResponse` as the relay uses; `hasRoom` is what a write answers. */
class SocketStandIn extends EventEmitter {
  headersSent = false;
  destroyed = false;
  hasRoom = true;
  get writableNeedDrain(): boolean {
    return !this.hasRoom;
  }
  status = 0;
  headers: Readonly<Record<string, string>> = {};
  isEnded = false;
  readonly writes: string[] = [];
  readonly encodings = new Set<string>();

  writeHead(status: number, headers: Readonly<Record<string, string>>): void {
    assert.equal(this.headersSent, false, "one head");
    this.headersSent = true;
    this.status = status;
    this.headers = headers;
  }

  write(bytes: string, encoding: string): boolean {
    assert.equal(this.isEnded, false, "nothing after the end");
    this.writes.push(bytes);
    this.encodings.add(encoding);
    return this.hasRoom;
  }

  end(bytes?: string, encoding?: string): void {
    if (bytes !== undefined) this.write(bytes, encoding ?? "");
    this.isEnded = true;
  }

  drain(): void {
    this.hasRoom = true;
    this.emit("drain");
  }

  destroy(): void {
    this.leave();
  }

  leave(): void {
    this.destroyed = true;
    this.emit("close");
  }
}

export const wire: WireStream = {
  open: () => wireText`open;`,
  heartbeat: () => wireText`beat;`,
  encode: (events) => joinedWireText(events.map((event) => (event.type === "text" ? wireText`${event.text};` : noText))),
  fail: (error) => encodeWireText(`fail ${error.code};`),
};

/** A turn that a test feeds a batch at a time; it counts how often it was asked. */
class Turn {
  asked = 0;
  #answer: { resolve: (result: IteratorResult<TurnEvent[], void>) => void; reject: (error: unknown) => void } | undefined;

  readonly batches: AsyncIterable<TurnEvent[]> = {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        this.asked += 1;
        return new Promise<IteratorResult<TurnEvent[], void>>((resolve, reject) => {
          this.#answer = { resolve, reject };
        });
      },
    }),
  };

  give(...events: TurnEvent[]): Promise<void> {
    this.#answer?.resolve({ done: false, value: events });
    return settled();
  }

  async end(): Promise<void> {
    await this.give(messageStop("end_turn", noUsage));
    await this.breakOff();
  }

  /** Ends without a word of why. */
  breakOff(): Promise<void> {
    this.#answer?.resolve({ done: true, value: undefined });
    return settled();
  }

  fail(error: unknown): Promise<void> {
    this.#answer?.reject(error);
    return settled();
  }
}

/** All promises that can settle have settled. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function relay(t: TestContext, more: Partial<EventStreamOptions> = {}, written: WireStream = wire) {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const socket = new SocketStandIn();
  const turn = new Turn();
  const headers = (model: string | undefined): Record<string, string> => ({ "x-served": String(model) });
  const sent = sendEventStream(socket as unknown as ServerResponse, turn.batches, written, {
    headWaitMs, heartbeatMs, headers, onFailure: () => {}, onBroken: assert.ifError, ...more,
  });
  // Whether it rejects is looked at by the test, later.
  sent.catch(() => undefined);
  return { socket, turn, sent };
}

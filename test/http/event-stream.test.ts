import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { describe, it, type TestContext } from "node:test";
import { BridgeError } from "../../src/errors.ts";
import type { WireStream } from "../../src/api/dialect.ts";
import { encodeWireText, joinedWireText, noText, wireText } from "../../src/json-text.ts";
import { type EventStreamOptions, sendEventStream } from "../../src/http/event-stream.ts";
import { stalledReaderMsMax } from "../../src/http/room-or-close.ts";
import type { TurnEvent } from "../../src/turn/event.ts";
import { blockStop, messageStart, messageStop, noUsage, text, textStart, thinkingStart, toolUse } from "../support/turn-events.ts";

const headWaitMs = 1_000;
const heartbeatMs = 15_000;
/** While the upstream is asked again the head waits for this long. */
const retryHeadWaitMs = 30_000;
const start = messageStart(noUsage, "claude-served");
const retry: TurnEvent = { type: "retry" };

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

const wire: WireStream = {
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
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function relay(t: TestContext, more: Partial<EventStreamOptions> = {}, written: WireStream = wire) {
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

describe("what a timer of a stream throws", () => {
  for (const [what, breaks] of [
    ["the head's wait", { headers: () => { throw new Error("no such header"); } }],
    ["a heartbeat", { headWaitMs: 0, heartbeatMs: 1 }],
  ] as const) {
    it(`in ${what} is told, once, and the turn is asked for nothing more`, async (t) => {
      const faults: unknown[] = [];
      const { socket, turn, sent } = relay(t, { ...breaks, onBroken: (fault) => faults.push(fault) });
      t.mock.timers.tick(0);
      socket.write = () => { throw new Error("no such byte"); };
      t.mock.timers.tick(headWaitMs);
      assert.match(faults.map(String).join(), /^Error: no such (?:header|byte)$/u);
      t.mock.timers.tick(heartbeatMs);
      await turn.give(start, text("a"));
      await sent;
      assert.deepEqual([faults.length, turn.asked, socket.isEnded], [1, 1, false]);
    });
  }

  it("and its listener throws too ends the connection, not the program", async (t) => {
    const headers = (): never => { throw new Error("no such header"); };
    const { socket, turn, sent } = relay(t, { headers, onBroken: () => { throw new Error("cannot be told"); } });
    t.mock.timers.tick(headWaitMs);
    assert.equal(socket.destroyed, true);
    await turn.fail(new BridgeError("client_closed", "It was destroyed."));
    await sent;
  });

  it("is not told a second time by the turn that ends for it", async (t) => {
    const failures: unknown[] = [];
    const headers = (): never => { throw new Error("no such header"); };
    const { turn, sent } = relay(t, { headers, onBroken: () => {}, onFailure: (failure) => failures.push(failure) });
    t.mock.timers.tick(headWaitMs);
    await turn.fail(new BridgeError("client_closed", "It was destroyed."));
    await sent;
    assert.deepEqual(failures, []);
  });
});

describe("the head of a stream", () => {
  it("waits for the first delta: a start alone does not open it", async (t) => {
    const { socket, turn } = relay(t);
    await turn.give(start);
    assert.equal(socket.headersSent, false);
    await turn.give(text("a"), text("b"));
    assert.equal(socket.status, 200);
    assert.deepEqual(socket.headers, {
      "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache", "x-accel-buffering": "no", "x-served": "claude-served",
    });
    assert.deepEqual(socket.writes, ["open;a;b;"], "one write a batch, the opening with the first");
  });

  it("goes out after the named wait, with what is known by then, and once", async (t) => {
    const { socket, turn, sent } = relay(t);
    t.mock.timers.tick(headWaitMs - 1);
    assert.equal(socket.headersSent, false);
    t.mock.timers.tick(1);
    assert.equal(socket.headers["x-served"], "undefined");
    assert.deepEqual(socket.writes, ["open;"]);
    await turn.give(start, text("a"));
    await turn.end();
    await sent;
    assert.deepEqual(socket.writes, ["open;", "a;"]);
    assert.equal(socket.isEnded, true);
  });

  it("waits longer while the upstream is asked again, and a failure keeps its status", async (t) => {
    const { socket, turn, sent } = relay(t);
    await turn.give(retry);
    t.mock.timers.tick(retryHeadWaitMs - 1);
    assert.equal(socket.headersSent, false);
    await turn.fail(new BridgeError("overloaded", "no"));
    await assert.rejects(sent, { code: "overloaded" });
    assert.equal(socket.headersSent, false);
  });

  it("sees a retry and a start wherever they stand in a batch", async (t) => {
    const { socket, turn } = relay(t);
    await turn.give(retry, start);
    t.mock.timers.tick(retryHeadWaitMs - 1);
    assert.equal(socket.headersSent, false);
    t.mock.timers.tick(1);
    assert.equal(socket.headers["x-served"], "claude-served");
  });

  it("does not wait for ever while the upstream is asked again", async (t) => {
    const { socket, turn } = relay(t);
    await turn.give(retry);
    t.mock.timers.tick(retryHeadWaitMs);
    assert.deepEqual(socket.writes, ["open;"]);
    await turn.give(retry);
    t.mock.timers.tick(retryHeadWaitMs);
    assert.equal(socket.writes.filter((bytes) => bytes.includes("open")).length, 1);
  });

  it("knows the model that serves also when the retry came in the same read", async (t) => {
    const { socket, turn } = relay(t);
    await turn.give(retry, retry, start);
    t.mock.timers.tick(headWaitMs);
    assert.equal(socket.headersSent, false, "and waits longer");
    await turn.give(text("a"));
    assert.equal(socket.headers["x-served"], "claude-served");
  });

  it("knows the model as soon as the upstream has accepted the request, and waits for the answer all the same", async (t) => {
    const { socket, turn } = relay(t);
    await turn.give({ type: "accepted", model: "claude-first" });
    assert.equal(socket.headersSent, false);
    await turn.give({ type: "accepted", model: "claude-served" });
    t.mock.timers.tick(headWaitMs);
    assert.equal(socket.headers["x-served"], "claude-served");
  });

  it("keeps a wait that the operator set longer", async (t) => {
    const { socket, turn } = relay(t, { headWaitMs: 60_000 });
    await turn.give(retry);
    t.mock.timers.tick(59_999);
    assert.equal(socket.headersSent, false);
    t.mock.timers.tick(1);
    assert.equal(socket.headersSent, true);
  });

  it("does not go out by the clock once the turn is over", async (t) => {
    const { socket, turn, sent } = relay(t);
    await turn.fail(new BridgeError("overloaded", "no"));
    await assert.rejects(sent);
    t.mock.timers.tick(headWaitMs);
    assert.equal(socket.headersSent, false);
  });
});

describe("the head of a stream whose dialect writes every event", () => {
  const everyEvent: WireStream = { ...wire, encode: (events) => joinedWireText(events.map((event) => wireText`${event.type === "text" ? event.text : encodeWireText(event.type)};`)) };

  it("waits for the first delta too, and what was written before follows it in its order", async (t) => {
    const { socket, turn } = relay(t, {}, everyEvent);
    await turn.give({ type: "accepted", model: "claude-x" }, start);
    await turn.give(retry, textStart());
    assert.deepEqual([socket.headersSent, socket.writes], [false, []]);
    await turn.give(text("a"));
    await turn.give(text("b"), blockStop());
    assert.equal(socket.headers["x-served"], "claude-served");
    assert.deepEqual(socket.writes, ["open;accepted;message_start;retry;block_start;a;", "b;block_stop;"]);
  });

  it("leaves a failure before the first delta its status, and writes nothing of the answer", async (t) => {
    const { socket, turn, sent } = relay(t, {}, everyEvent);
    await turn.give(start, thinkingStart());
    await turn.fail(new BridgeError("overloaded", "no"));
    await assert.rejects(sent, { code: "overloaded" });
    assert.deepEqual([socket.headersSent, socket.writes], [false, []]);
  });

  it("goes out after the named wait, with all that was written by then, once", async (t) => {
    const { socket, turn } = relay(t, {}, everyEvent);
    await turn.give(start);
    t.mock.timers.tick(headWaitMs);
    await turn.give(textStart());
    await turn.give(text("a"));
    assert.deepEqual(socket.writes, ["open;message_start;", "block_start;", "a;"]);
  });

  it("goes out with a call, whose start already tells its tool", async (t) => {
    const { socket, turn } = relay(t, {}, everyEvent);
    await turn.give(start);
    await turn.give(toolUse(0, "toolu_1", "look"));
    assert.deepEqual(socket.writes, ["open;message_start;block_start;"]);
  });
});

describe("a heartbeat", () => {
  it("goes out when the stream was silent for its time, as often as it is, and not before the head", async (t) => {
    const { socket, turn, sent } = relay(t, { headWaitMs: 600_000 });
    t.mock.timers.tick(heartbeatMs * 2);
    assert.deepEqual(socket.writes, []);
    await turn.give(text("a"));
    t.mock.timers.tick(heartbeatMs - 1);
    assert.deepEqual(socket.writes, ["open;a;"]);
    t.mock.timers.tick(1);
    t.mock.timers.tick(heartbeatMs);
    assert.deepEqual(socket.writes, ["open;a;", "beat;", "beat;"]);
    t.mock.timers.tick(heartbeatMs / 2);
    await turn.give(text("b"));
    t.mock.timers.tick(heartbeatMs - 1);
    assert.deepEqual(socket.writes, ["open;a;", "beat;", "beat;", "b;"], "its time begins with the last write");
    t.mock.timers.tick(1);
    assert.deepEqual(socket.writes, ["open;a;", "beat;", "beat;", "b;", "beat;"]);
    await turn.end();
    await sent;
    t.mock.timers.tick(heartbeatMs * 3);
    assert.equal(socket.writes.length, 5, "none after the end");
  });

  it("goes out too when the wait alone opened the head", async (t) => {
    const { socket } = relay(t);
    t.mock.timers.tick(headWaitMs);
    t.mock.timers.tick(heartbeatMs);
    assert.deepEqual(socket.writes, ["open;", "beat;"]);
  });

  it("is not piled up before a reader that does not read", async (t) => {
    const { socket, turn } = relay(t);
    socket.hasRoom = false;
    await turn.give(text("a"));
    t.mock.timers.tick(heartbeatMs * 4);
    assert.deepEqual(socket.writes, ["open;a;"]);
    socket.drain();
  });

  it("is not sent to a reader that left", async (t) => {
    const { socket, turn } = relay(t);
    await turn.give(text("a"));
    socket.leave();
    t.mock.timers.tick(heartbeatMs * 4);
    assert.deepEqual(socket.writes, ["open;a;"]);
  });

  it("of 0 is none", async (t) => {
    const { socket, turn } = relay(t, { heartbeatMs: 0 });
    await turn.give(text("a"));
    t.mock.timers.tick(3_600_000);
    assert.deepEqual(socket.writes, ["open;a;"]);
  });
});

describe("a reader that stops", () => {
  it("is waited for so long, and then counts as gone: nothing more is asked for it", async (t) => {
    const { socket, turn } = relay(t);
    socket.hasRoom = false;
    await turn.give(text("a"));
    t.mock.timers.tick(stalledReaderMsMax - 1);
    await settled();
    assert.deepEqual([socket.destroyed, turn.asked], [false, 1]);
    t.mock.timers.tick(1);
    assert.equal(socket.destroyed, true);
  });

  it("and goes on within that time has lost nothing", async (t) => {
    const { socket, turn, sent } = relay(t);
    socket.hasRoom = false;
    await turn.give(text("a"));
    t.mock.timers.tick(stalledReaderMsMax - 1);
    socket.drain();
    await settled();
    await turn.give(text("b"));
    t.mock.timers.tick(stalledReaderMsMax);
    await turn.end();
    await sent;
    assert.deepEqual([socket.destroyed, socket.writes.filter((bytes) => bytes !== "beat;"), socket.isEnded], [false, ["open;a;", "b;"], true]);
  });
});

describe("a turn that ends without its end", () => {
  it("is a failure, not a good end: before the head by its status, behind it by the last event", async (t) => {
    for (const isBegun of [false, true]) {
      const { socket, turn, sent } = relay(t);
      await turn.give(start);
      if (isBegun) await turn.give(text("a"));
      await turn.breakOff();
      if (isBegun) await sent;
      else await assert.rejects(sent, { code: "upstream_error" });
      assert.deepEqual(socket.writes, isBegun ? ["open;a;", "fail upstream_error;"] : []);
      t.mock.timers.reset();
    }
  });
});

describe("a failure that the dialect's clients understand only in the stream", () => {
  const isToldInStream = ({ code }: BridgeError): boolean => code === "overloaded";

  it("is told there before the head too, behind what opens it; and it is logged", async (t) => {
    const failures: unknown[] = [];
    const { socket, turn, sent } = relay(t, { onFailure: (failure) => failures.push(failure) }, { ...wire, isToldInStream });
    await turn.give(start);
    const error = new BridgeError("overloaded", "no");
    await turn.fail(error);
    await sent;
    assert.deepEqual([socket.status, socket.writes, socket.isEnded, failures], [200, ["open;", "fail overloaded;"], true, [error]]);
  });

  it("is the only one: any other keeps its status", async (t) => {
    const { socket, turn, sent } = relay(t, {}, { ...wire, isToldInStream });
    await turn.fail(new BridgeError("rate_limited", "no"));
    await assert.rejects(sent, { code: "rate_limited" });
    assert.equal(socket.headersSent, false);
  });
});

describe("a failure", () => {
  it("before the head is thrown as it is", async (t) => {
    const { socket, turn, sent } = relay(t);
    await turn.give(start);
    const error = new BridgeError("overloaded", "no");
    await turn.fail(error);
    await assert.rejects(sent, (thrown) => thrown === error);
    assert.deepEqual(socket.writes, []);
    assert.equal(socket.isEnded, false);
  });

  it("after the head is the last event, without an end mark, and is not thrown", async (t) => {
    const { socket, turn, sent } = relay(t);
    await turn.give(start, text("a"));
    await turn.fail(new BridgeError("upstream_error", "no"));
    await sent;
    assert.deepEqual(socket.writes, ["open;a;", "fail upstream_error;"]);
    assert.equal(socket.isEnded, true);
  });

  it("after the wait alone is the last event too", async (t) => {
    const { socket, turn, sent } = relay(t);
    t.mock.timers.tick(headWaitMs);
    await turn.fail(new BridgeError("turn_timeout", "no"));
    await sent;
    assert.deepEqual(socket.writes, ["open;", "fail turn_timeout;"]);
  });

  it("of the server's own is told as internal", async (t) => {
    const { socket, turn, sent } = relay(t);
    await turn.give(text("a"));
    await turn.fail(new TypeError("x is not a function"));
    await sent;
    assert.equal(socket.writes.at(-1), "fail internal;");
  });

  it("is told to nobody when the client is gone", async (t) => {
    const { socket, turn, sent } = relay(t);
    await turn.give(text("a"));
    socket.leave();
    await turn.fail(new BridgeError("client_closed", "left"));
    await sent;
    assert.deepEqual(socket.writes, ["open;a;"]);
  });
});

describe("a slow reader", () => {
  it("is not overrun: the next batch is asked for when there is room again", async (t) => {
    const { socket, turn } = relay(t);
    socket.hasRoom = false;
    await turn.give(text("a"));
    assert.equal(turn.asked, 1, "asked for no more");
    socket.drain();
    await settled();
    assert.equal(turn.asked, 2);
    await turn.give(text("b"));
    assert.equal(turn.asked, 3, "with room it asks at once");
    assert.deepEqual(socket.writes, ["open;a;", "b;"]);
    assert.deepEqual([...socket.encodings], ["latin1"]);
  });

  it("that leaves is not waited for", async (t) => {
    const { socket, turn } = relay(t);
    socket.hasRoom = false;
    await turn.give(text("a"));
    socket.leave();
    await settled();
    assert.equal(turn.asked, 2);
  });

  it("that left before the write is not waited for", async (t) => {
    const { socket, turn } = relay(t);
    socket.hasRoom = false;
    socket.leave();
    await turn.give(text("a"));
    assert.equal(turn.asked, 2);
  });

  it("leaves no listener behind, however often it drains", async (t) => {
    const { socket, turn, sent } = relay(t);
    for (let round = 0; round < 20; round += 1) {
      socket.hasRoom = false;
      await turn.give(text("a"));
      socket.drain();
      await settled();
    }
    await turn.end();
    await sent;
    assert.equal(socket.listenerCount("drain") + socket.listenerCount("close"), 0);
  });
});

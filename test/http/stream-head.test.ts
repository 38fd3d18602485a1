/** When the head of an event stream is sent, and what has to wait for it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { WireStream } from "../../src/api/dialect.ts";
import { BridgeError } from "../../src/errors.ts";
import { encodeWireText, joinedWireText, wireText } from "../../src/json-text.ts";
import type { TurnEvent } from "../../src/turn/event.ts";
import { headWaitMs, relay, start, wire } from "../support/relayed-stream.ts";
import { blockStop, text, textStart, thinkingStart, toolUse } from "../support/turn-events.ts";

/** While the upstream is asked again the head waits for this long. */
const retryHeadWaitMs = 30_000;

const retry: TurnEvent = { type: "retry" };

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

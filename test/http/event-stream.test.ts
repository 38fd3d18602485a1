import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BridgeError } from "../../src/errors.ts";
import { stalledReaderMsMax } from "../../src/http/room-or-close.ts";
import { headWaitMs, heartbeatMs, relay, settled, start, wire } from "../support/relayed-stream.ts";
import { text } from "../support/turn-events.ts";

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

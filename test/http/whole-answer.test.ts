import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { describe, it, type TestContext } from "node:test";
import { stalledReaderMsMax } from "../../src/http/room-or-close.ts";
import { HeldAnswers } from "../../src/http/held-answers.ts";
import { clientClosed } from "../../src/errors.ts";
import { bodyOfPieces, bodyOfText } from "../../src/api/body.ts";
import { sendInSlices, sendWholeAnswer } from "../../src/http/whole-answer.ts";
import { encodeWireText, noText, type WireText, wireText } from "../../src/json-text.ts";
import { createLogger } from "../../src/log.ts";
import type { JsonText, TurnEvent } from "../../src/turn/event.ts";
import { messageStop, noUsage } from "../support/turn-events.ts";

const log = createLogger("info", () => {});

/** All promises that can settle have settled. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A reader that takes nothing until it is told to. */
class Reader extends EventEmitter {
  destroyed = false;
  isEnded = false;
  get writableFinished(): boolean {
    return false;
  }
  headers: Readonly<Record<string, string | number>> = {};

  getHeader(): undefined {}

  readonly written: Buffer[] = [];

  writeHead(status: number, headers: Readonly<Record<string, string | number>>): void {
    assert.equal(status, 200);
    this.headers = headers;
  }

  write(bytes: Buffer): boolean {
    this.written.push(bytes);
    return false;
  }

  end(): void {
    this.isEnded = true;
  }

  destroy(): void {
    this.destroyed = true;
    this.emit("close");
  }

  async take(event = "drain"): Promise<void> {
    this.emit(event);
    await settled();
  }
}

const pieces = ["a", "b", "c"].map((letter) => Buffer.alloc(100_000, letter));
const text = "x".repeat(300_000) as JsonText;

async function* turn(): AsyncGenerator<TurnEvent[]> {
  yield [{ type: "text", index: 0, text }, messageStop("end_turn", noUsage)];
}

async function send(t: TestContext, body = () => bodyOfPieces([...pieces])) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const reader = new Reader();
  const held = new HeldAnswers(log);
  const fold = { take: () => {}, release: body };
  const options = { held, giveUp: () => {}, headers: () => ({ "x-a": "b" }) };
  const sent = sendWholeAnswer(reader as unknown as ServerResponse, turn(), fold, options);
  await settled();
  return { reader, held, sent };
}

describe("an answer in one piece", () => {
  it("is written slice by slice as its reader takes it, and is held no longer than that", async (t) => {
    const { reader, held, sent } = await send(t);
    const head = { "content-type": "application/json; charset=utf-8", "content-length": 300_000, "x-a": "b" };
    assert.deepEqual([reader.headers, reader.written.length, held.bytes], [head, 1, 300_000]);
    await reader.take();
    await reader.take();
    assert.deepEqual([reader.written.length, held.bytes], [3, 200_000]);
    while (!reader.isEnded) await reader.take();
    assert.ok(Buffer.concat(reader.written).equals(Buffer.concat(pieces)));
    assert.equal(held.bytes, 0);
    await reader.take("finish");
    await sent;
  });

  for (const takes of [0, 3, 6]) {
    it(`is cut when its reader, after ${takes} times, takes nothing for too long, and is held no more`, async (t) => {
      const { reader, held, sent } = await send(t);
      for (let time = 0; time < takes; time += 1) {
        t.mock.timers.tick(stalledReaderMsMax - 1);
        await reader.take();
      }
      assert.deepEqual([reader.destroyed, reader.isEnded], [false, takes === 6]);
      t.mock.timers.tick(stalledReaderMsMax);
      await sent;
      assert.deepEqual([reader.destroyed, held.bytes], [true, 0]);
    });
  }

  it("is given up when its reader leaves", async (t) => {
    const { reader, held, sent } = await send(t);
    reader.destroy();
    await sent;
    assert.deepEqual([reader.written.length, reader.isEnded, held.bytes], [1, false, 0]);
  });

  it("whose turn fails is held no more", async () => {
    const held = new HeldAnswers(log);
    const fold = { take: () => { throw new Error("planted"); }, release: () => bodyOfText(noText) };
    const response = new Reader() as unknown as ServerResponse;
    const options = { held, giveUp: () => {}, headers: () => ({}) };
    await assert.rejects(sendWholeAnswer(response, turn(), fold, options), /planted/u);
    assert.equal(held.bytes, 0);
  });

  it("whose turn ends without its end is a failure: a part of it may be missing", async () => {
    const held = new HeldAnswers(log);
    const fold = { take: () => {}, release: () => assert.fail("it is not whole") };
    const response = new Reader() as unknown as ServerResponse;
    async function* broken(): AsyncGenerator<TurnEvent[]> {
      yield [{ type: "text", index: 0, text }];
    }
    await assert.rejects(sendWholeAnswer(response, broken(), fold, { held, giveUp: () => {}, headers: () => ({}) }), { code: "upstream_error" });
    assert.equal(held.bytes, 0);
  });

  it("counts what the body has beside the model's words, and all of a text until its last byte", async (t) => {
    const { reader, held, sent } = await send(t, () => bodyOfText(encodeWireText("x".repeat(400_000))));
    assert.equal(held.bytes, 400_000);
    while (!reader.isEnded) {
      assert.equal(held.bytes, 400_000);
      await reader.take();
    }
    await reader.take("finish");
    await sent;
    assert.equal(held.bytes, 0);
  });

  it("that has no room ends its turn at once, and says why", async () => {
    const held = new HeldAnswers(log, 100);
    const fold = { take: () => {}, release: () => bodyOfText(noText) };
    const ended = new AbortController();
    async function* silent(): AsyncGenerator<TurnEvent[]> {
      yield [{ type: "text", index: 0, text: "x".repeat(90) as JsonText }];
      await new Promise((_, reject) => ended.signal.addEventListener("abort", () => reject(clientClosed())));
    }
    const options = { held, giveUp: () => ended.abort(), headers: () => ({}) };
    const sent = sendWholeAnswer(new Reader() as unknown as ServerResponse, silent(), fold, options);
    await settled();
    held.hold({ response: new Reader() as unknown as ServerResponse, giveUp: () => {} }).grow(20);
    await assert.rejects(sent, { code: "upstream_error", message: /ask for it as a stream/u });
    assert.equal(held.bytes, 20);
  });

  it("counts what is no text too: signatures, encrypted thinking, citations", async () => {
    const events: readonly TurnEvent[] = [
      { type: "signature", index: 0, signature: "x".repeat(101) as JsonText },
      { type: "block_start", index: 0, block: { type: "redacted_thinking", data: "x".repeat(101) } },
      { type: "citation", index: 0, citation: { cited_text: "x".repeat(101) } },
    ];
    for (const event of events) {
      async function* batches(): AsyncGenerator<TurnEvent[]> {
        yield [event];
      }
      const held = new HeldAnswers(log, 100);
      const fold = { take: () => {}, release: () => bodyOfText(noText) };
      const response = new Reader() as unknown as ServerResponse;
      await assert.rejects(sendWholeAnswer(response, batches(), fold, { held, giveUp: () => {}, headers: () => ({}) }), { message: /ask for it as a stream/u }, event.type);
    }
  });

  it("that was stored is sent at its reader's pace, and is held until its last byte", async () => {
    const reader = new Reader();
    const held = new HeldAnswers(log);
    const sent = sendInSlices(reader as unknown as ServerResponse, wireText`${text}`, held);
    await settled();
    assert.deepEqual([reader.headers["content-length"], reader.written.length, held.bytes], [300_000, 1, 300_000]);
    while (!reader.isEnded) await reader.take();
    await reader.take("finish");
    await sent;
    assert.equal(Buffer.concat(reader.written).toString("latin1"), text);
    assert.equal(held.bytes, 0);
  });

  it("that was stored is cut where nobody reads it and others need the room", async () => {
    const held = new HeldAnswers(log, 700_000);
    const readers = Array.from({ length: 3 }, () => new Reader());
    const sent = readers.map((reader) => sendInSlices(reader as unknown as ServerResponse, wireText`${text}`, held));
    await settled();
    assert.deepEqual(readers.map(({ destroyed }) => destroyed), [true, false, false]);
    assert.equal(held.bytes, 600_000);
    for (const reader of readers) reader.destroy();
    await Promise.all(sent);
    assert.equal(held.bytes, 0);
  });

  it("that was stored and is too large for all is an error before its head", async () => {
    const held = new HeldAnswers(log, 100);
    const reader = new Reader();
    await assert.rejects(sendInSlices(reader as unknown as ServerResponse, wireText`${text}`, held), { code: "upstream_error" });
    assert.deepEqual([reader.headers, held.bytes], [{}, 0]);
  });

  it("that is text has the same bytes in slices", () => {
    const latin1 = Array.from({ length: 200_000 }, (_, index) => String.fromCharCode(index % 256)).join("");
    const body = bodyOfText(latin1 as WireText);
    const bytes = Buffer.concat([...body.pieces]);
    assert.deepEqual([body.length, bytes.equals(Buffer.from(latin1, "latin1"))], [200_000, true]);
  });
});

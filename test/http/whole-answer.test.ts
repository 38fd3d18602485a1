import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { describe, it, type TestContext } from "node:test";
import { stalledReaderMsMax } from "../../src/http/event-stream.ts";
import { HeldAnswers } from "../../src/http/held-answers.ts";
import { bodyOfPieces, bodyOfText } from "../../src/api/body.ts";
import { sendWholeAnswer } from "../../src/http/whole-answer.ts";
import type { JsonText, TurnEvent } from "../../src/turn/event.ts";

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
  yield [{ type: "text", index: 0, text }];
}

async function send(t: TestContext) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const reader = new Reader();
  const held = new HeldAnswers();
  const fold = { take: () => {}, release: () => bodyOfPieces([...pieces]) };
  const options = { held, headers: () => ({ "x-a": "b" }) };
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
    const held = new HeldAnswers();
    const fold = { take: () => { throw new Error("planted"); }, release: () => bodyOfText("") };
    const response = new Reader() as unknown as ServerResponse;
    await assert.rejects(sendWholeAnswer(response, turn(), fold, { held, headers: () => ({}) }), /planted/u);
    assert.equal(held.bytes, 0);
  });

  it("that is text has the same bytes in slices", () => {
    const latin1 = Array.from({ length: 200_000 }, (_, index) => String.fromCharCode(index % 256)).join("");
    const body = bodyOfText(latin1);
    const bytes = Buffer.concat([...body.pieces]);
    assert.deepEqual([body.length, bytes.equals(Buffer.from(latin1, "latin1"))], [200_000, true]);
  });
});

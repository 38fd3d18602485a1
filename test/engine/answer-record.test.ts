import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AnswerRecord, recordedBytesMax } from "../../src/engine/answer-record.ts";
import { encodeJsonText } from "../../src/json-text.ts";
import type { JsonText, TurnEvent } from "../../src/turn.ts";
import { seededRandom } from "../support/random.ts";

const text = (plain: string): TurnEvent => ({ type: "text", text: encodeJsonText(plain) });
const usage = { promptTokens: 0, cachedTokens: 0, cacheWriteTokens: 0, completionTokens: 0, reasoningTokens: 0 };

describe("the record of an answer", () => {
  it("is the text of all batches, decoded, and nothing else of them", () => {
    const record = new AnswerRecord();
    record.take([{ type: "start", model: "m", usage }, { type: "thinking", text: encodeJsonText("hmm") }, text("a\n")]);
    record.take([]);
    record.take([text("é\""), text("😀\u2028")]);
    record.take([{ type: "finish", reason: "stop", usage }]);
    assert.deepEqual(record.blocks(), [{ type: "text", text: "a\né\"😀\u2028" }]);
  });

  it("is one empty text where there was none", () => {
    assert.deepEqual(new AnswerRecord().blocks(), [{ type: "text", text: "" }]);
  });

  it("holds the calls, their arguments as what the JSON in them says", () => {
    const record = new AnswerRecord();
    const piece = (call: number, plain: string): TurnEvent => ({ type: "tool_arguments", call, text: encodeJsonText(plain) });
    record.take([text("Let me see."), { type: "tool_call", call: 0, id: "c0", name: "f" }, piece(0, '{"path": "a\\\\b')]);
    record.take([piece(0, '\\"é", "n": [1'), { type: "tool_call", call: 1, id: "c1", name: "g" }, piece(1, "{}"), piece(0, "]}")]);
    assert.deepEqual(record.blocks(), [
      { type: "text", text: "Let me see." },
      { type: "tool_use", id: "c0", name: "f", input: { path: 'a\\b"é', n: [1] } },
      { type: "tool_use", id: "c1", name: "g", input: {} },
    ]);
  });

  it("is none when a call's arguments are no whole JSON", () => {
    const record = new AnswerRecord();
    record.take([{ type: "tool_call", call: 0, id: "c0", name: "f" }, { type: "tool_arguments", call: 0, text: encodeJsonText('{"a":') }]);
    assert.equal(record.blocks(), undefined);
  });

  it("counts arguments against the same bound", () => {
    const record = new AnswerRecord();
    record.take([{ type: "tool_call", call: 0, id: "c0", name: "f" }, { type: "tool_arguments", call: 0, text: encodeJsonText("1") }, text("x".repeat(recordedBytesMax - 1))]);
    assert.ok(record.blocks() !== undefined);
    record.take([{ type: "tool_arguments", call: 0, text: encodeJsonText("1") }]);
    assert.equal(record.blocks(), undefined);
  });

  it("gives back any text, however it was cut", () => {
    const random = seededRandom(5);
    for (let round = 0; round < 200; round++) {
      const whole = random.nastyText(30).replaceAll(/\p{Surrogate}/gu, "");
      const characters = [...whole];
      const record = new AnswerRecord();
      while (characters.length > 0) record.take([text(characters.splice(0, 1 + random.below(5)).join(""))]);
      assert.deepEqual(record.blocks(), [{ type: "text", text: whole }]);
    }
  });

  it("gives up what grows past its bound, and stays so", () => {
    const record = new AnswerRecord();
    const half = text("x".repeat(recordedBytesMax / 2));
    record.take([half]);
    record.take([half]);
    assert.ok(record.blocks() !== undefined);
    record.take([text("x")]);
    assert.equal(record.blocks(), undefined);
    record.take([text("x")]);
    assert.equal(record.blocks(), undefined);
  });

  it("is none when what came was not the inside of a JSON string", () => {
    for (const broken of ['"', "\\", "\\u12", "\n"]) {
      const record = new AnswerRecord();
      record.take([{ type: "text", text: broken as JsonText }]);
      assert.equal(record.blocks(), undefined, JSON.stringify(broken));
    }
  });
});

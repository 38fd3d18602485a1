import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AnswerRecord, recordedBytesMax } from "../../src/engine/answer-record.ts";
import type { JsonText, TurnEvent } from "../../src/turn/event.ts";
import { seededRandom } from "../support/random.ts";
import { inputJson, messageStart, messageStop, text, thinking, thinkingStart, toolUse } from "../support/turn-events.ts";


describe("the record of an answer", () => {
  it("is the text of all batches, decoded, and nothing else of them", () => {
    const record = new AnswerRecord();
    record.take([messageStart(), thinking("hmm"), text("a\n")]);
    record.take([]);
    record.take([text("é\""), text("😀\u2028")]);
    record.take([messageStop("end_turn")]);
    assert.deepEqual(record.blocks(), [{ type: "text", text: "a\né\"😀\u2028" }]);
  });

  it("is one empty text where there was none", () => {
    assert.deepEqual(new AnswerRecord().blocks(), [{ type: "text", text: "" }]);
  });

  it("holds the calls, their arguments as what the JSON in them says", () => {
    const record = new AnswerRecord();
    record.take([text("Let me see."), toolUse(1, "c0", "f"), inputJson(1, '{"path": "a\\\\b')]);
    record.take([inputJson(1, '\\"é", "n": [1'), toolUse(2, "c1", "g"), inputJson(2, "{}"), inputJson(1, "]}")]);
    assert.deepEqual(record.blocks(), [
      { type: "text", text: "Let me see." },
      { type: "tool_use", id: "c0", name: "f", input: { path: 'a\\b"é', n: [1] } },
      { type: "tool_use", id: "c1", name: "g", input: {} },
    ]);
  });

  it("holds the blocks of the API's own tools, a call with the input that streamed, so that the same answer in a request is known again", () => {
    const call = { type: "server_tool_use", id: "s1", name: "web_search", input: {} } as const;
    const found = { type: "web_search_tool_result", tool_use_id: "s1", content: [] } as const;
    const record = new AnswerRecord();
    record.take([text("Let me see."), { type: "block_start", index: 1, block: call }, inputJson(1, '{"query":'), inputJson(1, '"x"}'), { type: "block_start", index: 2, block: found }, text("So.", 3)]);
    assert.deepEqual(record.blocks(), [{ type: "text", text: "Let me see.So." }, { ...call, input: { query: "x" } }, found]);
    const bare = new AnswerRecord();
    bare.take([{ type: "block_start", index: 0, block: call }]);
    assert.deepEqual(bare.blocks(), [{ type: "text", text: "" }, call]);
  });

  it("holds the proofs of its thinking, by which a request's thinking is compared with it", () => {
    const record = new AnswerRecord();
    const signature: TurnEvent = { type: "signature", index: 0, signature: "Eq\\u002b=" as JsonText };
    record.take([thinkingStart(), thinking("hm"), signature, { type: "block_start", index: 1, block: { type: "redacted_thinking", data: "é" } }, text("a", 2)]);
    assert.deepEqual(record.blocks(), [{ type: "thinking", thinking: "", signature: "Eq+=" }, { type: "redacted_thinking", data: "é" }, { type: "text", text: "a" }]);
  });

  it("is none when something came that is not known here", () => {
    const unknown = [{ type: "block_start", index: 0, block: { type: "other", block: { type: "novelty" } } }, { type: "other_delta", index: 0, delta: {} }] as const;
    for (const event of unknown) {
      const record = new AnswerRecord();
      record.take([text("a"), event]);
      assert.equal(record.blocks(), undefined);
    }
  });

  it("is none when a call's arguments are no whole JSON", () => {
    const record = new AnswerRecord();
    record.take([toolUse(1, "c0", "f"), inputJson(1, '{"a":')]);
    assert.equal(record.blocks(), undefined);
  });

  it("counts arguments against the same bound", () => {
    const record = new AnswerRecord();
    record.take([toolUse(1, "c0", "f"), inputJson(1, "1"), text("x".repeat(recordedBytesMax - 1))]);
    assert.ok(record.blocks() !== undefined);
    record.take([inputJson(1, "1")]);
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
      record.take([{ type: "text", index: 0, text: broken as JsonText }]);
      assert.equal(record.blocks(), undefined, JSON.stringify(broken));
    }
  });
});

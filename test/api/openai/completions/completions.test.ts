import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseCompletionRequest } from "../../../../src/api/openai/completions/request.ts";
import { CompletionStream, WholeCompletion } from "../../../../src/api/openai/completions/response.ts";
import { BridgeError } from "../../../../src/errors.ts";
import type { WireText } from "../../../../src/json-text.ts";
import { completionText, fillingText, fillingTexts } from "../../../../src/own-words.ts";
import type { TurnEvent } from "../../../../src/turn/event.ts";
import { assertRefuses, refusalOf } from "../../../support/refusal.ts";
import { messageStart, messageStop, noUsage, text, thinking } from "../../../support/turn-events.ts";

const parse = (more: object) => parseCompletionRequest({ model: "opus", prompt: "One, two,", ...more }, "default-model");
const said = (words: string) => [{ role: "user", content: [{ type: "text", text: words }] }];
const identity = { token: "abc", createdAt: 17, cliVersion: "2.1.330", requestId: "req_1" };

describe("a request for a completion", () => {
  it("has its prompt told as the user's message, and the model is told to go on from it, without thinking", () => {
    for (const prompt of ["One, two,", ["One, two,"]]) {
      const { turn, model, stream, echoed, unsaidThinking } = parse({ prompt });
      assert.deepEqual([turn.messages, turn.system], [said("One, two,"), [{ type: "text", text: completionText }]]);
      assert.deepEqual([model, stream, echoed, unsaidThinking], ["opus", false, "", { type: "disabled" }]);
    }
    assert.deepEqual([parse({ model: null }).model, parse({ echo: true }).echoed, parse({ stream: true }).stream], ["default-model", "One, two,", true]);
  });

  it("with a suffix has the model fill the gap, be it at the very beginning", () => {
    const [before, between, after] = fillingTexts;
    for (const prompt of ["f(", ""]) {
      const { turn } = parse({ prompt, suffix: ")" });
      assert.deepEqual([turn.messages, turn.system], [said(`${before}${prompt}${between})${after}`), [{ type: "text", text: fillingText }]]);
    }
    assert.deepEqual(parse({ suffix: "" }).turn, parse({}).turn);
  });

  it("has its bounds and how the next token is drawn", () => {
    const { turn, includeUsage } = parse({ max_tokens: 32, stop: ["\n\n", "END"], temperature: 0, top_p: 0.5, stream_options: { include_usage: true } });
    assert.deepEqual([turn.maxTokens, turn.stopSequences, turn.sampling, includeUsage], [32, ["\n\n", "END"], { temperature: 0, topP: 0.5 }, true]);
    for (const nothing of [{ n: 1, best_of: 1, logprobs: null }, { best_of: 0, logprobs: false }, { suffix: " " }]) assert.deepEqual(parse(nothing), parse({}), "it asks for nothing");
  });

  it("has the model think where it names an effort, and not where that is none or unknown", () => {
    const thoughtOf = (reasoning_effort: string): unknown => {
      const { turn, unsaidThinking } = parse({ reasoning_effort });
      return [turn.effort, turn.thinking, unsaidThinking];
    };
    assert.deepEqual(["high", "none", "so-so"].map(thoughtOf), [["high", undefined, undefined], [undefined, { type: "disabled" }, { type: "disabled" }], [undefined, undefined, { type: "disabled" }]]);
  });

  it("is refused as tokens where it is some, and as several prompts where it is that", () => {
    for (const prompt of [[1], [1, 2], [[1, 2]], [[1, 2], [3]]]) assert.match(refusalOf(() => parse({ prompt })).message, /text here, not tokens/u, JSON.stringify(prompt));
    assert.match(refusalOf(() => parse({ prompt: ["a", "b"] })).message, /one prompt a request/u);
  });

  for (const [more, code, field] of [
    [{ prompt: undefined }, "missing_field", "prompt"], [{ prompt: " \n" }, "invalid_value", "prompt"], [{ prompt: 3 }, "invalid_type", "prompt"], [{ prompt: [] }, "invalid_type", "prompt[0]"],
    [{ prompt: ["a", "b"] }, "unsupported_parameter", "prompt"], [{ prompt: [1, 2] }, "unsupported_parameter", "prompt"], [{ prompt: [[1, 2]] }, "unsupported_parameter", "prompt"],
    [{ suffix: 3 }, "invalid_type", "suffix"], [{ n: 2 }, "unsupported_parameter", "n"], [{ best_of: 2 }, "unsupported_parameter", "best_of"], [{ logprobs: 0 }, "unsupported_parameter", "logprobs"],
    [{ max_tokens: 0 }, "invalid_value", "max_tokens"], [{ echo: "yes" }, "invalid_type", "echo"], [{ stop: 3 }, "invalid_type", "stop"],
  ] as const) {
    it(`is refused by the field's name: ${JSON.stringify(more)}`, () => assertRefuses(refusalOf(() => parse(more)), code, field));
  }
});

describe("a completion", () => {
  const events: readonly TurnEvent[] = [messageStart(), thinking("hm"), text(" three,"), text("\n“four”"), messageStop("end_turn", { ...noUsage, inputTokens: 3, outputTokens: 4 })];
  const usage = { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 };
  const decoded = (wire: WireText): string => Buffer.from(wire, "latin1").toString("utf8");
  const base = { id: "cmpl-abc", object: "text_completion", created: 17, model: "opus", system_fingerprint: "fp_claude_code_2.1.330" };
  const choice = (words: string, finish_reason: string | null = null): object => ({ index: 0, text: words, logprobs: null, finish_reason });

  it("streams as OpenAI's chunks, the usage where it is asked for, and [DONE]", () => {
    const stream = new CompletionStream(identity, parse({ stream: true, echo: true, stream_options: { include_usage: true } }));
    const all = decoded(stream.open()) + decoded(stream.encode(events)) + decoded(stream.heartbeat());
    const data = all.split("\n\n").slice(0, -1).map((block) => block.replace(/^data: /u, ""));
    const heartbeat = JSON.parse(data.pop() ?? "") as object;
    assert.equal(data.pop(), "[DONE]");
    const chunks = data.map((json) => JSON.parse(json) as any);
    assert.deepEqual(chunks.slice(0, -1), [choice("One, two,"), choice(" three,"), choice("\n“four”"), choice("", "stop")].map((one) => ({ ...base, usage: null, choices: [one] })));
    const { prompt_tokens, completion_tokens, total_tokens } = chunks.at(-1).usage;
    assert.deepEqual([chunks.at(-1).choices, { prompt_tokens, completion_tokens, total_tokens }], [[], usage]);
    assert.deepEqual(heartbeat, { ...base, usage: null, choices: [choice("")] });
  });

  it("that fails ends in an error, and in no [DONE]", () => {
    const stream = new CompletionStream(identity, parse({ stream: true }));
    assert.equal(decoded(stream.fail(new BridgeError("overloaded", "busy"))), 'data: {"error":{"message":"busy","type":"server_error","param":null,"code":"overloaded"}}\n\n');
  });

  for (const [echo, words] of [[false, " three,\n“four”"], [true, "One, two, three,\n“four”"]] as const) {
    it(`is whole in one piece${echo ? ", behind its prompt" : ""}`, () => {
      const answer = new WholeCompletion(identity, parse({ echo }));
      answer.take(events);
      const body = answer.release();
      const bytes = Buffer.concat([...body.pieces]);
      assert.equal(bytes.length, body.length);
      const { usage: told, ...rest } = JSON.parse(bytes.toString("utf8"));
      assert.deepEqual([rest, told.total_tokens], [{ ...base, choices: [choice(words, "stop")] }, 7]);
    });
  }

  it("throws where the turn has not ended", () => assert.throws(() => new WholeCompletion(identity, parse({})).release(), /without a finish/u));
});

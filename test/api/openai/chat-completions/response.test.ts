import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AnswerStyle, type ChatIdentity, ChatStream } from "../../../../src/api/openai/chat-completions/response.ts";
import { ChatAnswer } from "../../../../src/api/openai/chat-completions/whole-answer.ts";
import { ToolNames } from "../../../../src/api/tool-names.ts";
import { BridgeError } from "../../../../src/errors.ts";
import type { StopReason, TurnEvent } from "../../../../src/turn/event.ts";
import { seededRandom } from "../../../support/random.ts";
import { apiToolEvents, inputJson, messageStart, messageStop, noUsage, text, thinking, toolUse } from "../../../support/turn-events.ts";

const identity = { id: "chatcmpl-1", created: 1_700_000_000, model: "opus", systemFingerprint: "fp_1" };
const head = 'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"opus","service_tier":"default","system_fingerprint":"fp_1"';
const usageJson = '{"prompt_tokens":32,"completion_tokens":9,"total_tokens":41,"prompt_tokens_details":{"cached_tokens":7,"audio_tokens":0},'
  + '"completion_tokens_details":{"reasoning_tokens":4,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}';

const usage = { ...noUsage, inputTokens: 25, cacheReadInputTokens: 7, cacheCreationInputTokens: 0, outputTokens: 9, thinkingTokens: 4 };
const start = messageStart({ ...usage, outputTokens: 1 });
const finish = (reason: StopReason = "end_turn"): TurnEvent => messageStop(reason, usage);

const style: AnswerStyle = { names: new ToolNames(), isLegacy: false, hasSources: false };
const stream = (includeUsage = false, more: Partial<typeof identity> = {}, answer: Partial<AnswerStyle> = {}): ChatStream =>
  new ChatStream({ ...identity, ...more }, { ...style, ...answer, includeUsage });
const chatCompletion = (as: ChatIdentity, events: readonly TurnEvent[], answer: Partial<AnswerStyle> = {}): string => {
  const whole = new ChatAnswer(as, { ...style, ...answer });
  for (const event of events) whole.take([event]);
  return Buffer.concat(whole.release()).toString("latin1");
};
const utf8 = (latin1: string): string => Buffer.from(latin1, "latin1").toString("utf8");

describe("the bytes of a chunk", () => {
  it("at the opening are the role, once, with empty content", () => {
    assert.equal(stream().open(), `${head},"choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}]}\n\n`);
  });

  it("of a text are its text, as the CLI escaped it", () => {
    assert.equal(utf8(stream().encode([text('é "\\\n😀')])), `${head},"choices":[{"index":0,"delta":{"content":"é \\"\\\\\\n😀"},"logprobs":null,"finish_reason":null}]}\n\n`);
  });

  it("of a thought are reasoning_content, and only that", () => {
    assert.equal(stream().encode([thinking("hm")]), `${head},"choices":[{"index":0,"delta":{"reasoning_content":"hm"},"logprobs":null,"finish_reason":null}]}\n\n`);
  });

  for (const [stopReason, reason] of [
    ["end_turn", "stop"], ["stop_sequence", "stop"], ["max_tokens", "length"], ["model_context_window_exceeded", "length"], ["pause_turn", "length"], ["refusal", "content_filter"],
  ] as const) {
    it(`at the finish behind ${stopReason} are an empty delta, ${reason}, and the end mark`, () => {
      assert.equal(stream().encode([finish(stopReason)]), `${head},"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"${reason}"}]}\n\ndata: [DONE]\n\n`);
    });
  }

  it("of the usage, when it was asked for, stand between finish and end mark, with no choices; elsewhere it is null", () => {
    const asked = stream(true);
    assert.equal(asked.open(), `${head},"usage":null,"choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}]}\n\n`);
    assert.equal(asked.encode([text("a")]), `${head},"usage":null,"choices":[{"index":0,"delta":{"content":"a"},"logprobs":null,"finish_reason":null}]}\n\n`);
    assert.equal(asked.encode([finish()]),
      `${head},"usage":null,"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}\n\n`
      + `${head},"choices":[],"usage":${usageJson}}\n\n`
      + "data: [DONE]\n\n");
  });

  it("of a start are none: the head waits for what shows that the answer comes", () => {
    assert.equal(stream().encode([start]), "");
    assert.equal(stream().encode([]), "");
  });

  it("of a batch are those of its events, in their order", () => {
    const wire = stream();
    const events = [start, thinking("a"), text("b"), text("c"), finish()];
    assert.equal(wire.encode(events), events.map((event) => wire.encode([event])).join(""));
  });

  it("of a failure are the error and no end mark", () => {
    const bytes = stream().fail(new BridgeError("overloaded", "voll: “é”", { field: "model" }));
    assert.equal(utf8(bytes), 'data: {"error":{"message":"voll: “é”","type":"server_error","param":"model","code":"overloaded"}}\n\n');
    assert.equal(stream().fail(new BridgeError("invalid_request", "x")), 'data: {"error":{"message":"x","type":"invalid_request_error","param":null,"code":null}}\n\n');
  });
});

/** The payloads of a stream's events. Throws on anything that is not `data: …` and a blank line. */
function payloads(bytes: string): unknown[] {
  assert.ok(bytes.endsWith("\n\n"), "the last event is whole");
  return utf8(bytes).slice(0, -2).split("\n\n").map((block) => {
    assert.match(block, /^data: [^\n\r]+$/u);
    const data = block.slice("data: ".length);
    return data === "[DONE]" ? data : JSON.parse(data);
  });
}

describe("the bytes of a call", () => {
  const chunk = (delta: string): string => `${head},"choices":[{"index":0,"delta":{${delta}},"logprobs":null,"finish_reason":null}]}\n\n`;
  const twoCalls = [start, text("Let me. "), toolUse(0, "toolu_1", "get_x"), inputJson(0, '{"a":'), inputJson(0, '"é"}'), toolUse(1, "toolu_2", "get_y"), inputJson(1, "{}"), finish("tool_use")];
  const answerHead = '{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"opus","service_tier":"default","system_fingerprint":"fp_1","choices":[{"index":0,';

  it("are its id, type and name once, then its arguments piece by piece, each by the call's number", () => {
    assert.equal(utf8(stream().encode(twoCalls)), [
      chunk('"content":"Let me. "'),
      chunk('"tool_calls":[{"index":0,"id":"toolu_1","type":"function","function":{"name":"get_x","arguments":""}}]'),
      chunk('"tool_calls":[{"index":0,"function":{"arguments":"{\\"a\\":"}}]'),
      chunk('"tool_calls":[{"index":0,"function":{"arguments":"\\"é\\"}"}}]'),
      chunk('"tool_calls":[{"index":1,"id":"toolu_2","type":"function","function":{"name":"get_y","arguments":""}}]'),
      chunk('"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]'),
      `${head},"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"tool_calls"}]}\n\ndata: [DONE]\n\n`,
    ].join(""));
  });

  it("are the same beside blocks of the API's own tools, which have none", () => {
    const [begin, words, first, ...rest] = twoCalls as [TurnEvent, TurnEvent, TurnEvent, ...TurnEvent[]];
    const searched = [begin, words, ...apiToolEvents(7), first, ...apiToolEvents(10), ...rest];
    assert.equal(stream().encode(searched), stream().encode(twoCalls));
    assert.equal(chatCompletion(identity, searched), chatCompletion(identity, twoCalls));
  });

  it("have the client's name for the tool", () => {
    const names = new ToolNames();
    const fitting = names.toModel('mcp.search/"é"');
    assert.equal(utf8(stream(false, {}, { names }).encode([toolUse(0, "t", fitting)])),
      chunk('"tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"mcp.search/\\"é\\"","arguments":""}}]'));
    const body: any = JSON.parse(utf8(chatCompletion(identity, [start, toolUse(0, "t", fitting), finish("tool_use")], { names })));
    assert.equal(body.choices[0].message.tool_calls[0].function.name, 'mcp.search/"é"');
  });

  it("of the deprecated form are function_call, without an id, and so is the finish", () => {
    const events = [start, toolUse(0, "toolu_1", "get_x"), inputJson(0, '{"a":1}'), finish("tool_use")];
    assert.equal(stream(false, {}, { isLegacy: true }).encode(events), [
      chunk('"function_call":{"name":"get_x","arguments":""}'),
      chunk('"function_call":{"arguments":"{\\"a\\":1}"}'),
      `${head},"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"function_call"}]}\n\ndata: [DONE]\n\n`,
    ].join(""));
    assert.equal(chatCompletion(identity, events, { isLegacy: true }),
      `${answerHead}"message":{"role":"assistant","content":null,"refusal":null,"annotations":[],"function_call":{"name":"get_x","arguments":"{\\"a\\":1}"}},"logprobs":null,"finish_reason":"function_call"}],"usage":${usageJson}}`);
    assert.match(stream(false, {}, { isLegacy: true }).encode([finish("end_turn")]), /"finish_reason":"stop"/u);
  });

  it("in the whole body are all of them with their arguments joined; content is null where nothing was said", () => {
    const calls = '"tool_calls":[{"id":"toolu_1","type":"function","function":{"name":"get_x","arguments":"{\\"a\\":\\"é\\"}"}},{"id":"toolu_2","type":"function","function":{"name":"get_y","arguments":"{}"}}]';
    const tail = `"logprobs":null,"finish_reason":"tool_calls"}],"usage":${usageJson}}`;
    assert.equal(utf8(chatCompletion(identity, twoCalls)), `${answerHead}"message":{"role":"assistant","content":"Let me. ","refusal":null,"annotations":[],${calls}},${tail}`);
    assert.equal(utf8(chatCompletion(identity, twoCalls.filter(({ type }) => type !== "text"))), `${answerHead}"message":{"role":"assistant","content":null,"refusal":null,"annotations":[],${calls}},${tail}`);
  });

  it("put arguments to their own call, however they are mixed", () => {
    const body: any = JSON.parse(chatCompletion(identity, [toolUse(0, "a", "f"), toolUse(1, "b", "g"), inputJson(1, "2"), inputJson(0, "1"), inputJson(1, "2"), finish("tool_use")]));
    assert.deepEqual(body.choices[0].message.tool_calls.map((call: any) => call.function.arguments), ["1", "22"]);
  });
});

describe("the bytes of a heartbeat", () => {
  it("are a chunk that says nothing, with the null usage where usage was asked for", () => {
    assert.equal(stream().heartbeat(), `${head},"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":null}]}\n\n`);
    assert.equal(stream(true).heartbeat(), `${head},"usage":null,"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":null}]}\n\n`);
  });

  it("of a retry are none", () => assert.equal(stream().encode([{ type: "retry" }]), ""));
});

describe("whatever the model says", () => {
  it("each event is one line of JSON that stands for it", () => {
    const random = seededRandom(4);
    for (let run = 0; run < 1_000; run++) {
      const [first, second, model] = [random.nastyText(10), random.nastyText(10), random.nastyText(6)];
      const wire = stream(random.below(2) === 0, { model });
      const events: any[] = payloads(wire.open() + wire.encode([thinking(first), text(second)]) + wire.encode([finish()]));
      assert.equal(events[1].choices[0].delta.reasoning_content, first);
      assert.equal(events[2].choices[0].delta.content, second);
      assert.equal(events.at(-1), "[DONE]");
      for (const event of events.slice(0, -1)) {
        assert.deepEqual([event.id, event.created, event.model, event.object], ["chatcmpl-1", 1_700_000_000, model, "chat.completion.chunk"]);
        assert.ok(Array.isArray(event.choices), "choices is an array");
      }
    }
  });

  it("the whole body is JSON that stands for it, and so is an error", () => {
    const random = seededRandom(5);
    for (let run = 0; run < 1_000; run++) {
      const texts = [random.nastyText(10), random.nastyText(10)];
      const model = random.nastyText(6);
      const body: any = JSON.parse(utf8(chatCompletion({ ...identity, model }, [start, ...texts.map((value) => text(value)), ...texts.map((value) => thinking(value)), finish()])));
      assert.deepEqual([body.model, body.choices[0].message.content, body.choices[0].message.reasoning_content], [model, texts.join(""), texts.join("")]);
      const [failure]: any[] = payloads(stream().fail(new BridgeError("internal", model)));
      assert.equal(failure.error.message, model);
    }
  });

  it("a model's name that looks like the usage's place is not taken for it", () => {
    const model = ',"usage":null,"choices":[ $& $1';
    const events: any[] = payloads(stream(true, { model }).encode([finish()]));
    assert.deepEqual(events.slice(0, 2).map((event) => [event.model, event.usage?.total_tokens]), [[model, undefined], [model, 41]]);
  });
});

describe("the whole body", () => {
  it("is OpenAI's completion, byte for byte", () => {
    assert.equal(
      utf8(chatCompletion(identity, [start, thinking("h"), thinking("m"), text("Hallo "), text("é"), finish("max_tokens")])),
      '{"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"opus","service_tier":"default","system_fingerprint":"fp_1","choices":[{"index":0,'
      + '"message":{"role":"assistant","content":"Hallo é","refusal":null,"annotations":[],"reasoning_content":"hm"},"logprobs":null,"finish_reason":"length"}],'
      + `"usage":${usageJson}}`,
    );
  });

  it("has no reasoning when there was none, and empty content for an empty answer", () => {
    const body: any = JSON.parse(chatCompletion(identity, [start, finish()]));
    assert.deepEqual(body.choices[0].message, { role: "assistant", content: "", refusal: null, annotations: [] });
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseChatRequest } from "../../../../src/api/openai/chat-completions/request.ts";
import { ToolNames } from "../../../../src/api/tool-names.ts";
import type { BridgeError, ErrorCode } from "../../../../src/errors.ts";
import { assertRefuses, refusalOf } from "../../../support/refusal.ts";

const messages = [{ role: "user", content: "hi" }];

const parse = (fields: Record<string, unknown>) => parseChatRequest({ model: "opus", messages, ...fields }, "default-model");

const refusal = (fields: Record<string, unknown>): BridgeError => refusalOf(() => parse(fields));

/** The request that has nothing but what it must have. */
const plain = parse({});

describe("a chat request", () => {
  it("is its turn, its model and how to answer", () => {
    assert.deepEqual(plain, {
      turn: { system: [], messages: [{ role: "user", content: [{ type: "text", text: "hi" }] }], tools: [], toolChoice: { type: "auto" }, disableParallelToolUse: false, stopSequences: [] },
      model: "opus", stream: false, includeUsage: false, names: new ToolNames(), isLegacy: false, hasSources: false, growth: { before: [], added: [] },
    });
  });

  for (const [body, got] of [[undefined, "nothing"], [null, "null"], [[], "an array"], ["x", "a string"], [1, "a number"], [true, "a boolean"]] as const) {
    it(`is refused when its body is ${got}`, () => {
      assert.throws(() => parseChatRequest(body, "m"), { code: "invalid_type", field: "body", message: `body: expected an object, got ${got}.` });
    });
  }
});

describe("a field that is honoured", () => {
  const cases: readonly (readonly [Record<string, unknown>, Record<string, unknown>])[] = [
    [{ model: "gpt-4" }, { model: "gpt-4" }],
    [{ model: undefined }, { model: "default-model" }],
    [{ model: null }, { model: "default-model" }],
    [{ model: "" }, { model: "default-model" }],
    [{ stream: true }, { stream: true }],
    [{ stream: false }, {}],
    [{ stream: null }, {}],
    [{ stream: true, stream_options: { include_usage: true } }, { stream: true, includeUsage: true }],
    [{ stream_options: { include_usage: false, include_obfuscation: false } }, {}],
    [{ stream_options: { include_usage: null } }, {}],
    [{ stream_options: {} }, {}],
    [{ stream_options: null }, {}],
    [{ max_tokens: 7 }, { turn: { ...plain.turn, maxTokens: 7 } }],
    [{ max_completion_tokens: 8 }, { turn: { ...plain.turn, maxTokens: 8 } }],
    [{ max_tokens: 7, max_completion_tokens: 8 }, { turn: { ...plain.turn, maxTokens: 8 } }],
    [{ max_tokens: 7, max_completion_tokens: null }, { turn: { ...plain.turn, maxTokens: 7 } }],
    [{ max_tokens: null }, {}],
    [{ max_tokens: 1 }, { turn: { ...plain.turn, maxTokens: 1 } }],
    [{ stop: "END" }, { turn: { ...plain.turn, stopSequences: ["END"] } }],
    [{ stop: ["a", "", "\n", " "] }, { turn: { ...plain.turn, stopSequences: ["a", "\n", " "] } }],
    [{ stop: "x".repeat(1_000) }, { turn: { ...plain.turn, stopSequences: ["x".repeat(1_000)] } }],
    [{ parallel_tool_calls: false }, { turn: { ...plain.turn, disableParallelToolUse: true } }],
    [{ parallel_tool_calls: true }, {}],
  ];
  for (const [fields, changed] of cases) {
    it(JSON.stringify(fields), () => assert.deepEqual(parse(fields), { ...plain, ...changed }));
  }
});

describe("a field that is taken in the form that changes nothing", () => {
  const cases: readonly Record<string, unknown>[] = [
    { n: 1 }, { n: null }, { logprobs: false }, { logprobs: null }, { top_logprobs: 0 }, { top_logprobs: null },
    { tools: [] }, { tools: null }, { functions: [] }, { functions: null }, { stop: null }, { stop: [] },
    { response_format: { type: "text" } }, { response_format: null }, { response_format: {} },
    { stop: "" }, { stop: [""] }, { tool_choice: null }, { tool_choice: "auto" }, { tool_choice: "none" }, { function_call: null }, { parallel_tool_calls: null },
    { reasoning_effort: null }, { reasoning: null }, { reasoning: {} }, { reasoning: { effort: null } }, { reasoning: { max_tokens: 5 } }, { thinking: null }, { thinking: true }, { thinking: "on" },
    { thinking: {} }, { thinking: { type: "always" } }, { thinking: { type: "enabled" } }, { moderation: null },
    { modalities: ["text"] }, { modalities: [] }, { modalities: null }, { audio: null }, { web_search_options: null },
  ];
  for (const fields of cases) it(JSON.stringify(fields), () => assert.deepEqual(parse(fields), plain));
});

describe("a field that is ignored, whatever it holds", () => {
  const names = [
    "frequency_penalty", "presence_penalty", "seed", "logit_bias", "verbosity", "service_tier", "store", "metadata", "user",
    "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "prediction",
    "provider", "options", "enable_thinking", "cache_control", "something_new", "constructor",
  ];
  for (const name of names) {
    it(name, () => {
      for (const value of [0.7, "x", true, null, {}, [], { deep: [1] }]) assert.deepEqual(parse({ [name]: value }), plain);
    });
  }
});

describe("how the next token is drawn", () => {
  for (const [fields, sampling] of [
    [{ temperature: 0 }, { temperature: 0 }], [{ temperature: 0.7, top_p: 0.9, top_k: 40 }, { temperature: 0.7, topP: 0.9, topK: 40 }], [{ top_p: 0 }, { topP: 0 }],
    [{ temperature: 1 }, undefined], [{ temperature: 1.3 }, undefined], [{ temperature: 2, top_p: 1, top_k: 0 }, undefined], [{ temperature: null, top_p: null, top_k: null }, undefined],
  ] as const) {
    it(`is ${JSON.stringify(sampling)} of ${JSON.stringify(fields)}`, () => assert.deepEqual(parse(fields).turn.sampling, sampling));
  }

  for (const [field, value] of [["temperature", 2.1], ["temperature", -0.1], ["temperature", "0.5"], ["temperature", true], ["top_p", 1.01], ["top_p", [0.5]], ["top_k", 1.5], ["top_k", -1], ["top_k", "40"]] as const) {
    it(`is refused of ${field} ${JSON.stringify(value)}`, () => assert.throws(() => parse({ [field]: value }), { name: "BridgeError", field }));
  }
});

describe("how hard the model thinks", () => {
  const cases: readonly (readonly [Record<string, unknown>, Record<string, unknown>])[] = [
    ...([["minimal", "low"], ["low", "low"], ["medium", "medium"], ["high", "high"], ["xhigh", "xhigh"], ["max", "max"]] as const).flatMap(([word, effort]) => [
      [{ reasoning_effort: word }, { effort }] as const, [{ reasoning: { effort: word } }, { effort }] as const,
    ]),
    [{ reasoning_effort: "none" }, { thinking: { type: "disabled" } }],
    [{ reasoning: { effort: "none" } }, { thinking: { type: "disabled" } }],
    [{ reasoning_effort: "low", reasoning: { effort: "high" } }, { effort: "low" }],
    [{ reasoning_effort: null, reasoning: { effort: "high" } }, { effort: "high" }],
    [{ reasoning_effort: "unheard of", reasoning: { effort: "high" } }, {}],
    // Words that an object would know all the same.
    ...["unheard of", "", "HIGH", "constructor", "__proto__", "toString"].map((word) => [{ reasoning_effort: word }, {}] as const),
    [{ thinking: { type: "disabled" } }, { thinking: { type: "disabled" } }],
    [{ thinking: { type: "disabled", budget_tokens: 5 } }, { thinking: { type: "disabled" } }],
    [{ thinking: { type: "disabled" }, reasoning_effort: "high" }, { thinking: { type: "disabled" } }],
    ...[{}, { budget_tokens: "x" }, { display: "omitted" }].map((more) => [{ thinking: { type: "adaptive", ...more } }, { thinking: { type: "adaptive" } }] as const),
    [{ thinking: { type: "adaptive" }, reasoning_effort: "high" }, { effort: "high", thinking: { type: "adaptive" } }],
    [{ thinking: { type: "adaptive" }, reasoning_effort: "none" }, { thinking: { type: "disabled" } }],
    [{ thinking: { type: "enabled", budget_tokens: 1 } }, { thinking: { type: "enabled", budgetTokens: 1 } }],
    [{ thinking: { type: "enabled", budget_tokens: 2_048 }, reasoning_effort: "high" }, { effort: "high", thinking: { type: "enabled", budgetTokens: 2_048 } }],
  ];
  for (const [fields, more] of cases) it(JSON.stringify(fields), () => assert.deepEqual(parse(fields).turn, { ...plain.turn, ...more }));
});

describe("the form of the answer", () => {
  const schema = { type: "object", properties: { a: { type: "string" } }, required: ["a"], additionalProperties: false };
  const { additionalProperties: _closed, ...open } = schema;
  const anyObject = { type: "object", properties: {} };
  const cases: readonly (readonly [unknown, unknown, object?])[] = [
    [{ type: "json_object" }, anyObject],
    [{ type: "json_object", schema: null }, anyObject],
    [{ type: "json_object", schema }, schema],
    [{ type: "json_schema", json_schema: { name: "n", strict: true, schema } }, schema, schema],
    [{ type: "json_schema", json_schema: { schema: open } }, open, schema],
    [{ type: "json_schema", json_schema: { schema: {} } }, { type: "object" }],
  ];
  for (const [format, responseSchema, outputFormat] of cases) {
    const form = { responseSchema, ...(outputFormat === undefined ? {} : { outputFormat }) };
    it(JSON.stringify(format), () => assert.deepEqual(parse({ response_format: format }).turn, { ...plain.turn, ...form }));
  }
});

describe("a field that cannot be honoured is refused by its name", () => {
  const cases: readonly (readonly [Record<string, unknown>, ErrorCode, string])[] = [
    [{ messages: undefined }, "missing_field", "messages"],
    [{ messages: null }, "missing_field", "messages"],
    [{ messages: 7 }, "invalid_type", "messages"],
    [{ messages: {} }, "invalid_type", "messages"],
    [{ messages: [] }, "invalid_value", "messages"],
    [{ model: 4 }, "invalid_type", "model"],
    [{ model: {} }, "invalid_type", "model"],
    [{ model: "m".repeat(257) }, "invalid_value", "model"],
    [{ stream: "true" }, "invalid_type", "stream"],
    [{ stream: 1 }, "invalid_type", "stream"],
    [{ stream_options: true }, "invalid_type", "stream_options"],
    [{ stream_options: [] }, "invalid_type", "stream_options"],
    [{ stream_options: { include_usage: "yes" } }, "invalid_type", "stream_options.include_usage"],
    [{ max_tokens: "10" }, "invalid_type", "max_tokens"],
    [{ max_tokens: 0 }, "invalid_value", "max_tokens"],
    [{ max_tokens: -1 }, "invalid_value", "max_tokens"],
    [{ max_tokens: 1.5 }, "invalid_value", "max_tokens"],
    [{ max_tokens: 1e300 }, "invalid_value", "max_tokens"],
    [{ max_completion_tokens: 0 }, "invalid_value", "max_completion_tokens"],
    [{ max_completion_tokens: [] }, "invalid_type", "max_completion_tokens"],
    [{ n: 2 }, "unsupported_parameter", "n"],
    [{ n: 0 }, "invalid_value", "n"],
    [{ n: "1" }, "invalid_type", "n"],
    [{ logprobs: true }, "unsupported_parameter", "logprobs"],
    [{ logprobs: 5 }, "invalid_type", "logprobs"],
    [{ top_logprobs: 5 }, "unsupported_parameter", "top_logprobs"],
    [{ top_logprobs: -1 }, "invalid_value", "top_logprobs"],
    [{ tools: {} }, "invalid_type", "tools"],
    [{ functions: "f" }, "invalid_type", "functions"],
    [{ stop: 7 }, "invalid_type", "stop"],
    [{ stop: ["a", 7] }, "invalid_type", "stop[1]"],
    [{ stop: ["1", "2", "3", "4", "5"] }, "invalid_value", "stop"],
    [{ stop: "x".repeat(1_001) }, "invalid_value", "stop"],
    [{ stop: ["a", "x".repeat(1_001)] }, "invalid_value", "stop[1]"],
    [{ parallel_tool_calls: "no" }, "invalid_type", "parallel_tool_calls"],
    [{ response_format: { type: "xml" } }, "unsupported_parameter", "response_format.type"],
    [{ response_format: { type: null } }, "unsupported_parameter", "response_format.type"],
    [{ response_format: { type: "json_schema" } }, "invalid_type", "response_format.json_schema"],
    [{ response_format: { type: "json_schema", json_schema: { name: "n" } } }, "invalid_type", "response_format.json_schema.schema"],
    [{ response_format: { type: "json_schema", json_schema: { name: "n", schema: { type: "array" } } } }, "invalid_value", "response_format.json_schema.schema.type"],
    [{ response_format: { type: "json_object", schema: "x" } }, "invalid_type", "response_format.schema"],
    [{ response_format: { type: "json_object", schema: { type: "string" } } }, "invalid_value", "response_format.schema.type"],
    [{ reasoning_effort: 3 }, "invalid_type", "reasoning_effort"],
    [{ reasoning: "high" }, "invalid_type", "reasoning"],
    [{ reasoning: { effort: 3 } }, "invalid_type", "reasoning.effort"],
    [{ thinking: [] }, "invalid_type", "thinking"],
    [{ thinking: { type: "enabled", budget_tokens: 0 } }, "invalid_value", "thinking.budget_tokens"],
    [{ thinking: { type: "enabled", budget_tokens: "many" } }, "invalid_type", "thinking.budget_tokens"],
    [{ moderation: {} }, "unsupported_parameter", "moderation"],
    [{ moderation: false }, "unsupported_parameter", "moderation"],
    [{ audio: false }, "unsupported_parameter", "audio"],
    [{ modalities: ["audio"] }, "unsupported_parameter", "modalities"],
    [{ response_format: "text" }, "invalid_type", "response_format"],
    [{ modalities: ["text", "audio"] }, "unsupported_parameter", "modalities"],
    [{ modalities: "text" }, "invalid_type", "modalities"],
    [{ audio: { voice: "x", format: "wav" } }, "unsupported_parameter", "audio"],
    [{ web_search_options: {} }, "unsupported_parameter", "web_search_options"],
  ];
  for (const [fields, kind, param] of cases) {
    it(JSON.stringify(fields).slice(0, 80), () => {
      assertRefuses(refusal(fields), kind, param);
    });
  }

  it("and never with its content", () => {
    for (const fields of [{ model: ["secret"] }, { max_tokens: "secret" }, { stop: "secret".repeat(200) }, { tools: ["secret"] }, { response_format: { type: "secret" } }, { modalities: ["secret"] }]) {
      assert.doesNotMatch(refusal(fields).message, /secret/u);
    }
  });
});

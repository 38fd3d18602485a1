import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseChatRequest } from "../../../src/dialects/chat-completions/request.ts";
import { BridgeError, type ErrorCode } from "../../../src/errors.ts";

const messages = [{ role: "user", content: "hi" }];

const parse = (fields: Record<string, unknown>) => parseChatRequest({ model: "opus", messages, ...fields }, "default-model");

function refusal(fields: Record<string, unknown>): BridgeError {
  try {
    parse(fields);
  } catch (error) {
    assert.ok(error instanceof BridgeError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: `taken: ${JSON.stringify(fields)}` });
}

/** The request that has nothing but what it must have. */
const plain = parse({});

describe("a chat request", () => {
  it("is its turn, its model and how to answer", () => {
    assert.deepEqual(plain, {
      turn: { system: "", messages: [{ role: "user", content: [{ type: "text", text: "hi" }] }] }, model: "opus", stream: false, includeUsage: false,
    });
  });

  for (const [body, got] of [[undefined, "nothing"], [null, "null"], [[], "an array"], ["x", "a string"], [1, "a number"], [true, "a boolean"]] as const) {
    it(`is refused when its body is ${got}`, () => {
      assert.throws(() => parseChatRequest(body, "m"), { kind: "invalid_type", param: "body", message: `body: expected an object, got ${got}.` });
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
    [{ max_tokens: 7 }, { turn: { ...plain.turn, maxOutputTokens: 7 } }],
    [{ max_completion_tokens: 8 }, { turn: { ...plain.turn, maxOutputTokens: 8 } }],
    [{ max_tokens: 7, max_completion_tokens: 8 }, { turn: { ...plain.turn, maxOutputTokens: 8 } }],
    [{ max_tokens: 7, max_completion_tokens: null }, { turn: { ...plain.turn, maxOutputTokens: 7 } }],
    [{ max_tokens: null }, {}],
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
    { modalities: ["text"] }, { modalities: [] }, { modalities: null }, { audio: null }, { web_search_options: null },
  ];
  for (const fields of cases) it(JSON.stringify(fields), () => assert.deepEqual(parse(fields), plain));
});

describe("a field that is ignored, whatever it holds", () => {
  const names = [
    "temperature", "top_p", "frequency_penalty", "presence_penalty", "seed", "logit_bias", "verbosity", "service_tier", "store", "metadata", "user",
    "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "prediction", "parallel_tool_calls", "tool_choice",
    "top_k", "provider", "options", "enable_thinking", "cache_control", "something_new", "constructor",
  ];
  for (const name of names) {
    it(name, () => {
      for (const value of [0.7, "x", true, null, {}, [], { deep: [1] }]) assert.deepEqual(parse({ [name]: value }), plain);
    });
  }
});

describe("a field that cannot be honoured is refused by its name", () => {
  const cases: readonly (readonly [Record<string, unknown>, ErrorCode, string])[] = [
    [{ messages: undefined }, "missing_field", "messages"],
    [{ messages: null }, "missing_field", "messages"],
    [{ messages: "hi" }, "invalid_type", "messages"],
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
    [{ tools: [{ type: "function", function: { name: "f" } }] }, "unsupported_parameter", "tools"],
    [{ tools: {} }, "invalid_type", "tools"],
    [{ functions: [{ name: "f" }] }, "unsupported_parameter", "functions"],
    [{ functions: "f" }, "invalid_type", "functions"],
    [{ stop: "END" }, "unsupported_parameter", "stop"],
    [{ stop: ["END"] }, "unsupported_parameter", "stop"],
    [{ response_format: { type: "json_object" } }, "unsupported_parameter", "response_format"],
    [{ response_format: { type: "json_schema", json_schema: { name: "n", schema: {} } } }, "unsupported_parameter", "response_format"],
    [{ response_format: "text" }, "invalid_type", "response_format"],
    [{ modalities: ["text", "audio"] }, "unsupported_parameter", "modalities"],
    [{ modalities: "text" }, "invalid_type", "modalities"],
    [{ audio: { voice: "x", format: "wav" } }, "unsupported_parameter", "audio"],
    [{ web_search_options: {} }, "unsupported_parameter", "web_search_options"],
  ];
  for (const [fields, kind, param] of cases) {
    it(JSON.stringify(fields).slice(0, 80), () => {
      const error = refusal(fields);
      assert.deepEqual([error.kind, error.param, error.status], [kind, param, 400]);
      // A person who sees the message alone can tell which field it is.
      assert.ok(error.message.startsWith(param), error.message);
    });
  }

  it("and never with its content", () => {
    for (const fields of [{ model: ["secret"] }, { max_tokens: "secret" }, { stop: "secret" }, { tools: ["secret"] }, { response_format: { type: "secret" } }, { modalities: ["secret"] }]) {
      assert.doesNotMatch(refusal(fields).message, /secret/u);
    }
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { responsesFields } from "../../../../src/api/openai/responses/fields.ts";
import { parseResponsesRequest, type ResponsesRequest } from "../../../../src/api/openai/responses/request.ts";
import { StoredResponses } from "../../../../src/api/openai/responses/stored.ts";
import { wireText } from "../../../../src/json-text.ts";
import { ToolNames } from "../../../../src/api/tool-names.ts";
import type { BridgeError, ErrorCode } from "../../../../src/errors.ts";
import { assertRefuses, refusalOf } from "../../../support/refusal.ts";
import { assistant, systemOf, turnOf, user } from "../../../support/turns.ts";

type Fields = Readonly<Record<string, unknown>>;

const stored = new StoredResponses();
stored.keep({ id: "resp_1", input: [{ role: "user", content: "before" }], output: [{ id: "msg_1", type: "message", role: "assistant", content: "yes" }], body: wireText`{}` });

const parse = (fields: Fields): ResponsesRequest => parseResponsesRequest({ model: "opus", input: "hi", ...fields }, "default-model", stored);

const refusal = (fields: Fields): BridgeError => refusalOf(() => parse(fields));

/** The request that has nothing but what it must have. */
const plain = parse({});
const { model: _model, ...plainTurn } = turnOf({ messages: [user("hi")] });

/** What the fields change of the plain request's turn. */
const takenAs = (fields: Fields, turn: Fields): void => assert.deepEqual(parse(fields).turn, { ...plainTurn, ...turn });

describe("a request for a response", () => {
  it("is its turn, its model, how to answer, and what to repeat", () => {
    assert.deepEqual(plain, {
      turn: plainTurn, model: "opus", stream: false, isStored: true, includesThoughts: false, items: [{ type: "message", role: "user", content: "hi" }], names: new ToolNames(), customTools: new Set(), hasSources: false,
      echo: {
        access_programs: null, instructions: null, max_output_tokens: null, max_tool_calls: null, metadata: {}, model: "opus", parallel_tool_calls: true, previous_response_id: null, prompt_cache_key: null,
        reasoning: { effort: null, summary: null }, safety_identifier: null, service_tier: "default", store: true, temperature: 1, text: { format: { type: "text" }, verbosity: "medium" },
        tool_choice: "auto", tools: [], top_logprobs: 0, top_p: 1, truncation: "disabled",
      },
    });
  });

  for (const [body, got] of [[undefined, "nothing"], [null, "null"], [[], "an array"], ["x", "a string"], [1, "a number"], [true, "a boolean"]] as const) {
    it(`is refused when its body is ${got}`, () => {
      assert.throws(() => parseResponsesRequest(body, "m", stored), { code: "invalid_type", field: "body", message: `body: expected an object, got ${got}.` });
    });
  }

  // `ResponseCreateParamsBase` of the `openai` package, 7.57.
  it("has a treatment for every field that OpenAI knows", () => {
    const known = [
      "access_programs", "background", "context_management", "conversation", "image", "include", "input", "instructions", "max_output_tokens", "max_tool_calls", "metadata", "model", "moderation",
      "parallel_tool_calls", "previous_response_id", "prompt", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "reasoning", "safety_identifier", "service_tier", "store", "stream",
      "stream_options", "temperature", "text", "tool_choice", "tools", "top_logprobs", "top_p", "truncation", "user",
    ];
    const ofChat = ["max_completion_tokens", "max_tokens", "messages", "top_k"];
    assert.deepEqual(responsesFields.map(({ name }) => name).sort(), [...known, ...ofChat].sort());
  });
});

describe("a field that is honoured", () => {
  const cases: readonly (readonly [Fields, Fields])[] = [
    [{ model: "gpt-4" }, { model: "gpt-4", echo: { ...plain.echo, model: "gpt-4" } }],
    ...[undefined, null, ""].map((model) => [{ model }, { model: "default-model", echo: { ...plain.echo, model: "default-model" } }] as const),
    [{ stream: true }, { stream: true }],
    [{ stream: false }, {}],
    [{ stream: null }, {}],
    [{ store: false }, { isStored: false, echo: { ...plain.echo, store: false } }],
    [{ store: true }, {}],
    [{ store: null }, {}],
    [{ instructions: "Be brief." }, { turn: { ...plainTurn, system: systemOf("Be brief.") }, echo: { ...plain.echo, instructions: "Be brief." } }],
    [{ instructions: null }, {}],
    [{ instructions: "" }, { echo: { ...plain.echo, instructions: "" } }],
    [{ max_output_tokens: 1 }, { turn: { ...plainTurn, maxTokens: 1 }, echo: { ...plain.echo, max_output_tokens: 1 } }],
    [{ max_output_tokens: null }, {}],
    [{ parallel_tool_calls: false }, { turn: { ...plainTurn, disableParallelToolUse: true }, echo: { ...plain.echo, parallel_tool_calls: false } }],
    [{ parallel_tool_calls: null }, {}],
    [{ previous_response_id: null }, {}],
    [{ tool_choice: "none" }, { echo: { ...plain.echo, tool_choice: "none" } }],
  ];
  for (const [fields, changed] of cases) it(JSON.stringify(fields), () => assert.deepEqual(parse(fields), { ...plain, ...changed }));

  it("previous_response_id: the items are the whole conversation, its instructions not those of before", () => {
    const asked = parse({ previous_response_id: "resp_1", input: [{ role: "user", content: "a" }, { id: "msg_1" }, { role: "user", content: "b" }] });
    const before = stored.conversation("resp_1") ?? [];
    assert.deepEqual(asked.items, [...before, { role: "user", content: "a" }, before[1], { role: "user", content: "b" }]);
    assert.deepEqual(asked.turn.messages, [user("before"), assistant("yes"), user("a"), assistant("yes"), user("b")]);
    assert.deepEqual([asked.turn.system, asked.echo["previous_response_id"]], [[], "resp_1"]);
  });

  it("tools: the client's entries are repeated as they came, the model's names are told to whoever answers", () => {
    const tools = [{ type: "function", name: "a.b", strict: true }, { type: "custom", name: "p.q" }, { type: "web_search", filters: null }];
    const asked = parse({ tools, tool_choice: { type: "custom", name: "p.q" } });
    assert.deepEqual([asked.echo["tools"], asked.echo["tool_choice"]], [tools, { type: "custom", name: "p.q" }]);
    assert.deepEqual([asked.turn.tools.map(({ name }) => name), asked.customTools], [["a_b", "p_q"], new Set(["p_q"])]);
    assert.deepEqual([asked.turn.toolChoice, asked.names.toClient("p_q")], [{ type: "tool", name: "p_q" }, "p.q"]);
  });
});

describe("a field that is only repeated", () => {
  const cases: Fields = {
    temperature: 1.3, top_p: 1, truncation: "auto", max_tool_calls: 3, metadata: { a: "b" }, user: "someone", safety_identifier: "someone", prompt_cache_key: "key",
  };
  for (const [name, value] of Object.entries(cases)) {
    it(name, () => {
      assert.deepEqual(parse({ [name]: value }), { ...plain, echo: { ...plain.echo, [name]: value } });
      assert.deepEqual(parse({ [name]: null }), plain);
    });
  }

  it("inside of reasoning and text", () => {
    assert.deepEqual(parse({ reasoning: { summary: "detailed" } }), { ...plain, echo: { ...plain.echo, reasoning: { effort: null, summary: "detailed" } } });
    assert.deepEqual(parse({ text: { verbosity: "low" } }), { ...plain, echo: { ...plain.echo, text: { format: { type: "text" }, verbosity: "low" } } });
  });
});

describe("what is to be included", () => {
  it("may be the model's thoughts, in a form that can be given back", () => {
    assert.deepEqual(parse({ include: ["reasoning.encrypted_content", "something.new"] }), { ...plain, includesThoughts: true });
  });
});

describe("a field that is taken in the form that changes nothing", () => {
  const cases: readonly Fields[] = [
    { background: false }, { background: null }, { conversation: null }, { prompt: null }, { top_logprobs: 0 }, { top_logprobs: null }, { include: null }, { include: [] }, { moderation: null },
    { include: ["message.input_image.image_url", "something.new"] },
    { tools: [] }, { tools: null }, { tool_choice: null }, { tool_choice: "auto" }, { reasoning: null }, { reasoning: {} }, { reasoning: { effort: null, generate_summary: "auto" } },
    { text: null }, { text: {} }, { text: { format: null } }, { text: { format: { type: "text" } } }, { text: { verbosity: null } }, { text: { verbosity: "medium" } },
  ];
  for (const fields of cases) it(JSON.stringify(fields), () => assert.deepEqual(parse(fields), plain));
});

describe("a field that is ignored, whatever it holds", () => {
  const names = [
    "service_tier", "stream_options", "prompt_cache_retention", "prompt_cache_options", "access_programs", "context_management", "image",
    "messages", "response_format", "reasoning_effort", "stop", "n", "seed", "client_metadata", "something_new", "constructor",
  ];
  for (const name of names) {
    it(name, () => {
      for (const value of [0.7, "x", true, null, {}, [], { deep: [1] }]) assert.deepEqual(parse({ [name]: value }), plain);
    });
  }
});

describe("how hard the model thinks", () => {
  const cases: readonly (readonly [unknown, Fields])[] = [
    ...([["minimal", "low"], ["low", "low"], ["medium", "medium"], ["high", "high"], ["xhigh", "xhigh"], ["max", "max"]] as const).map(([word, effort]) => [word, { effort }] as const),
    ["none", { thinking: { type: "disabled" } }],
    ...["unheard of", "", "HIGH", "constructor", "__proto__"].map((word) => [word, {}] as const),
  ];
  for (const [effort, more] of cases) {
    it(JSON.stringify(effort), () => {
      takenAs({ reasoning: { effort } }, more);
      assert.deepEqual(parse({ reasoning: { effort } }).echo["reasoning"], { effort, summary: null });
    });
  }
});

describe("the form of the answer", () => {
  const schema = { type: "object", properties: { a: { type: "string" } }, required: ["a"], additionalProperties: false };
  const { additionalProperties: _closed, ...open } = schema;
  const anyObject = { type: "object", properties: {} };
  const cases: readonly (readonly [Fields, unknown, object?])[] = [
    [{ type: "json_object" }, anyObject],
    [{ type: "json_schema", name: "n", strict: true, schema }, schema, schema],
    [{ type: "json_schema", schema: open }, open, schema],
    [{ type: "json_schema", schema: {} }, { type: "object" }],
  ];
  for (const [format, responseSchema, outputFormat] of cases) {
    it(JSON.stringify(format), () => {
      takenAs({ text: { format } }, { responseSchema, ...(outputFormat === undefined ? {} : { outputFormat }) });
      assert.deepEqual(parse({ text: { format } }).echo["text"], { format, verbosity: "medium" });
    });
  }
});

describe("a field that cannot be honoured is refused by its name", () => {
  const cases: readonly (readonly [Fields, ErrorCode, string])[] = [
    [{ input: undefined }, "missing_field", "input"],
    [{ input: undefined, messages: 7 }, "invalid_type", "messages"],
    [{ input: 3 }, "invalid_type", "input"],
    [{ model: 4 }, "invalid_type", "model"],
    [{ model: {} }, "invalid_type", "model"],
    [{ model: "m".repeat(257) }, "invalid_value", "model"],
    [{ stream: "yes" }, "invalid_type", "stream"],
    [{ store: 1 }, "invalid_type", "store"],
    [{ instructions: ["Be brief."] }, "invalid_type", "instructions"],
    [{ previous_response_id: {} }, "invalid_type", "previous_response_id"],
    [{ previous_response_id: "resp_2" }, "not_found", "previous_response_id"],
    [{ max_output_tokens: 0 }, "invalid_value", "max_output_tokens"],
    [{ max_output_tokens: 1.5 }, "invalid_value", "max_output_tokens"],
    [{ max_output_tokens: "9" }, "invalid_type", "max_output_tokens"],
    [{ tools: {} }, "invalid_type", "tools"],
    [{ tool_choice: "perhaps" }, "invalid_value", "tool_choice"],
    [{ parallel_tool_calls: 0 }, "invalid_type", "parallel_tool_calls"],
    [{ text: "json" }, "invalid_type", "text"],
    [{ text: { format: "json" } }, "invalid_type", "text.format"],
    [{ text: { format: { type: "grammar" } } }, "unsupported_parameter", "text.format.type"],
    [{ text: { format: { type: "json_schema" } } }, "invalid_type", "text.format.schema"],
    [{ text: { format: { type: "json_schema", json_schema: { name: "n" } } } }, "invalid_type", "text.format.json_schema.schema"],
    [{ text: { format: { type: "json_schema", schema: { type: "string" } } } }, "invalid_value", "text.format.schema.type"],
    [{ text: { format: { type: "json_object", schema: ["x"] } } }, "invalid_type", "text.format.schema"],
    [{ reasoning: "high" }, "invalid_type", "reasoning"],
    [{ reasoning: { effort: 3 } }, "invalid_type", "reasoning.effort"],
    [{ background: true }, "unsupported_parameter", "background"],
    [{ background: "x" }, "invalid_type", "background"],
    [{ conversation: "conv_1" }, "unsupported_parameter", "conversation"],
    [{ conversation: { id: "conv_1" } }, "unsupported_parameter", "conversation"],
    [{ prompt: { id: "pmpt_1" } }, "unsupported_parameter", "prompt"],
    [{ moderation: { model: "omni-moderation-latest" } }, "unsupported_parameter", "moderation"],
    [{ top_logprobs: 3 }, "unsupported_parameter", "top_logprobs"],
    [{ top_logprobs: -1 }, "invalid_value", "top_logprobs"],
    [{ top_logprobs: "3" }, "invalid_type", "top_logprobs"],
    [{ include: "message.output_text.logprobs" }, "invalid_type", "include"],
    [{ include: ["reasoning.encrypted_content", "message.output_text.logprobs"] }, "unsupported_parameter", "include"],
  ];
  for (const [fields, kind, param] of cases) {
    it(JSON.stringify(fields).slice(0, 80), () => {
      assertRefuses(refusal(fields), kind, param);
    });
  }

  it("and never with its content", () => {
    for (const fields of [{ model: ["secret"] }, { instructions: ["secret"] }, { max_output_tokens: "secret" }, { text: { format: { type: "secret" } } }, { include: "secret" }, { previous_response_id: "secret" }, { conversation: "secret" }]) {
      assert.doesNotMatch(refusal(fields).message, /secret/u);
    }
  });
});

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { ignoredKeywords } from "../../../src/dialects/answer-schema.ts";
import { chatFields } from "../../../src/dialects/chat-completions/fields.ts";
import { parseChatRequest } from "../../../src/dialects/chat-completions/request.ts";

const least = { model: "opus", messages: [{ role: "user", content: "hi" }] };
const parse = (more: Readonly<Record<string, unknown>> = {}) => parseChatRequest({ ...least, ...more }, "default-model");

/** The names that the source takes from the body. */
const namesRead = new Set(["request", "tools"].flatMap((file) => {
  const source = readFileSync(new URL(`../../../src/dialects/chat-completions/${file}.ts`, import.meta.url), "utf8");
  return [...source.matchAll(/\bfields\["([a-z_]+)"\]/gu)].map(([, name]) => name ?? "");
}));

describe("the table of fields", () => {
  it("has every field once", () => {
    assert.ok(chatFields.length > 30);
    assert.equal(new Set(chatFields.map(({ name }) => name)).size, chatFields.length);
  });

  it("has every field that is read, as honoured or refused, and reads every one that it calls so", () => {
    assert.ok(namesRead.has("tool_choice") && namesRead.has("messages"), "the source is read rightly");
    assert.deepEqual([...namesRead].sort(), chatFields.filter(({ treatment }) => treatment !== "ignored").map(({ name }) => name).sort());
  });

  it("shows what is refused and what is ignored", () => {
    for (const { name, treatment, example } of chatFields) if (treatment !== "honoured") assert.notEqual(example, undefined, name);
  });

  const schema = { type: "object", properties: { a: { type: "string" } } };
  const inside: readonly (readonly [field: string, ignored: string, make: (more: object) => unknown, value: unknown])[] = [
    ["messages", "name", (more) => [{ role: "user", content: "hi", ...more }], "bob"],
    ["tools", "strict", (more) => [{ type: "function", function: { name: "f", parameters: schema, ...more } }], true],
    ["response_format", "strict", (more) => ({ type: "json_schema", json_schema: { schema, ...more } }), true],
    ["response_format", "name", (more) => ({ type: "json_schema", json_schema: { schema, ...more } }), "n"],
    ...ignoredKeywords.map((keyword) => ["response_format", keyword, (more: object) => ({ type: "json_schema", json_schema: { schema: { ...schema, properties: { a: { type: "string", ...more } } } } }), true] as const),
  ];
  for (const [field, ignored, make, value] of inside) {
    it(`says rightly that ${ignored} in ${field} is ignored`, () => {
      assert.deepEqual(parse({ [field]: make({ [ignored]: value }) }), parse({ [field]: make({}) }));
      assert.ok(chatFields.find(({ name }) => name === field)?.note.includes(`\`${ignored}\``));
    });
  }

  const tools = [{ type: "function", function: { name: "f" } }];
  const functions = [{ name: "f" }];
  /** A value of each that makes another request of it, and what must stand beside it. */
  const honoured: Readonly<Record<string, readonly [value: unknown, beside?: Readonly<Record<string, unknown>>]>> = {
    model: ["sonnet"], messages: [[{ role: "user", content: "other" }]], stream: [true], stream_options: [{ include_usage: true }], tools: [tools], tool_choice: ["required", { tools }],
    parallel_tool_calls: [false, { tools }], functions: [functions], function_call: [{ name: "f" }, { functions }], response_format: [{ type: "json_object" }], max_tokens: [9],
    max_completion_tokens: [9], stop: ["END"], reasoning_effort: ["high"], reasoning: [{ effort: "high" }], thinking: [{ type: "disabled" }],
  };
  it("is shown, of every honoured field, to be right", () => assert.deepEqual(Object.keys(honoured).sort(), chatFields.filter(({ treatment }) => treatment === "honoured").map(({ name }) => name).sort()));
  for (const [name, [value, beside = {}]] of Object.entries(honoured)) it(`says rightly that ${name} is honoured`, () => assert.notDeepEqual(parse({ ...beside, [name]: value }), parse(beside)));

  for (const { name, treatment, example } of chatFields) {
    if (treatment === "refused") {
      it(`says rightly that ${name} is refused`, () => {
        assert.throws(() => parse({ [name]: example }), { name: "BridgeError", kind: "unsupported_parameter", status: 400, param: name });
        assert.deepEqual(parse({ [name]: null }), parse());
      });
    }
    if (treatment === "ignored") it(`says rightly that ${name} is ignored`, () => assert.deepEqual(parse({ [name]: example }), parse()));
  }
});

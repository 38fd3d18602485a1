import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
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

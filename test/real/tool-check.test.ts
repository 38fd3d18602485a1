/** What the real CLI would leave out of the tools in silence, or fail for: each is served, repaired or under another name. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { textAnswer } from "../support/anthropic-stub.ts";
import { openAiErrorIn } from "../support/openai-error.ts";
import { claudeVersions } from "../support/real-claude.ts";
import { startReal } from "../support/real-server.ts";
import { postJson } from "../support/sse.ts";

const anyObject = { type: "object", properties: {} };
const propertyOf = (schema: unknown): object => ({ type: "object", properties: { x: schema } });
const functionTool = (name: string, parameters: object = anyObject): object => ({ type: "function", function: { name, parameters } });

/** By what is odd about it: the tool, its name upstream, and what its schema becomes. */
const cases: Readonly<Record<string, readonly [tool: object, name: string, schema: object]>> = {
  "required: null": [functionTool("bad", { ...anyObject, required: null }), "bad", anyObject],
  "draft 4's exclusiveMinimum": [functionTool("bad", propertyOf({ type: "number", minimum: 1, exclusiveMinimum: true })), "bad", propertyOf({ type: "number", exclusiveMinimum: 1 })],
  "a list of items' schemas": [functionTool("bad", propertyOf({ type: "array", items: [{ type: "string" }] })), "bad", propertyOf({ type: "array", prefixItems: [{ type: "string" }] })],
  "type: any": [functionTool("bad", propertyOf({ type: "any" })), "bad", propertyOf({})],
  "a property's schema true": [functionTool("bad", propertyOf(true)), "bad", propertyOf({})],
  "a property's schema false": [functionTool("bad", propertyOf(false)), "bad", propertyOf({ not: {} })],
  "the name ToolSearch": [functionTool("ToolSearch"), "ToolSearch_tool", anyObject],
  "the name constructor": [functionTool("constructor"), "constructor_tool", anyObject],
};

/** More of the same kinds: what is given as a tool's schema, and what it becomes. Any of them could take all tools away. */
const further: readonly (readonly [given: object, made: object])[] = [
  // Null, or a value of another type, in place of nothing.
  [{ ...anyObject, required: {}, description: null }, anyObject],
  [{ type: "object", properties: null, additionalProperties: null }, { type: "object" }],
  [propertyOf({ type: "string", enum: null, pattern: null, minLength: null }), propertyOf({ type: "string" })],
  [{ ...propertyOf({ type: ["string", null] }), required: "x" }, { ...propertyOf({ type: ["string", "null"] }), required: ["x"] }],
  // Older drafts, and types that are none.
  [propertyOf({ type: "integer", maximum: 9, exclusiveMaximum: true }), propertyOf({ type: "integer", exclusiveMaximum: 9 })],
  [propertyOf({ type: "array", items: [{}, { type: "number" }], additionalItems: false }), propertyOf({ type: "array", prefixItems: [{}, { type: "number" }], items: false })],
  [propertyOf({ type: "object", dependencies: { a: ["b"] } }), propertyOf({ type: "object", dependentRequired: { a: ["b"] } })],
  [propertyOf({ type: ["any", "null"] }), propertyOf({})],
  [propertyOf({ type: "str" }), propertyOf({ type: "string" })],
  [{ ...propertyOf({ $ref: "#/definitions/A" }), definitions: { A: { type: "any", id: "http://example.com/a" } } }, { ...propertyOf({ $ref: "#/$defs/A" }), $defs: { A: {} } }],
  // Schemas that are no objects, wherever one may stand.
  [propertyOf({ type: "array", items: true }), propertyOf({ type: "array", items: true })],
  [propertyOf({ anyOf: [true, { type: "null" }] }), propertyOf({ anyOf: [true, { type: "null" }] })],
  [propertyOf({ type: "array", prefixItems: [false, true] }), propertyOf({ type: "array", prefixItems: [false, true] })],
  [propertyOf({ type: "object", patternProperties: { "^x-": true }, propertyNames: true }), propertyOf({ type: "object", patternProperties: { "^x-": {} }, propertyNames: true })],
  [{ ...propertyOf({ $ref: "#/$defs/A" }), $defs: { A: true } }, { ...propertyOf({ $ref: "#/$defs/A" }), $defs: { A: {} } }],
  [propertyOf({ properties: { y: true, z: null } }), propertyOf({ properties: { y: {}, z: {} } })],
];

for (const version of claudeVersions) {
  describe(`a tool that claude ${version} could not give to its model as it was sent`, { concurrency: 1 }, () => {
    it("is served beside another, or refused by its name and place before the model is asked", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge } = await startServer();
      const ask = (body: object): Promise<Response> =>
        postJson(`${bridge.url}/v1/chat/completions`, { model: "sonnet", messages: [{ role: "user", content: "hi" }], ...body });
      stub.respond = () => textAnswer(["Yes."]);
      for (const [what, [tool, name, schema]] of Object.entries(cases)) {
        const answer = await ask({ tools: [functionTool("good"), tool] });
        assert.equal(answer.status, 200, `${what}: ${await answer.text()}`);
        const given = new Map(stub.requests.at(-1)?.body.tools?.map((entry) => [entry.name, entry["input_schema"]]));
        assert.deepEqual([...given.keys()].sort(), [name, "good"].sort(), what);
        assert.deepEqual(given.get(name), schema, what);
      }
      const asked = stub.requests.length;
      const { status, code, param, message } = await openAiErrorIn(await ask({ tools: [functionTool("good"), functionTool("bad", propertyOf({ minimum: "low" }))] }));
      assert.deepEqual([status, code, param], [400, "invalid_value", "tools[1].function.parameters.properties.x.minimum"]);
      assert.ok(message.includes('"bad"'), message);
      assert.equal(stub.requests.length, asked);
    });

    it("is served beside many others of its kind", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge } = await startServer();
      stub.respond = () => textAnswer(["Yes."]);
      const tools = [functionTool("good"), ...further.map(([given], index) => functionTool(`tool_${index}`, given))];
      const answer = await postJson(`${bridge.url}/v1/chat/completions`, { model: "sonnet", messages: [{ role: "user", content: "hi" }], tools });
      assert.equal(answer.status, 200, await answer.text());
      const given = new Map(stub.requests.at(-1)?.body.tools?.map((entry) => [entry.name, entry["input_schema"]]));
      assert.equal(given.size, tools.length);
      assert.deepEqual(further.map((_, index) => given.get(`tool_${index}`)), further.map(([, made]) => made));
    });
  });
}

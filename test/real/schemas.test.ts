/** Schemas and names of clients on the real CLI, with the stub in place of Anthropic: what of them goes up, and what comes back. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { clientSchema } from "../../src/schema/client-schema.ts";
import { conversationOf, type StubContentBlock, type StubRequestBody, textAnswer, toolUseAnswer } from "../support/anthropic-stub.ts";
import { healthOf } from "../support/health.ts";
import { seededRandom } from "../support/random.ts";
import { sampledClaudeVersions } from "../support/real-claude.ts";
import { claudesOf, startReal as start } from "../support/real-server.ts";
import { seedOf } from "../support/sample.ts";
import { casesOf } from "../support/schema-sources/cases.ts";
import { sources } from "../support/schema-sources/sources.ts";

const seed = seedOf(60);
const toolsServed = 60;
const longName = `long_${"x".repeat(70)}`;
const longNameUpstream = longName.slice(0, 56);

const blocksOf = (body: StubRequestBody, type: string): StubContentBlock[] =>
  conversationOf(body).flatMap(({ content }) => (typeof content === "string" ? [] : content.filter((block) => block.type === type)));
const functionTool = (name: string, parameters: unknown): object => ({ type: "function", function: { name, description: `Does ${name}.`, parameters } });
const ask = (client: any, request: object): Promise<any> => client.chat.completions.create({ model: "sonnet", messages: [{ role: "user", content: "go" }], ...request });

/** Schemas of all sources that can be served, in turns. */
function schemas(): object[] {
  const random = seededRandom(seed);
  const seen = new Set<string>();
  const perSource = Math.ceil(toolsServed / sources.length) + 1;
  const all = sources.flatMap((source) => casesOf(source, perSource, seen, random).map(({ schema }) => JSON.parse(JSON.stringify(schema)) as object));
  return all.filter((schema) => {
    try {
      clientSchema(schema, { path: "p" });
      return true;
    } catch {
      return false;
    }
  }).slice(0, toolsServed);
}

for (const version of sampledClaudeVersions()) {
  describe(`schemas and names on claude ${version}`, { concurrency: 2 }, () => {
    it(`of ${toolsServed} tools of many generators all go up, each as it was repaired`, async (t) => {
      const { stub, startServer } = await start(t, version);
      stub.respond = () => textAnswer(["Done."]);
      const { client } = await startServer();
      const given = schemas();
      assert.equal(given.length, toolsServed);
      await ask(client, { tools: given.map((schema, index) => functionTool(`tool_${index}`, schema)) });
      const tools = (stub.requests[0]?.body as any).tools as { name: string; input_schema: object }[];
      const byName = new Map(tools.map((tool) => [tool.name, tool.input_schema]));
      for (const [index, schema] of given.entries()) {
        assert.deepEqual(byName.get(`tool_${index}`), JSON.parse(JSON.stringify(clientSchema(schema, { path: "p" }).schema)), JSON.stringify(schema));
      }
      assert.equal(tools.length, toolsServed);
      assert.equal(stub.requests.length, 1);
    });

    it("of tools that the CLI keeps for itself, or fails for, are others upstream, and the client's in the answer", async (t) => {
      const { stub, startServer } = await start(t, version);
      const names = ["constructor", "ToolSearch", "StructuredOutput", "toString", "__proto__", "mcp.search", "Agent", "Task", "Bash", "Skill", "TodoWrite", "WebSearch", "mcp__client__x", "hasOwnProperty", "valueOf", "AskUserQuestion", "ExitPlanMode"];
      stub.respond = ({ body, index }) => index === 0 ? textAnswer(["None."]) : toolUseAnswer(((body as any).tools as { name: string }[]).map(({ name }) => ({ name, input: {} })));
      const { client } = await startServer();
      const tools = names.map((name) => functionTool(name, { type: "object", properties: {} }));
      // For some names the CLI has words of its own: nothing else than the client's may go up.
      assert.equal((await ask(client, { tools })).choices[0].message.content, "None.");
      const { choices: [{ message }] } = await ask(client, { tools });
      assert.deepEqual(message.tool_calls.map((call: any) => call.function.name).sort(), [...names].sort());
    });

    it("of tools may be that of the CLI's own for an answer, where the answer has a schema", async (t) => {
      const { stub, startServer } = await start(t, version);
      const tools = [functionTool("StructuredOutput", { type: "object", properties: { query: { type: "string" } } })];
      const schema = { type: "object", properties: { a: { type: "integer" } }, required: ["a"], additionalProperties: false };
      const isOwn = (name: unknown): boolean => name === "StructuredOutput";
      stub.respond = ({ body }) => {
        const names = ((body as any).tools as { name: string }[]).map(({ name }) => name);
        const called = blocksOf(body, "tool_use").map(({ name }) => name);
        if (called.length === 0) return toolUseAnswer([{ name: names.find((name) => !isOwn(name)) ?? assert.fail(), input: { query: "q" } }]);
        return names.some(isOwn) && !called.some(isOwn) ? toolUseAnswer([{ name: "StructuredOutput", input: { a: 1 } }]) : textAnswer(['{"a":1}']);
      };
      const { client } = await startServer();
      // The one is the API's own format, the other made by a tool of the CLI's that has the client's tool's name.
      for (const response_format of [{ type: "json_schema", json_schema: { name: "n", schema } }, { type: "json_object", schema }]) {
        const request = { tools, response_format, messages: [{ role: "user", content: `go, ${response_format.type}` }] };
        const { choices: [{ message }] } = await ask(client, request);
        assert.deepEqual(message.tool_calls.map(({ function: { name, arguments: given } }: any) => [name, given]), [["StructuredOutput", '{"query":"q"}']]);
        const next = { ...request, messages: [...request.messages, message, { role: "tool", tool_call_id: message.tool_calls[0].id, content: "seen" }] };
        assert.equal((await ask(client, next)).choices[0].message.content, '{"a":1}', response_format.type);
      }
    });

    it("of properties are the client's in arguments, and the process goes on with what the client sends back", async (t) => {
      const { stub, startServer } = await start(t, version);
      const parameters = { type: "object", properties: { $top: { type: "integer" }, "filter[id]": { type: "string" }, Straße: { type: "object", properties: { "a b": {} } }, [longName]: {}, "@id": {}, "x.y/z": {}, 日本: {} }, required: ["$top"] };
      const model = { top: 5, filter_id: "x", Strasse: { a_b: [1] }, [longNameUpstream]: 1, id: 2, "x.y_z": 3, property: 4 };
      const sent = { $top: 5, "filter[id]": "x", Straße: { "a b": [1] }, [longName]: 1, "@id": 2, "x.y/z": 3, 日本: 4 };
      stub.respond = ({ body }) => (blocksOf(body, "tool_result").length > 0 ? textAnswer(["Done."]) : toolUseAnswer([{ name: "look", input: model, fragments: [...JSON.stringify(model)] }]));
      const { client, bridge } = await startServer();
      const request = { tools: [functionTool("look", parameters)], messages: [{ role: "user", content: "go" }] };
      const stream = client.chat.completions.stream({ model: "sonnet", ...request });
      const { choices: [{ message }] } = await stream.finalChatCompletion();
      assert.deepEqual(JSON.parse(message.tool_calls[0].function.arguments), sent);
      const pids = claudesOf(bridge);
      const before = (await healthOf(bridge.url)).turns;
      const next = { ...request, messages: [...request.messages, message, { role: "tool", tool_call_id: message.tool_calls[0].id, content: "seen" }] };
      assert.equal((await ask(client, next)).choices[0].message.content, "Done.");
      assert.deepEqual((await healthOf(bridge.url)).turns, { ...before, went_on: before.went_on + 1 });
      assert.deepEqual(claudesOf(bridge), pids);
      await bridge.stop();
      const other = await startServer();
      await ask(other.client, next);
      for (const { body } of stub.requests.slice(1)) assert.deepEqual(blocksOf(body, "tool_use").map(({ input }: any) => input), [model]);
    });

    it("of an answer's document are the client's, and the conversation goes on", async (t) => {
      const { stub, startServer } = await start(t, version);
      const document = { $top: 5, "na me": "x", "filter[id]": "y", Straße: "z", [longName]: "l", "@id": "i", "x.y/z": "j", 日本: "k" };
      const properties = { $top: { type: "integer" }, ...Object.fromEntries(Object.keys(document).slice(1).map((name) => [name, { type: "string" }])) };
      const schema = { type: "object", properties, required: Object.keys(document), additionalProperties: false };
      const model = { top: 5, na_me: "x", filter_id: "y", Strasse: "z", [longNameUpstream]: "l", id: "i", "x.y_z": "j", property: "k" };
      stub.respond = ({ body }) => (((body as any).tools as unknown[] | undefined ?? []).length > 0 ? toolUseAnswer([{ name: "StructuredOutput", input: model }]) : textAnswer([JSON.stringify(model)]));
      const { client, bridge } = await startServer();
      const request = { response_format: { type: "json_schema", json_schema: { name: "n", schema } }, messages: [{ role: "user", content: "go" }] };
      const { choices: [{ message }] } = await ask(client, request);
      assert.deepEqual(JSON.parse(message.content), document);
      const before = (await healthOf(bridge.url)).turns;
      await ask(client, { ...request, messages: [...request.messages, message, { role: "user", content: "again" }] });
      const { turns } = await healthOf(bridge.url);
      assert.equal(turns.went_on, before.went_on + 1, JSON.stringify(turns));
    });

    it("of an answer are repaired as a tool's are, and none is dropped", async (t) => {
      const { stub, startServer } = await start(t, version);
      /** The CLI's tool for the answer, or the API's own format. */
      const schemaIn = (body: any): unknown => body.output_config?.format?.schema ?? body.tools?.find(({ name }: { name: string }) => name === "StructuredOutput")?.input_schema;
      stub.respond = ({ body }) => (((body as any).tools ?? []).length > 0 ? toolUseAnswer([{ name: "StructuredOutput", input: { a: 1 } }]) : textAnswer(['{"a":1}']));
      const { client } = await startServer();
      const closed = (properties: object): object => ({ type: "object", properties, additionalProperties: false });
      const odd: readonly object[] = [
        { anyOf: [closed({ a: { type: "integer" } }), closed({ b: {} })] },
        closed({ a: { type: "integer", minimum: 0, exclusiveMinimum: true } }),
        closed({ a: { type: "int", nullable: true, example: 1 }, b: { type: "array", items: [{ type: "string" }] } }),
        { ...closed({ a: { $ref: "#/definitions/A" } }), definitions: { A: { type: "any", id: "http://example.com/a" } } },
        { $schema: "http://json-schema.org/draft-07/schema#", $ref: "#/definitions/Args", definitions: { Args: closed({ a: { type: "number" }, next: { $ref: "#/definitions/Args" } }) } },
        { ...closed({ a: { type: "integer" }, "b c": true, $d: { properties: { "e[]": null } } }), required: null },
      ];
      for (const schema of odd) {
        await ask(client, { response_format: { type: "json_schema", json_schema: { name: "n", schema } } });
        const given = schemaIn(stub.requests.at(-1)?.body);
        assert.notEqual(given, undefined, `${JSON.stringify(schema)} is dropped`);
        assert.match(JSON.stringify(given), /"a":/u, JSON.stringify(given));
      }
    });

    it("and numbers of 19 digits in a call that the model has just made keep all of them", async (t) => {
      const { stub, startServer } = await start(t, version);
      const input = '{"id":1234567890123456789}';
      stub.respond = ({ body }) => (blocksOf(body, "tool_result").length > 0 ? textAnswer(["Done."]) : toolUseAnswer([{ name: "look", input: JSON.parse(input), fragments: [input] }]));
      const { client } = await startServer();
      const request = { tools: [functionTool("look", { type: "object" })], messages: [{ role: "user", content: "go" }] };
      const { choices: [{ message }] } = await ask(client, request);
      assert.equal(message.tool_calls[0].function.arguments, input);
      await ask(client, { ...request, messages: [...request.messages, message, { role: "tool", tool_call_id: message.tool_calls[0].id, content: "seen" }] });
      assert.ok(stub.requests.at(-1)?.bodyText.includes('"input":{"id":"1234567890123456789"}'), stub.requests.at(-1)?.bodyText);
    });

    it("and numbers of 19 digits in a replayed call and in a tool's result keep all of them", async (t) => {
      const { stub, startServer } = await start(t, version);
      stub.respond = () => textAnswer(["Done."]);
      const { client } = await startServer();
      const json = '{"id":1234567890123456789,"in":[-9007199254740993,0.1,5],"more":{"a":98765432109876543210987,"b":[1e400,-2305843009213693953]}}';
      const call = { id: "c", type: "function", function: { name: "look", arguments: json } };
      await ask(client, {
        tools: [functionTool("look", { type: "object" })],
        messages: [{ role: "user", content: "go" }, { role: "assistant", content: null, tool_calls: [call] }, { role: "tool", tool_call_id: "c", content: json }, { role: "user", content: "and?" }],
      });
      const text = stub.requests[0]?.bodyText ?? "";
      for (const digits of ["1234567890123456789", "9007199254740993", "98765432109876543210987", "1e400", "2305843009213693953"]) assert.equal(text.split(digits).length - 1, 2, text);
      assert.ok(text.includes('"input":{"id":"1234567890123456789","in":["-9007199254740993",0.1,5],"more":{"a":"98765432109876543210987","b":["1e400","-2305843009213693953"]}}'), text);
    });
  });
}

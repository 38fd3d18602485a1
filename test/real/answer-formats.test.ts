/** An answer by a schema: the API's own format where the API takes it, the CLI's tool where it does not. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { errorAnswer, formatOf, stallAnswer, type StubRequest, textAnswer, toolUseAnswer } from "../support/anthropic-stub.ts";
import { healthOf } from "../support/health.ts";
import { startHooked } from "../support/hooked-server.ts";
import { policyUnavailable } from "../support/managed-policy.ts";
import { asksWhenRefused, sampledClaudeVersions } from "../support/real-claude.ts";
import { claudesOf, startReal } from "../support/real-server.ts";
import { postJson } from "../support/sse.ts";

const objectOf = (properties: object, more: object = {}): object => ({ type: "object", properties, additionalProperties: false, ...more });
const formatFor = (schema: object): object => ({ response_format: { type: "json_schema", json_schema: { name: "n", strict: true, schema } } });
const question = (content: string): object => ({ role: "user", content });
const toolsIn = ({ body }: StubRequest): readonly string[] => (body.tools ?? []).map(({ name }) => name);
const configIn = ({ body }: StubRequest): { readonly format?: object; readonly effort?: string } => body["output_config"] ?? {};
const number = objectOf({ a: { type: "integer" } }, { required: ["a"] });
const text = objectOf({ b: { type: "string" } }, { required: ["b"] });
const byTool = (document: object) => toolUseAnswer([{ name: "StructuredOutput", input: { ...document } }]);

for (const version of sampledClaudeVersions()) {
  describe(`an answer by a schema on claude ${version}`, { concurrency: 2 }, () => {
    it("is asked for by each turn's own, beside the effort, with no tool, on one process", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge, client } = await startServer();
      stub.respond = ({ body }) => textAnswer(formatOf(body) === undefined ? ["Fine."] : ['{"a"', ":1}"]);
      const messages: object[] = [];
      const ask = async (settings: object): Promise<StubRequest> => {
        messages.push(question(`question ${messages.length}`));
        const { choices: [{ message }] } = await client.chat.completions.create({ model: "sonnet", messages, ...settings });
        messages.push(message);
        const request = stub.requests.at(-1) ?? assert.fail();
        assert.equal(message.content, formatOf(request.body) === undefined ? "Fine." : '{"a":1}');
        return request;
      };
      const plain = configIn(await ask({}));
      assert.deepEqual(configIn(await ask(formatFor(number))), { ...plain, format: { type: "json_schema", schema: number } });
      const hard = await ask({ ...formatFor(text), reasoning_effort: "low" });
      assert.deepEqual(configIn(hard), { effort: "low", format: { type: "json_schema", schema: text } });
      assert.match(String(hard.headers["anthropic-beta"]), /\beffort-/u, "the effort needs its beta");
      assert.deepEqual(configIn(await ask({})), plain);
      assert.deepEqual([stub.requests.flatMap(toolsIn), stub.requests.length], [[], 4]);
      assert.equal(claudesOf(bridge).length, 1);
    });

    it("may be a call of the client's tools first", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge, client } = await startServer();
      stub.respond = (_request, index) => (index === 0 ? toolUseAnswer([{ name: "look", input: {} }]) : textAnswer(['{"a":2}']));
      const ask = { model: "sonnet", ...formatFor(number), tools: [{ type: "function", function: { name: "look", parameters: { type: "object", properties: {} } } }] };
      const messages: object[] = [question("go")];
      const { choices: [{ message, finish_reason: why }] } = await client.chat.completions.create({ ...ask, messages });
      assert.equal(why, "tool_calls");
      messages.push(message, { role: "tool", tool_call_id: message.tool_calls[0].id, content: "seen" });
      const { choices: [{ message: { content } }] } = await client.chat.completions.create({ ...ask, messages });
      assert.deepEqual([content, stub.requests.map(toolsIn)], ['{"a":2}', [["look"], ["look"]]]);
      for (const { body } of stub.requests) assert.deepEqual(formatOf(body), number);
      assert.equal((await healthOf(bridge.url)).turns.went_on, 1);
    });

    it("with 40 constraints that the API takes is one request, and is streamed from its first byte", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { client } = await startServer();
      stub.respond = () => stallAnswer(['{"p0":']);
      const kinds = [
        { type: "string", enum: ["x", "y"] }, { type: "string", format: "date" }, { type: "string", pattern: "^[a-z]+$" }, { type: "array", items: { type: "number" }, minItems: 1 }, { const: 1, type: "integer" },
      ];
      const properties = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`p${index}`, kinds[index % kinds.length]]));
      const schema = objectOf(properties, { required: Object.keys(properties) });
      const stream = await client.chat.completions.create({ model: "sonnet", messages: [question("go")], ...formatFor(schema), stream: true });
      let first = "";
      for await (const { choices: [choice] } of stream) {
        first = choice?.delta.content ?? "";
        if (first !== "") break;
      }
      assert.equal(first, '{"p0":', "while the model goes on");
      assert.deepEqual(stub.requests.map(({ body }) => formatOf(body)), [schema]);
    });

    it("with 40 constraints that the API does not take is one request, in which they are told in words", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { client } = await startServer();
      stub.respond = () => textAnswer(["{}"]);
      const kinds = [{ type: "integer", minimum: 1 }, { type: "string", maxLength: 9 }, { type: "array", items: { type: "number" }, uniqueItems: true }, { type: "string", format: "color" }];
      const properties = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`p${index}`, kinds[index % kinds.length]]));
      await client.chat.completions.create({ model: "sonnet", messages: [question("go")], ...formatFor(objectOf(properties)) });
      const [request, ...more] = stub.requests;
      const sent = formatOf(request?.body ?? assert.fail()) as { readonly properties: Readonly<Record<string, { readonly description: string }>> };
      const told = Object.values(sent.properties).map(({ description }) => /^Must also fit the JSON Schema (\{.*\})\.$/u.exec(description)?.[1] ?? "");
      const constraints = kinds.map(({ type: _type, items: _items, ...constraint }: { type: string; items?: object }) => constraint);
      assert.deepEqual(told.map((words) => JSON.parse(words)), Object.keys(properties).map((_, index) => constraints[index % kinds.length]));
      assert.equal(more.length, 0);
    });

    it("goes by the CLI's tool for a model that refuses the format, which is not asked again, nor for another schema", async (t) => {
      const { stub, startServer } = await startReal(t, version, 0, { isRefusalFine: true });
      const { client } = await startServer();
      stub.respond = (request) => {
        if (formatOf(request.body) !== undefined) return errorAnswer(400, "invalid_request_error", "output_config.format: This model does not support output_config.format");
        return JSON.stringify(request.body.messages).includes('"tool_result"') ? textAnswer(["Done."]) : byTool({ a: 1 });
      };
      const ask = async (schema: object): Promise<readonly StubRequest[]> => {
        const before = stub.requests.length;
        const completion = await client.chat.completions.create({ model: "sonnet", messages: [question(`go ${before}`)], ...formatFor(schema) });
        assert.equal(completion.choices[0].message.content, '{"a":1}');
        return stub.requests.slice(before);
      };
      const first = await ask(number);
      const refused = first.filter(({ body }) => formatOf(body) !== undefined).length;
      // The API's words begin with `output_config.format`.
      assert.equal(refused, asksWhenRefused(version, false));
      assert.deepEqual(first.slice(refused).map(toolsIn)[0], ["StructuredOutput"]);
      const other = objectOf({ a: { type: "integer", description: "other" } }, { required: ["a"] });
      for (const { body } of [...await ask(number), ...await ask(other)]) assert.equal(formatOf(body), undefined);
    });

    it("goes by the CLI's tool for a schema that the API refuses, and by the format for another", async (t) => {
      const { stub, startServer } = await startReal(t, version, 0, { isRefusalFine: true });
      const { client } = await startServer();
      const isForNumber = ({ body }: StubRequest): boolean => isDeepStrictEqual(formatOf(body), number);
      stub.respond = (request) => {
        if (isForNumber(request)) return errorAnswer(400, "invalid_request_error", "Schema is too complex for compilation.");
        if (formatOf(request.body) !== undefined) return textAnswer(['{"b":"x"}']);
        return JSON.stringify(request.body.messages).includes('"tool_result"') ? textAnswer(["Done."]) : byTool({ a: 1 });
      };
      const ask = async (schema: object): Promise<string> => {
        const completion = await client.chat.completions.create({ model: "sonnet", messages: [question(`go ${stub.requests.length}`)], ...formatFor(schema) });
        return completion.choices[0].message.content as string;
      };
      assert.deepEqual([await ask(number), await ask(number), await ask(text)], ['{"a":1}', '{"a":1}', '{"b":"x"}']);
      assert.equal(stub.requests.filter(isForNumber).length, asksWhenRefused(version, true));
    });

    it("goes by the CLI's tool under a policy, whose hook runs and sees nothing of the schema", { skip: policyUnavailable() }, async (t) => {
      const { stub, bridge, environmentOfHook } = await startHooked(t, version);
      stub.respond = ({ body }) => (JSON.stringify(body.messages).includes('"tool_result"') ? textAnswer(["Done."]) : byTool({ a: 1 }));
      const response = await postJson(`${bridge.url}/v1/chat/completions`, { model: "sonnet", messages: [question("go")], ...formatFor(number), stop: ["HALT"] });
      assert.equal((await response.json() as any).choices[0].message.content, '{"a":1}');
      const [request = assert.fail()] = stub.requests;
      assert.deepEqual([formatOf(request.body), toolsIn(request)], [undefined, ["StructuredOutput"]]);
      const environment = environmentOfHook();
      assert.ok(environment.includes("HALT"), "short parameters are told");
      assert.ok(!environment.includes("json_schema"), environment);
    });
  });
}

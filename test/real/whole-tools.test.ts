/** Tools of which the CLI would lose something: the API gets them as the client defines them. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { errorAnswer, type StubRequest, textAnswer, toolUseAnswer } from "../support/anthropic-stub.ts";
import { healthOf } from "../support/health.ts";
import { startHooked } from "../support/hooked-server.ts";
import { policyUnavailable, settingsPlaces } from "../support/managed-policy.ts";
import { asksWhenRefused, sampledClaudeVersions } from "../support/real-claude.ts";
import { startReal } from "../support/real-server.ts";
import { postJson } from "../support/sse.ts";

const parameters = { type: "object", properties: { a: { type: "string" } }, required: ["a"], additionalProperties: false };
const functionTool = (name: string, more: object = {}): object => ({ type: "function", function: { name, description: `Does ${name}.`, parameters, ...more } });
const definition = (name: string, more: object = {}): object => ({ name, description: `Does ${name}.`, input_schema: parameters, ...more });
const toolsIn = ({ body }: StubRequest): readonly object[] => body.tools ?? [];
const isStrict = (request: StubRequest): boolean => toolsIn(request).some((tool) => "strict" in tool);
const question = (content: string): object => ({ role: "user", content });
const novel = "é ".repeat(4_500);

for (const version of sampledClaudeVersions()) {
  describe(`tools of which claude ${version} would lose something`, { concurrency: 2 }, () => {
    it("go up whole, a description of 9,000 characters and what is strict, and calls go on as ever", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge, client } = await startServer();
      stub.respond = ({ body }) => (JSON.stringify(body.messages).includes('"tool_result"') ? textAnswer(["Done."]) : toolUseAnswer(["zeta", "Agent_tool"].map((name) => ({ name, input: { a: name } }))));
      const tools = [functionTool("zeta", { description: novel }), functionTool("beta", { strict: true }), functionTool("Alpha", { strict: true, parameters: { type: "object" } }), functionTool("Agent")];
      const messages: object[] = [question("go")];
      const { choices: [{ message }] } = await client.chat.completions.create({ model: "sonnet", messages, tools });
      const calls = message.tool_calls as { readonly id: string; readonly function: { readonly name: string; readonly arguments: string } }[];
      assert.deepEqual(calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)]), [["zeta", { a: "zeta" }], ["Agent", { a: "Agent_tool" }]]);
      messages.push(message, ...calls.map(({ id }) => ({ role: "tool", tool_call_id: id, content: "seen" })));
      const { choices: [{ message: { content } }] } = await client.chat.completions.create({ model: "sonnet", messages, tools });
      assert.equal(content, "Done.");
      const whole = [definition("Agent_tool", { description: "Does Agent." }), definition("Alpha", { input_schema: { type: "object" } }), definition("beta", { strict: true }), definition("zeta", { description: novel })];
      assert.deepEqual(stub.requests.map(toolsIn), [whole, whole]);
      assert.equal((await healthOf(bridge.url)).turns.went_on, 1, "the call was parked");
    });

    it("go up as the CLI has them where they come to more than 100 kB, and where nothing is lost", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { client } = await startServer();
      stub.respond = () => textAnswer(["Fine."]);
      const many = Array.from({ length: 25 }, (_, index) => functionTool(`tool_${index}`, { description: novel, strict: true }));
      await client.chat.completions.create({ model: "sonnet", messages: [question("go")], tools: many });
      await client.chat.completions.create({ model: "sonnet", messages: [question("go")], tools: [functionTool("beta")] });
      const [long = assert.fail(), plain = assert.fail()] = stub.requests;
      assert.deepEqual([toolsIn(long).length, isStrict(long), toolsIn(plain)], [25, false, [definition("beta")]]);
      for (const tool of toolsIn(long) as { readonly description: string; readonly input_schema: { readonly description: string } }[]) {
        assert.equal(`${tool.description}${tool.input_schema.description}`, novel);
      }
    });

    it("are strict no more where the API refuses that, for the same tools, and the next turn does not ask again", async (t) => {
      const { stub, startServer } = await startReal(t, version, 0, { isRefusalFine: true });
      const { client } = await startServer();
      stub.respond = (request) => (isStrict(request) ? errorAnswer(400, "invalid_request_error", "tools.0.custom: Schema is too complex for compilation.") : textAnswer(["Fine."]));
      const ask = async (...tools: object[]): Promise<readonly boolean[]> => {
        const before = stub.requests.length;
        const completion = await client.chat.completions.create({ model: "sonnet", messages: [question(`go ${before}`)], tools });
        assert.equal(completion.choices[0].message.content, "Fine.");
        return stub.requests.slice(before).map(isStrict);
      };
      const strict = functionTool("beta", { strict: true });
      const first = await ask(strict);
      const refused = first.filter(Boolean).length;
      assert.equal(refused, asksWhenRefused(version, true));
      assert.deepEqual([first.slice(refused), await ask(strict)], [[false], [false]]);
      const other = await ask(functionTool("gamma", { strict: true }));
      assert.deepEqual([other[0], other.at(-1)], [true, false]);
    });

    for (const place of settingsPlaces) {
      it(`go up as the CLI has them under a policy in ${place}, whose hook runs and sees none of them`, { skip: policyUnavailable() }, async (t) => {
        const { stub, bridge, environmentOfHook } = await startHooked(t, version, place);
        stub.respond = () => textAnswer(["Fine."]);
        const tools = [
          functionTool("short", { strict: true }),
          ...Array.from({ length: 20 }, (_, index) => functionTool(`tool_${index}`, { description: novel.repeat(1 + (index % 2)) })),
        ];
        assert.ok(JSON.stringify(tools).length > 200_000);
        // Without a policy the first alone would go up as it is; all of them are too long for it.
        for (const asked of [tools, tools.slice(0, 1)]) {
          const response = await postJson(`${bridge.url}/v1/chat/completions`, { model: "sonnet", messages: [question("go")], tools: asked, stop: ["HALT"] });
          assert.equal((await response.json() as any).choices[0].message.content, "Fine.");
        }
        assert.deepEqual(stub.requests.map((request) => [toolsIn(request).length, isStrict(request)]), [[21, false], [1, false]]);
        const environment = environmentOfHook();
        assert.ok(environment.includes("HALT"), "short parameters are told");
        assert.ok(!environment.includes("Does short"), environment);
      });
    }
  });
}

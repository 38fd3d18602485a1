/** A choice of tools is asked of the API: what goes upstream in which turn, and what becomes of a refusal. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { errorAnswer, type StubRequest, type StubRequestBody, textAnswer, textOf, toolUseAnswer } from "../support/anthropic-stub.ts";
import { healthOf } from "../support/health.ts";
import { asksWhenRefused, sampledClaudeVersions } from "../support/real-claude.ts";
import { claudesOf, startReal } from "../support/real-server.ts";

const functionTool = (name: string): object => ({ type: "function", function: { name, description: `To ${name}.`, parameters: { type: "object", properties: { city: { type: "string" } } } } });
const named = (name: string): object => ({ type: "function", function: { name } });
const chosen = ({ tool_choice }: StubRequestBody): Record<string, unknown> => (tool_choice ?? {}) as Record<string, unknown>;
const isForced = (body: StubRequestBody): boolean => chosen(body)["type"] === "any" || chosen(body)["type"] === "tool";
const isThinking = (body: StubRequestBody): boolean => body["thinking"] !== undefined;
const forcedWords = "Your answer must be a call of one of your tools.";
const refusedWords = "Thinking may not be enabled when tool_choice forces tool use.";

/** Calls where it must, the tool that it is told to or the first. */
const obliging = ({ body }: StubRequest) => (isForced(body)
  ? toolUseAnswer([{ name: String(chosen(body)["name"] ?? body.tools?.[0]?.name), input: { city: "Basel" } }])
  : textAnswer(["Fine."]));

for (const version of sampledClaudeVersions()) {
  describe(`a choice of tools on claude ${version}`, () => {
    it("is each turn's own, in one conversation, on one process, which has the same tools all along", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge, client } = await startServer();
      stub.respond = obliging;
      const messages: object[] = [];
      const ask = async (said: object, more: object): Promise<{ readonly told: unknown; readonly isThinking: boolean; readonly called: string }> => {
        messages.push(said);
        const { choices: [{ message }] } = await client.chat.completions.create({ model: "sonnet", tools: ["ask", "hear.it"].map(functionTool), messages, ...more });
        messages.push(message);
        const { body } = stub.requests.at(-1) ?? assert.fail();
        return { told: body.tool_choice, isThinking: isThinking(body), called: message.tool_calls?.[0].function.name };
      };
      const question = { role: "user", content: "How is it there?" };
      const result = (): object => ({ role: "tool", tool_call_id: (messages.at(-1) as any).tool_calls[0].id, content: "a bird" });
      assert.deepEqual(await ask(question, { tool_choice: "none" }), { told: { type: "none" }, isThinking: true, called: undefined });
      assert.deepEqual(await ask(question, {}), { told: undefined, isThinking: true, called: undefined });
      assert.deepEqual(await ask(question, { parallel_tool_calls: false }), { told: { type: "auto", disable_parallel_tool_use: true }, isThinking: true, called: undefined });
      // Its name is another upstream: the API takes no dot.
      assert.deepEqual(await ask(question, { tool_choice: named("hear.it") }), { told: { type: "tool", name: "hear_it" }, isThinking: false, called: "hear.it" });
      // The process waits for the result of each call.
      assert.deepEqual(await ask(result(), { tool_choice: "required", parallel_tool_calls: false }), { told: { type: "any", disable_parallel_tool_use: true }, isThinking: false, called: "ask" });
      assert.deepEqual(await ask(result(), {}), { told: undefined, isThinking: true, called: undefined });
      assert.equal(stub.requests.length, 6);
      assert.equal(new Set(stub.requests.map(({ body }) => JSON.stringify(body.tools?.map(({ name }) => name)))).size, 1);
      assert.equal(new Set(stub.requests.map(({ body }) => textOf(body.system).split("Claude Agent SDK.")[1])).size, 1, "no words are added for it");
      assert.deepEqual([claudesOf(bridge).length, (await healthOf(bridge.url)).turns.went_on], [1, 5]);
    });

    it("that demands a call of one of sixty tools is one request, and nothing of its answer is held back", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { client } = await startServer();
      const fragments = ['{"city"', ': "Basel"'];
      // The call has no end: what comes to the client has come before it.
      stub.respond = () => ({ ...toolUseAnswer([{ name: "tool_7", input: { city: "Basel" }, fragments }], { textBefore: "Let me look." }), ending: "silence" });
      const stream = await client.chat.completions.create({
        model: "sonnet", messages: [{ role: "user", content: "How is it there?" }], tool_choice: "required", stream: true,
        tools: Array.from({ length: 60 }, (_, index) => functionTool(`tool_${index}`)),
      });
      let said = "";
      for await (const { choices: [{ delta }] } of stream) {
        said += delta.content ?? delta.tool_calls?.[0].function.arguments ?? "";
        if (said === `Let me look.${fragments.join("")}`) break;
      }
      assert.deepEqual(stub.requests.map(({ body }) => [body.tool_choice, body.tools?.length]), [[{ type: "any" }, 60]]);
    });

    it("that a model refuses is asked for in words: once more before the answer, and at once the next time", async (t) => {
      const { stub, startServer } = await startReal(t, version, 0, { isRefusalFine: true });
      const { client } = await startServer();
      stub.respond = ({ body }) => (isForced(body) ? errorAnswer(400, "invalid_request_error", refusedWords) : toolUseAnswer([{ name: "look", input: {} }]));
      const ask = async (content: string): Promise<readonly StubRequestBody[]> => {
        const before = stub.requests.length;
        const { choices: [{ message }] } = await client.chat.completions.create({ model: "sonnet", messages: [{ role: "user", content }], tools: [functionTool("look")], tool_choice: "required" });
        assert.deepEqual(message.tool_calls.map((call: any) => call.function.name), ["look"]);
        return stub.requests.slice(before).map(({ body }) => body);
      };
      const asked = await ask("one");
      const refused = asked.filter(isForced).length;
      assert.equal(refused, asksWhenRefused(version, false));
      const told = [...asked.slice(refused), ...await ask("two")];
      assert.deepEqual(told.map((body) => [body.tool_choice, isThinking(body), textOf(body.system).includes(forcedWords)]), [[undefined, true, true], [undefined, true, true]]);
    });

    // That of 2.1.330 thinks adaptively.
    const [inLoop, later] = version === "2.1.330" ? ["adaptive", "adaptive"] : [undefined, "enabled"];

    it("that demanded a call of a model with a thinking budget lets it go on without thinking: there is no thought before the call", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge, client } = await startServer();
      stub.respond = obliging;
      const request = { model: "haiku", tools: [functionTool("look")] };
      const messages: object[] = [{ role: "user", content: "one" }];
      const { choices: [{ message }] } = await client.chat.completions.create({ ...request, messages, tool_choice: "required" });
      messages.push(message, { role: "tool", tool_call_id: message.tool_calls[0].id, content: "a bird" });
      const { choices: [{ message: answer }] } = await client.chat.completions.create({ ...request, messages });
      messages.push(answer, { role: "user", content: "two" });
      await client.chat.completions.create({ ...request, messages });
      assert.deepEqual(stub.requests.map(({ body }) => [isForced(body), (body["thinking"] as { type: string } | undefined)?.type]), [[true, undefined], [false, inLoop], [false, later]]);
      assert.equal((await healthOf(bridge.url)).turns.went_on, 2, "all on the process that waited for the result");
    });

    it("that demands a call of a model that is asked to think is asked for in words, and one call at most of the API", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { client } = await startServer();
      stub.respond = () => toolUseAnswer([{ name: "look", input: {} }], { thinking: ["hm"] });
      const asked = [{ model: "haiku", thinking: { type: "enabled", budget_tokens: 2_000 } }, { model: "sonnet", thinking: { type: "adaptive" } }];
      for (const more of asked) {
        const { choices: [{ message }] } = await client.chat.completions.create({
          messages: [{ role: "user", content: "one" }], tools: [functionTool("look")], tool_choice: "required", parallel_tool_calls: false, ...more,
        });
        assert.deepEqual(message.tool_calls.map((call: any) => call.function.name), ["look"]);
      }
      assert.deepEqual(
        stub.requests.map(({ body }) => [body.tool_choice, isThinking(body), textOf(body.system).includes(forcedWords)]),
        asked.map(() => [{ type: "auto", disable_parallel_tool_use: true }, true, true]),
      );
    });
  });
}

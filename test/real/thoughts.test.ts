/** Signed thoughts that clients give back: what of them goes upstream from a process that did not think them. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { conversationOf, type StubRequestBody, textAnswer } from "../support/anthropic-stub.ts";
import { signThinking } from "../support/anthropic-rules/rules.ts";
import { sampledClaudeVersions } from "../support/real-claude.ts";
import { startReal } from "../support/real-server.ts";

const signed = (thinking: string): object => ({ type: "thinking", thinking, signature: signThinking(thinking) });

/** The types of the blocks of the first answer in a request, and the thoughts in it. */
function firstAnswer(body: StubRequestBody | undefined): readonly object[] {
  const content = conversationOf(body ?? assert.fail()).find(({ role }) => role === "assistant")?.content;
  return typeof content === "string" || content === undefined ? [] : content.map(({ cache_control: _mark, citations: _cited, ...block }) => block);
}

for (const version of sampledClaudeVersions()) {
  describe(`signed thoughts that come back, on claude ${version}`, () => {
    it("are told to a process that has not thought them: by reasoning items, by stored responses, by a chat's blocks", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const [one, other] = [await startServer(), await startServer()];
      stub.respond = () => textAnswer(["Fine."], { thinking: ["hm", " é"] });
      const said = { type: "text", text: "Fine." };
      const include = ["reasoning.encrypted_content"];
      const input: object[] = [{ role: "user", content: "one" }];
      const first = await one.client.responses.create({ model: "sonnet", input, include, store: false });
      input.push(...first.output, { role: "user", content: "two" });
      await other.client.responses.create({ model: "sonnet", input, include, store: false });
      assert.deepEqual(firstAnswer(stub.requests.at(-1)?.body), [signed("hm é"), said]);

      const stored = await one.client.responses.create({ model: "sonnet", input: "three" });
      assert.deepEqual(stored.output[0].encrypted_content, null);
      // Other instructions are told to another process.
      await one.client.responses.create({ model: "sonnet", input: "four", instructions: "Terse.", previous_response_id: stored.id });
      assert.deepEqual(firstAnswer(stub.requests.at(-1)?.body), [signed("hm é"), said]);

      const messages = [{ role: "user", content: "five" }, { role: "assistant", content: "Fine.", thinking_blocks: [signed("so")] }, { role: "user", content: "six" }];
      await other.client.chat.completions.create({ model: "sonnet", messages });
      assert.deepEqual(firstAnswer(stub.requests.at(-1)?.body), [signed("so"), said]);
    });

    it("are left out where another model thought them, and by the CLI once the API has refused them as changed", async (t) => {
      const { stub, startServer } = await startReal(t, version, 0, { isRefusalFine: true });
      const { client } = await startServer();
      stub.respond = () => textAnswer(["Fine."], { thinking: ["hm"] });
      const input: object[] = [{ role: "user", content: "one" }];
      const first = await client.responses.create({ model: "sonnet", input, include: ["reasoning.encrypted_content"], store: false });
      input.push(...first.output, { role: "user", content: "two" });
      await client.responses.create({ model: "opus", input, store: false });
      assert.deepEqual(firstAnswer(stub.requests.at(-1)?.body), [{ type: "text", text: "Fine." }]);
      assert.deepEqual(stub.refusals, []);

      const changed = { type: "thinking", thinking: "hm!", signature: signThinking("hm") };
      const messages = [{ role: "user", content: "five" }, { role: "assistant", content: "Fine.", thinking_blocks: [changed] }, { role: "user", content: "six" }];
      const { choices: [{ message }] } = await client.chat.completions.create({ model: "sonnet", messages });
      assert.equal(message.content, "Fine.");
      assert.ok(stub.refusals.length > 0 && stub.refusals.every(({ rule }) => rule === "thinking-signed"));
      assert.deepEqual(firstAnswer(stub.requests.at(-1)?.body), [{ type: "text", text: "Fine." }]);
    });

    it("a tool loop without them goes on: without thinking, where the model thinks with a budget", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { client } = await startServer();
      stub.respond = () => textAnswer(["Rain."]);
      const call = { id: "call_1", type: "function", function: { name: "look", arguments: "{}" } };
      const messages = [{ role: "user", content: "How is it?" }, { role: "assistant", tool_calls: [call] }, { role: "tool", tool_call_id: "call_1", content: "wet" }];
      const tools = [{ type: "function", function: { name: "look", parameters: { type: "object", properties: {} } } }];
      for (const model of ["claude-haiku-4-5", "claude-sonnet-4-5", "claude-opus-4-5"]) {
        await client.chat.completions.create({ model, messages, tools });
        const { body } = stub.requests.at(-1) ?? assert.fail();
        assert.deepEqual([body.model, body["thinking"]], [model, undefined]);
      }
      const again = (id: string): object => ({ ...call, id });
      const loops: readonly (readonly object[])[] = [
        [...messages, { role: "assistant", tool_calls: [again("call_2")] }, { role: "tool", tool_call_id: "call_2", content: "still" }],
        [messages[0] ?? {}, { role: "assistant", content: "Let me look.", tool_calls: [call, again("call_2")] }, ...["call_1", "call_2"].map((id) => ({ role: "tool", tool_call_id: id, content: id }))],
        [{ role: "user", content: "Hello." }, { role: "assistant", content: "Hi." }, ...messages],
      ];
      for (const loop of loops) {
        await client.chat.completions.create({ model: "claude-haiku-4-5", messages: loop, tools });
        assert.deepEqual(stub.requests.at(-1)?.body["thinking"], undefined, JSON.stringify(loop));
      }
      await client.chat.completions.create({ model: "haiku", messages, tools });
      assert.deepEqual(stub.requests.at(-1)?.body["thinking"], version === "2.1.197" ? undefined : { type: "adaptive", display: "summarized" });
      await client.chat.completions.create({ model: "haiku", messages: [...messages, { role: "assistant", content: "Rain." }, { role: "user", content: "And now?" }], tools });
      assert.notEqual(stub.requests.at(-1)?.body["thinking"], undefined, "the loop is over");
    });
  });
}

/** One conversation on the real CLI, begun by chat in a session, gone on with by other APIs: one process, told to the letter. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type StubRequestBody, textAnswer, textOf, toolUseAnswer } from "../support/anthropic-stub.ts";
import { healthOf } from "../support/health.ts";
import { sampledClaudeVersions } from "../support/real-claude.ts";
import { claudesOf, startReal } from "../support/real-server.ts";
import { seededRandom } from "../support/random.ts";
import { sampleOf, seedOf } from "../support/sample.ts";
import { chatRequest, postJson } from "../support/sse.ts";
import { conversationOf } from "../support/upstream-conversation.ts";

const seed = seedOf(4);
const conversations = sampleOf({ what: "conversations across APIs on the real CLI", small: 1, large: 1, whole: 20 });
const schema = { type: "object", properties: { at: { type: "string" } } };
const maxTokens = 4_096;
const system = "Be brief.";
const chatTools = [{ type: "function", function: { name: "look", parameters: schema } }];

/** Role and text of each message that went up, calls and results by their inputs and texts. */
const saidUpstream = (body: StubRequestBody): string[] => conversationOf(body).map(({ role, content }) => `${role}: ${typeof content === "string" ? content : content.map((block) => {
  if (block.type === "tool_use") return `call ${JSON.stringify(block["input"])}`;
  if (block.type !== "tool_result") return block.text ?? block.type;
  return `result ${typeof block["content"] === "string" ? block["content"] : textOf(block["content"] as never)}`;
}).join(" + ")}`);

async function json(asking: Promise<Response>): Promise<any> {
  const answer = await asking;
  assert.equal(answer.status, 200, await answer.clone().text());
  return await answer.json();
}

interface Asked { readonly messages: readonly any[]; readonly url: string }

/** The conversation, which chat's messages write, asked by another API; the answer's text. */
const others = {
  chat: async ({ url, messages }: Asked) => (await json(chatRequest(url, { model: "sonnet", max_tokens: maxTokens, tools: chatTools, messages: [{ role: "system", content: system }, ...messages] }))).choices[0].message.content,
  messages: async ({ url, messages }: Asked) => (await json(postJson(`${url}/v1/messages`, {
    model: "sonnet", max_tokens: maxTokens, system, tools: [{ name: "look", input_schema: schema }],
    messages: messages.map(({ role, content, tool_calls: calls, tool_call_id: id }) => {
      if (role === "tool") return { role: "user", content: [{ type: "tool_result", tool_use_id: id, content }] };
      const uses = (calls ?? []).map((call: any) => ({ type: "tool_use", id: call.id, name: call.function.name, input: JSON.parse(call.function.arguments) }));
      return uses.length === 0 ? { role, content } : { role, content: uses };
    }),
  }))).content.map(({ text = "" }: any) => text).join(""),
  responses: async ({ url, messages }: Asked) => (await json(postJson(`${url}/v1/responses`, {
    model: "sonnet", max_output_tokens: maxTokens, store: false, instructions: system, tools: [{ type: "function", name: "look", parameters: schema, strict: false }],
    input: messages.flatMap(({ role, content, tool_calls: calls, tool_call_id: id }) => {
      if (role === "tool") return [{ type: "function_call_output", call_id: id, output: content }];
      const uses = (calls ?? []).map((call: any) => ({ type: "function_call", call_id: call.id, name: call.function.name, arguments: call.function.arguments }));
      return uses.length === 0 ? [{ role, content }] : uses;
    }),
  }))).output.flatMap(({ content = [] }: any) => content.map(({ text }: any) => text)).join(""),
} as const;

for (const version of sampledClaudeVersions()) {
  describe(`a conversation across APIs on claude ${version}`, () => {
    it("begun by chat in a session and gone on with by Messages and Responses stays on its process, and goes up to the letter", async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge: { url }, bridge } = await startServer(["--sessions"]);
      const random = seededRandom(seed);
      for (let conversation = 0; conversation < conversations; conversation++) {
        const messages: any[] = [];
        const session = `s${conversation}`;
        const bySession = async (added: readonly object[], isFirst = false): Promise<void> => {
          const { choices: [{ message }] } = await json(chatRequest(url, { model: "sonnet", max_tokens: maxTokens, tools: chatTools, messages: [...(isFirst ? [{ role: "system", content: system }] : []), ...added] }, { headers: { "x-session-id": session } }));
          messages.push(...added, message);
        };
        stub.respond = () => toolUseAnswer([{ name: "look", input: { at: "é" } }]);
        await bySession([{ role: "user", content: `first ${conversation}` }], true);
        const claudes = claudesOf(bridge);
        stub.respond = () => textAnswer(["Seen."]);
        await bySession([{ role: "tool", tool_call_id: messages.at(-1).tool_calls[0].id, content: "rain" }]);
        const expected = [`user: first ${conversation}`, 'assistant: call {"at":"é"}', "user: result rain", "assistant: Seen."];
        const rest = [random.pick(["messages", "responses"] as const), ...Array.from({ length: 3 }, () => random.pick(["chat", "messages", "responses"] as const))];
        for (const [turn, dialect] of rest.entries()) {
          const question = `question ${conversation}.${turn}`;
          stub.respond = () => textAnswer([`By ${dialect}.`]);
          messages.push({ role: "user", content: question });
          expected.push(`user: ${question}`);
          const answer: string = await others[dialect]({ url, messages });
          assert.deepEqual(saidUpstream(stub.requests.at(-1)?.body ?? assert.fail()), expected, `seed ${seed}, ${rest.join(", ")}`);
          assert.equal(answer, `By ${dialect}.`);
          messages.push({ role: "assistant", content: answer });
          expected.push(`assistant: ${answer}`);
        }
        assert.deepEqual(claudesOf(bridge), claudes, `seed ${seed}, conversation ${conversation}`);
      }
      const { turns } = await healthOf(url);
      assert.equal(turns.went_on, conversations * 5, JSON.stringify(turns));
    });
  });
}

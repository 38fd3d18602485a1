/** LlamaIndex's OpenAI model, which always sends temperature and top_p. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  callOrder, exchangeMsMax, jsonOrder, judgeRoundTrip, plainText, requestsSince, startInterop, suiteMsMax, toolReply, upstreamMessages, usage,
} from "../support/interop.ts";
import { versionsFor } from "./client-runs.ts";
import { clients, configure, load, missing } from "./clients.ts";

const weather = { city: "Zürich", days: 3 };
const document = { title: "A \"plan\"", steps: ["one", "two"] };
const deadline = { timeout: exchangeMsMax };

for (const version of versionsFor(clients.llamaIndex)) {
  test(`${clients.llamaIndex.name} on claude ${version}`, { skip: missing("@llamaindex/openai", "@llamaindex/core"), timeout: suiteMsMax }, async (t) => {
    const { url, stub } = await startInterop(t, version);
    const llm = await configure(clients.llamaIndex, url);
    const { tool } = await load("@llamaindex/core/tools");
    const { z } = await load("zod");
    const inputs: unknown[] = [];
    const getWeather = tool({
      name: "get_weather", description: "The weather.", parameters: z.object({ city: z.string(), days: z.number() }),
      execute: (input: unknown) => { inputs.push(input); return "Rain & 12°"; },
    });
    const counted = ({ prompt_tokens, completion_tokens, total_tokens }: Record<string, unknown>) => [prompt_tokens, completion_tokens, total_tokens];
    const oneAnswer = [usage.prompt, usage.completion, usage.total];
    const user = (content: string) => ({ role: "user", content });

    await t.test("chat", deadline, async () => {
      const before = stub.requests.length;
      const answer = await llm.chat({ messages: [{ role: "system", content: "Be terse." }, user("hello")] });
      assert.deepEqual([answer.message.content, answer.raw.choices[0].finish_reason, counted(answer.raw.usage)], [plainText, "stop", oneAnswer]);
      const [request, ...more] = requestsSince(stub, before);
      assert.equal(more.length, 0);
      assert.deepEqual(upstreamMessages(request!.body), ["user: hello"]);
      assert.match(JSON.stringify(request!.body.system), /Be terse\./);
    });

    await t.test("streamed chat", deadline, async () => {
      let heard = "";
      for await (const { delta } of await llm.chat({ messages: [user("hello")], stream: true })) heard += delta;
      assert.equal(heard, plainText);
    });

    await t.test("exec runs the tool, and the next one reads its result", deadline, async () => {
      const before = stub.requests.length;
      const messages = [user(callOrder("get_weather", weather))];
      const { newMessages, toolCalls } = await llm.exec({ messages, tools: [getWeather] });
      assert.deepEqual(inputs, [weather]);
      assert.deepEqual(toolCalls.map(({ name }: any) => name), ["get_weather"]);
      const second = await llm.exec({ messages: [...messages, ...newMessages], tools: [getWeather] });
      assert.equal(second.newMessages.at(-1).content, toolReply("Rain & 12°"));
      assert.deepEqual(second.toolCalls, []);
      judgeRoundTrip(stub, before, { tool: "get_weather", input: weather, result: "Rain & 12°" });
    });

    await t.test("a streamed call", deadline, async () => {
      let last: unknown;
      // While it comes its input is text, at the end it is read.
      for await (const { options } of await llm.chat({ messages: [user(callOrder("get_weather", weather))], tools: [getWeather], stream: true })) {
        last = options?.toolCall?.map(({ name, input }: any) => [name, input]);
      }
      assert.deepEqual(last, [["get_weather", weather]]);
    });

    await t.test("a response of a zod schema", deadline, async () => {
      const responseFormat = z.object({ title: z.string(), steps: z.array(z.string()) });
      const answer = await llm.chat({ messages: [user(jsonOrder(document))], responseFormat });
      assert.deepEqual(JSON.parse(answer.message.content), document);
    });
  });
}

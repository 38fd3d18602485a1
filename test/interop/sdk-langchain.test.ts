/** LangChain's chat model, which talks through OpenAI's library and makes messages of its own of what comes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  callOrder, exchangeMsMax, jsonOrder, judgeRoundTrip, plainText, requestsSince, startInterop, suiteMsMax, toolReply, upstreamMessages, usage,
} from "../support/interop.ts";
import { apiRunsFor } from "./client-runs.ts";
import { clients, configure, load, missing } from "./clients.ts";

const weather = { city: "Zürich", days: 3 };
const document = { title: "A \"plan\"", steps: ["one", "two"] };
const deadline = { timeout: exchangeMsMax };

for (const [api, version] of apiRunsFor(clients.langchain)) {
  test(`${clients.langchain.name} by ${api} on claude ${version}`, { skip: missing("@langchain/openai", "@langchain/core"), timeout: suiteMsMax }, async (t) => {
    const { url, stub } = await startInterop(t, version);
    const model = await configure(clients.langchain, url, {}, api);
    const { HumanMessage, SystemMessage } = await load("@langchain/core/messages");
    const { tool } = await load("@langchain/core/tools");
    const { z } = await load("zod");
    const counted = ({ input_tokens, output_tokens, total_tokens }: Record<string, unknown>) => [input_tokens, output_tokens, total_tokens];
    const oneAnswer = [usage.prompt, usage.completion, usage.total];
    const isChat = api === "chat completions";
    const endOf = ({ response_metadata: { finish_reason, status } }: any) => (isChat ? finish_reason : status);
    const [stopped, called] = isChat ? ["stop", "tool_calls"] : ["completed", "completed"];
    const getWeather = tool(async () => "Rain & 12°", {
      name: "get_weather", description: "The weather.", schema: z.object({ city: z.string(), days: z.number() }),
    });
    const collect = async (stream: AsyncIterable<any>): Promise<any> => {
      let whole: any;
      for await (const chunk of stream) whole = whole === undefined ? chunk : whole.concat(chunk);
      return whole;
    };

    await t.test("invoke", deadline, async () => {
      const before = stub.requests.length;
      const answer = await model.invoke([new SystemMessage("Be terse."), new HumanMessage("hello")]);
      assert.deepEqual([answer.text, endOf(answer), counted(answer.usage_metadata)], [plainText, stopped, oneAnswer]);
      const [request, ...more] = requestsSince(stub, before);
      assert.equal(more.length, 0);
      assert.deepEqual(upstreamMessages(request!.body), ["user: hello"]);
      assert.match(JSON.stringify(request!.body.system), /Be terse\./);
    });

    await t.test("stream", deadline, async () => {
      const answer = await collect(await model.stream("hello"));
      assert.deepEqual([answer.text, endOf(answer), counted(answer.usage_metadata)], [plainText, stopped, oneAnswer]);
    });

    for (const stream of [false, true]) {
      await t.test(`bindTools: a call, and an answer to its result${stream ? ", streamed" : ""}`, deadline, async () => {
        const before = stub.requests.length;
        const bound = model.bindTools([getWeather]);
        const order = new HumanMessage(callOrder("get_weather", weather));
        const ask = async (messages: unknown[]) => (stream ? collect(await bound.stream(messages)) : bound.invoke(messages));
        const answer = await ask([order]);
        assert.deepEqual(answer.tool_calls.map(({ name, args }: any) => [name, args]), [["get_weather", weather]]);
        assert.equal(endOf(answer), called);
        const result = await getWeather.invoke({ ...answer.tool_calls[0], type: "tool_call" });
        assert.equal((await ask([order, answer, result])).text, toolReply("Rain & 12°"));
        judgeRoundTrip(stub, before, { tool: "get_weather", input: weather, result: "Rain & 12°" });
      });
    }

    await t.test("withStructuredOutput, by a schema and by a call", deadline, async () => {
      const schema = z.object({ title: z.string(), steps: z.array(z.string()) });
      const bySchema = model.withStructuredOutput(schema, { method: "jsonSchema", name: "plan" });
      assert.deepEqual(await bySchema.invoke(jsonOrder(document)), document);
      const byCall = model.withStructuredOutput(schema, { method: "functionCalling", name: "plan" });
      assert.deepEqual(await byCall.invoke(callOrder("plan", document)), document);
    });
  });
}

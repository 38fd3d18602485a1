/** OpenAI's Agents library with its chat completions model, and with its default one. */
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

for (const [api, version] of apiRunsFor(clients.agents)) {
  test(`${clients.agents.name} by ${api} on claude ${version}`, { skip: missing("@openai/agents"), timeout: suiteMsMax }, async (t) => {
    const { url, stub } = await startInterop(t, version);
    const model = await configure(clients.agents, url, {}, api);
    const { Agent, run, setTracingDisabled, tool } = await load("@openai/agents");
    const { z } = await load("zod");
    // Its traces would go to OpenAI.
    setTracingDisabled(true);
    const inputs: unknown[] = [];
    const getWeather = tool({
      name: "get_weather", description: "The weather.", parameters: z.object({ city: z.string(), days: z.number() }),
      execute: async (input: unknown) => { inputs.push(input); return "Rain & 12°"; },
    });
    const counted = ({ rawResponses }: any) => rawResponses.map((response: any) => [response.usage.inputTokens, response.usage.outputTokens, response.usage.totalTokens]);
    const oneAnswer = [usage.prompt, usage.completion, usage.total];

    await t.test("a run", deadline, async () => {
      const before = stub.requests.length;
      const result = await run(new Agent({ name: "Terse", instructions: "Be terse.", model }), "hello");
      assert.deepEqual([result.finalOutput, counted(result)], [plainText, [oneAnswer]]);
      assert.match(result.lastResponseId, api === "chat completions" ? /^chatcmpl-/ : /^resp_/);
      const [request, ...more] = requestsSince(stub, before);
      assert.equal(more.length, 0);
      assert.deepEqual(upstreamMessages(request!.body), ["user: hello"]);
      assert.match(JSON.stringify(request!.body.system), /Be terse\./);
    });

    await t.test("a streamed run", deadline, async () => {
      const result = await run(new Agent({ name: "Terse", instructions: "Be terse.", model }), "hello", { stream: true });
      let heard = "";
      for await (const delta of result.toTextStream()) heard += delta;
      await result.completed;
      assert.deepEqual([heard, result.finalOutput, counted(result)], [plainText, plainText, [oneAnswer]]);
    });

    for (const stream of [false, true]) {
      await t.test(`a tool is run, and its result read${stream ? ", streamed" : ""}`, deadline, async () => {
        const before = stub.requests.length;
        inputs.length = 0;
        const agent = new Agent({ name: "Weatherman", instructions: "Use the tool.", model, tools: [getWeather] });
        const result = await run(agent, callOrder("get_weather", weather), stream ? { stream } : {});
        if (stream) await result.completed;
        assert.equal(result.finalOutput, toolReply("Rain & 12°"));
        assert.deepEqual(inputs, [weather]);
        assert.deepEqual(counted(result), [oneAnswer, oneAnswer]);
        judgeRoundTrip(stub, before, { tool: "get_weather", input: weather, result: "Rain & 12°" });
      });
    }

    await t.test("an output of a type", deadline, async () => {
      const outputType = z.object({ title: z.string(), steps: z.array(z.string()) });
      const result = await run(new Agent({ name: "Planner", instructions: "Plan.", model, outputType }), jsonOrder(document));
      assert.deepEqual(result.finalOutput, document);
    });
  });
}

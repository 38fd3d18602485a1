/** Vercel's AI SDK in the three majors that are in use, through its provider for servers that speak OpenAI's API, and through the one for OpenAI itself. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  callOrder, exchangeMsMax, jsonOrder, judgeRoundTrip, plainText, requestsSince, startInterop, suiteMsMax, thoughts, toolReply, upstreamMessages, usage,
} from "../support/interop.ts";
import { apiRunsFor } from "./client-runs.ts";
import { clients, configure, load, missing } from "./clients.ts";

const weather = { city: "Zürich", days: 3 };
const document = { title: "A \"plan\"", steps: ["one", "two"] };
const deadline = { timeout: exchangeMsMax };

const majors = [[7, clients.aiSdk7], [6, clients.aiSdk6], [5, clients.aiSdk5]] as const;
for (const [major, described] of majors) {
  for (const [api, version] of apiRunsFor(described)) {
    const provider = api === "chat completions" ? "openai-compatible" : "openai";
    const [installed, installedProvider] = [`ai-${major}`, `ai-sdk-${provider}-${major}`];
    test(`${described.name} by ${api} on claude ${version}`, { skip: missing(installed, installedProvider), timeout: suiteMsMax }, async (t) => {
      const { url, stub } = await startInterop(t, version);
      const claude = await configure(described, url, { [`@ai-sdk/${provider}`]: installedProvider }, api);
      const { generateText, streamText, generateObject, streamObject, tool, stepCountIs, isStepCount } = await load(installed);
      const { z } = await load("zod");
      const model = claude("sonnet");
      const inputs: unknown[] = [];
      const tools = {
        get_weather: tool({
          description: "The weather.", inputSchema: z.object({ city: z.string(), days: z.number() }),
          execute: async (input: unknown) => { inputs.push(input); return "Rain & 12°"; },
        }),
      };
      const counted = ({ inputTokens, outputTokens, totalTokens }: Record<string, unknown>) => [inputTokens, outputTokens, totalTokens];
      const oneAnswer = [usage.prompt, usage.completion, usage.total];
      const stopWhen = (isStepCount ?? stepCountIs)(4);
      const schema = z.object({ title: z.string(), steps: z.array(z.string()) });

      await t.test("generateText", deadline, async () => {
        const before = stub.requests.length;
        const instructions = major === 7 ? { instructions: "Be terse." } : { system: "Be terse." };
        const result = await generateText({ model, ...instructions, prompt: "hello" });
        assert.deepEqual([result.reasoningText, result.text, result.finishReason, counted(result.usage)], [thoughts, plainText, "stop", oneAnswer]);
        assert.deepEqual(result.warnings ?? [], []);
        assert.match(result.response.id, api === "chat completions" ? /^chatcmpl-/ : /^resp_/);
        const [request, ...more] = requestsSince(stub, before);
        assert.equal(more.length, 0);
        assert.deepEqual(upstreamMessages(request!.body), ["user: hello"]);
        assert.match(JSON.stringify(request!.body.system), /Be terse\./);
      });

      await t.test("streamText", deadline, async () => {
        const result = streamText({ model, prompt: "hello", onError: () => undefined });
        let heard = "";
        for await (const delta of result.textStream) heard += delta;
        assert.deepEqual([heard, await result.finishReason, counted(await result.usage)], [plainText, "stop", oneAnswer]);
      });

      for (const stream of [false, true]) {
        await t.test(`a tool is run, and its result read${stream ? ", streamed" : ""}`, deadline, async () => {
          const before = stub.requests.length;
          inputs.length = 0;
          const options = { model, tools, stopWhen, prompt: callOrder("get_weather", weather), onError: () => undefined };
          const result = stream ? streamText(options) : await generateText(options);
          if (stream) await result.consumeStream();
          assert.equal(await result.text, toolReply("Rain & 12°"));
          assert.deepEqual(inputs, [weather]);
          const steps = await result.steps;
          assert.deepEqual(steps.map((step: any) => step.finishReason), ["tool-calls", "stop"]);
          assert.deepEqual(steps[0].toolCalls.map((call: any) => [call.toolName, call.input]), [["get_weather", weather]]);
          assert.deepEqual(steps.map((step: any) => counted(step.usage)), [oneAnswer, oneAnswer]);
          judgeRoundTrip(stub, before, { tool: "get_weather", input: weather, result: "Rain & 12°" });
        });
      }

      // What is stored on the server, OpenAI's own provider refers to.
      await t.test("the next turn of a conversation", deadline, async () => {
        const before = stub.requests.length;
        const messages = [{ role: "user", content: "hello" }];
        const { response } = await generateText({ model, messages });
        assert.equal((await generateText({ model, messages: [...messages, ...response.messages, { role: "user", content: "Again." }] })).text, plainText);
        assert.deepEqual(upstreamMessages(requestsSince(stub, before).at(-1)!.body), ["user: hello", `assistant: ${plainText}`, "user: Again."]);
      });

      await t.test("generateObject and streamObject", deadline, async () => {
        const result = await generateObject({ model, schema, prompt: jsonOrder(document) });
        assert.deepEqual([result.object, result.finishReason], [document, "stop"]);
        const streamed = streamObject({ model, schema, prompt: jsonOrder(document), onError: () => undefined });
        let partials = 0;
        for await (const partial of streamed.partialObjectStream) partials += partial === undefined ? 0 : 1;
        assert.ok(partials > 1, "it came in pieces");
        assert.deepEqual(await streamed.object, document);
      });

      await t.test("a model that there is not", deadline, async () => {
        await assert.rejects(generateText({ model: claude("gpt-4o"), prompt: "hello", maxRetries: 0 }), ({ statusCode, message }: any) => {
          assert.equal(statusCode, 404);
          assert.match(message, /gpt-4o/);
          return true;
        });
      });
    });
  }
}

/** OpenAI's own library for Node, with the helpers that read streams most strictly. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { completionText, fillingText, fillingTexts } from "../../src/own-words.ts";
import { claudeVersions } from "../support/real-claude.ts";
import {
  callOrder, exchangeMsMax, jsonOrder, judgeRoundTrip, plainPieces, plainText, requestsSince, startInterop, suiteMsMax, thoughts, toolReply, upstreamMessages,
  usage,
} from "../support/interop.ts";
import { versionsFor } from "./client-runs.ts";
import { clients, configure, load, missing } from "./clients.ts";

const weather = { city: "Zürich", days: 3 };
const document = { title: "A \"plan\"", steps: ["one", "two"] };
const deadline = { timeout: exchangeMsMax };

for (const { client: described, installed } of [{ client: clients.openai7, installed: "openai" }, { client: clients.openai6, installed: "openai-6" }]) {
  for (const version of versionsFor(described)) {
    test(`${described.name} on claude ${version}`, { skip: missing(installed), timeout: suiteMsMax }, async (t) => {
      const { url, stub } = await startInterop(t, version);
      const client = await configure(described, url, { openai: installed });
      const { zodFunction, zodResponseFormat } = await load(`${installed}/helpers/zod`);
      const { z } = await load("zod");
      const ask = (content: string) => ({ model: "sonnet", messages: [{ role: "user", content }] });
      const runs: unknown[] = [];
      const weatherTool = {
        type: "function",
        function: {
          name: "get_weather", description: "The weather.", parse: JSON.parse,
          function: (input: unknown) => { runs.push(input); return "Rain & 12°"; },
          parameters: { type: "object", properties: { city: { type: "string" }, days: { type: "integer" } }, required: ["city", "days"] },
        },
      };

      await t.test("a plain answer", deadline, async () => {
        const before = stub.requests.length;
        const completion = await client.chat.completions.create({
          model: "sonnet", messages: [{ role: "developer", content: "Be terse." }, { role: "user", content: [{ type: "text", text: "hello" }] }],
        });
        const [choice] = completion.choices;
        assert.deepEqual([choice.message.role, choice.message.content, choice.finish_reason], ["assistant", plainText, "stop"]);
        assert.deepEqual(
          [completion.usage.prompt_tokens, completion.usage.completion_tokens, completion.usage.total_tokens, completion.usage.prompt_tokens_details.cached_tokens],
          [usage.prompt, usage.completion, usage.total, usage.cached],
        );
        assert.match(completion._request_id, /./, "the library found the x-request-id");
        const [request, ...more] = requestsSince(stub, before);
        assert.equal(more.length, 0);
        assert.deepEqual(upstreamMessages(request!.body), ["user: hello"]);
        assert.match(JSON.stringify(request!.body.system), /Be terse\./);
      });

      await t.test("a streamed answer", deadline, async () => {
        const stream = await client.chat.completions.create({ ...ask("hello"), stream: true, stream_options: { include_usage: true } });
        const deltas: string[] = [];
        const finishes: string[] = [];
        let last: any;
        for await (const chunk of stream) {
          const [choice] = chunk.choices;
          if (choice?.delta.content) deltas.push(choice.delta.content);
          if (choice?.finish_reason) finishes.push(choice.finish_reason);
          last = chunk;
        }
        assert.deepEqual(deltas, [...plainPieces], "as the model sent them");
        assert.deepEqual(finishes, ["stop"]);
        assert.equal(last.usage.total_tokens, usage.total);
      });

      await t.test("the stream helper assembles what was streamed", deadline, async () => {
        const stream = client.chat.completions.stream({ ...ask("hello"), stream_options: { include_usage: true } });
        let heard = "";
        stream.on("content", (delta: string) => { heard += delta; });
        const completion = await stream.finalChatCompletion();
        assert.deepEqual([heard, completion.choices[0].message.content, completion.choices[0].finish_reason], [plainText, plainText, "stop"]);
        assert.equal((await stream.totalUsage()).total_tokens, usage.total);
      });

      for (const stream of [false, true]) {
        await t.test(`runTools calls the tool and takes its result back${stream ? ", streamed" : ""}`, deadline, async () => {
          const before = stub.requests.length;
          runs.length = 0;
          const runner = client.chat.completions.runTools({ ...ask(callOrder("get_weather", weather)), tools: [weatherTool], stream });
          const calls: unknown[] = [];
          runner.on("functionToolCall", (call: any) => calls.push([call.name, call.arguments]));
          assert.equal(await runner.finalContent(), toolReply("Rain & 12°"));
          assert.deepEqual(runs, [weather]);
          assert.deepEqual(calls, [["get_weather", JSON.stringify(weather)]]);
          const roles = runner.messages.map(({ role }: { role: string }) => role);
          assert.deepEqual(roles, ["user", "assistant", "tool", "assistant"]);
          judgeRoundTrip(stub, before, { tool: "get_weather", input: weather, result: "Rain & 12°" });
        });
      }

      await t.test("parse gives a document of the zod schema", deadline, async () => {
        const schema = z.object({ title: z.string(), steps: z.array(z.string()) });
        const completion = await client.chat.completions.parse({ ...ask(jsonOrder(document)), response_format: zodResponseFormat(schema, "plan") });
        assert.deepEqual(completion.choices[0].message.parsed, document);
        assert.equal(completion.choices[0].finish_reason, "stop");
        const streamed = client.chat.completions.stream({ ...ask(jsonOrder(document)), response_format: zodResponseFormat(schema, "plan") });
        assert.deepEqual((await streamed.finalChatCompletion()).choices[0].message.parsed, document);
      });

      await t.test("parse gives a strict tool's arguments", deadline, async () => {
        const parameters = z.object({ city: z.string(), days: z.number() });
        const completion = await client.chat.completions.parse({
          ...ask(callOrder("get_weather", weather)), tools: [zodFunction({ name: "get_weather", parameters })], tool_choice: "required",
        });
        const [{ finish_reason: finish, message }] = completion.choices;
        assert.equal(finish, "tool_calls");
        assert.deepEqual(message.tool_calls.map((call: any) => [call.type, call.function.name, call.function.parsed_arguments]), [["function", "get_weather", weather]]);
      });

      const [before, between, after] = fillingTexts;
      const legacy = [
        { what: "a legacy completion", asked: { prompt: "One, two," }, system: completionText, told: "One, two," },
        { what: "a legacy completion of a gap", asked: { prompt: "f(", suffix: ")\n" }, system: fillingText, told: `${before}f(${between})\n${after}` },
      ];
      for (const { what, asked, system, told } of legacy) {
        await t.test(`${what}, whole and streamed`, deadline, async () => {
          const first = stub.requests.length;
          const request = { model: "sonnet", max_tokens: 64, ...asked };
          const completion = await client.completions.create({ ...request, echo: true });
          const [choice] = completion.choices;
          assert.deepEqual([completion.object, choice.text, choice.finish_reason], ["text_completion", asked.prompt + plainText, "stop"]);
          assert.deepEqual([completion.usage.prompt_tokens, completion.usage.completion_tokens, completion.usage.total_tokens], [usage.prompt, usage.completion, usage.total]);
          const chunks: any[] = [];
          for await (const chunk of await client.completions.create({ ...request, stream: true, stream_options: { include_usage: true } })) chunks.push(chunk);
          const choices = chunks.flatMap((chunk) => chunk.choices);
          assert.deepEqual(choices.map(({ text }) => text).filter((text) => text !== ""), [...plainPieces], "as the model sent them");
          assert.deepEqual([choices.at(-1).finish_reason, chunks.at(-1).usage.total_tokens], ["stop", usage.total]);
          const requests = requestsSince(stub, first);
          assert.equal(requests.length, 2);
          for (const { body } of requests) {
            assert.deepEqual([upstreamMessages(body), body.max_tokens, (body.thinking as any)?.type ?? "disabled"], [[`user: ${told}`], 64, "disabled"]);
            assert.ok(JSON.stringify(body.system).includes(system), "what the answer is to be");
          }
        });
      }

      await t.test("the models, and one that there is not", deadline, async () => {
        const ids: string[] = [];
        for await (const { id } of await client.models.list()) ids.push(id);
        assert.ok(ids.includes("opus") && ids.includes("sonnet"), ids.join());
        const { id, context_length: window, max_output_tokens: answer } = await client.models.retrieve("sonnet");
        assert.ok(id === "sonnet" && window >= 200_000 && answer >= 64_000, `as the CLI told with the turns before: ${window}, ${answer}`);
        await assert.rejects(client.chat.completions.create({ ...ask("hello"), model: "gpt-4o" }), ({ name, status, code, param }: any) => {
          assert.deepEqual([status, code, param], [404, "model_not_found", "model"]);
          return typeof name === "string";
        });
      });
    });

    // As in `apiRunsFor`.
    if (version === claudeVersions[0]) test(`${described.name} by the Responses API on claude ${version}`, { skip: missing(installed), timeout: suiteMsMax }, async (t) => {
      const { url, stub } = await startInterop(t, version);
      const { responses } = await configure(described, url, { openai: installed });
      const { zodResponsesFunction, zodTextFormat } = await load(`${installed}/helpers/zod`);
      const { z } = await load("zod");
      const ask = (input: unknown) => ({ model: "sonnet", input });
      const counted = ({ input_tokens: input, input_tokens_details: details, output_tokens: output, total_tokens: total }: any) => [input, details.cached_tokens, output, total];
      const oneAnswer = [usage.prompt, usage.cached, usage.completion, usage.total];

      await t.test("a plain answer", deadline, async () => {
        const before = stub.requests.length;
        const response = await responses.create({ ...ask([{ role: "user", content: [{ type: "input_text", text: "hello" }] }]), instructions: "Be terse." });
        assert.deepEqual([response.status, response.output_text, counted(response.usage)], ["completed", plainText, oneAnswer]);
        assert.match(response._request_id, /./, "the library found the x-request-id");
        const [request, ...more] = requestsSince(stub, before);
        assert.equal(more.length, 0);
        assert.deepEqual(upstreamMessages(request!.body), ["user: hello"]);
        assert.match(JSON.stringify(request!.body.system), /Be terse\./);
      });

      await t.test("a streamed answer", deadline, async () => {
        const events: any[] = [];
        for await (const event of await responses.create({ ...ask("hello"), stream: true })) events.push(event);
        const deltas = events.flatMap(({ type, delta }) => (type === "response.output_text.delta" ? [delta] : []));
        assert.deepEqual(deltas, [...plainPieces], "as the model sent them");
        assert.deepEqual(events.map(({ sequence_number: number }) => number), events.map((_, index) => index));
        const { type, response } = events.at(-1);
        assert.deepEqual([type, response.status, counted(response.usage)], ["response.completed", "completed", oneAnswer]);
      });

      await t.test("the stream helper assembles what was streamed", deadline, async () => {
        const stream = responses.stream(ask("hello"));
        let [heard, snapshot] = ["", ""];
        stream.on("response.output_text.delta", (event: any) => { heard += event.delta; snapshot = event.snapshot; });
        const response = await stream.finalResponse();
        assert.deepEqual([heard, snapshot, response.output_text, response.status], [plainText, plainText, plainText, "completed"]);
      });

      // A kind of tool: what the model gives it, the item that the client reads of it, and the item in which it answers.
      const kinds = [
        { tool: { type: "function", name: "get_weather", parameters: { type: "object", properties: { city: { type: "string" } } }, strict: false }, input: weather, called: ["function_call", JSON.stringify(weather)] },
        { tool: { type: "custom", name: "run" }, input: { input: "print(\"ü\")\n" }, called: ["custom_tool_call", "print(\"ü\")\n"] },
      ] as const;
      for (const { tool, input, called: [type, text] } of kinds) {
        for (const goesOn of ["from the response before", "with the whole history"] as const) {
          await t.test(`a ${type} and its result, ${goesOn}`, deadline, async () => {
            const before = stub.requests.length;
            const order = callOrder(tool.name, input);
            const isStored = goesOn === "from the response before";
            const first = await responses.create({ ...ask(order), tools: [tool], store: isStored });
            const [thought, call, ...others] = first.output;
            assert.deepEqual([thought.type, thought.summary.map((part: any) => part.text), others.length], ["reasoning", [thoughts], 0]);
            assert.deepEqual([call.type, call.name, call.arguments ?? call.input], [type, tool.name, text]);
            const result = { type: `${type}_output`, call_id: call.call_id, output: "Rain & 12°" };
            const second = isStored
              ? await responses.create({ ...ask([result]), previous_response_id: first.id, tools: [tool] })
              : await responses.stream({ ...ask([{ role: "user", content: order }, ...first.output, result]), tools: [tool], store: false }).finalResponse();
            assert.equal(second.output_text, toolReply("Rain & 12°"));
            judgeRoundTrip(stub, before, { tool: tool.name, input, result: "Rain & 12°" });
          });
        }
      }

      await t.test("parse gives a document of the zod schema", deadline, async () => {
        const asked = { ...ask(jsonOrder(document)), text: { format: zodTextFormat(z.object({ title: z.string(), steps: z.array(z.string()) }), "plan") } };
        assert.deepEqual((await responses.parse(asked)).output_parsed, document);
        assert.deepEqual((await responses.stream(asked).finalResponse()).output_parsed, document);
      });

      await t.test("parse gives a strict tool's arguments", deadline, async () => {
        const tools = [zodResponsesFunction({ name: "get_weather", parameters: z.object({ city: z.string(), days: z.number() }) })];
        const { output } = await responses.parse({ ...ask(callOrder("get_weather", weather)), tools, tool_choice: "required" });
        assert.deepEqual(output.map(({ type, name, parsed_arguments: parsed }: any) => [type, name, parsed]), [["reasoning", undefined, undefined], ["function_call", "get_weather", weather]]);
      });

      await t.test("a response is kept until it is deleted, and one that there is not is named", deadline, async () => {
        const { id, output } = await responses.create(ask("hello"));
        assert.deepEqual((await responses.retrieve(id)).output, output);
        await responses.delete(id);
        await assert.rejects(responses.retrieve(id), { status: 404 });
        await assert.rejects(responses.create({ ...ask("And now?"), previous_response_id: id }), ({ status, code, param }: any) => {
          assert.deepEqual([status, code, param], [400, "previous_response_not_found", "previous_response_id"]);
          return true;
        });
        await assert.rejects(responses.create({ ...ask("hello"), model: "gpt-4o" }), { status: 404, code: "model_not_found", param: "model" });
      });
    });
  }
}

/** Anthropic's own library for Node, with the helpers that read streams most strictly. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  callOrder, exchangeMsMax, jsonOrder, judgeRoundTrip, plainPieces, plainText, requestsSince, startInterop, suiteMsMax, thoughts, toolReply, upstreamMessages,
} from "../support/interop.ts";
import { conversationOf } from "../support/anthropic-stub.ts";
import { countedTokens } from "../support/counted-tokens.ts";
import { versionsFor } from "./client-runs.ts";
import { clients, configure, load, missing } from "./clients.ts";

const described = clients.anthropic;
const { installedAs: installed } = described;
const weather = { city: "Zürich", days: 3 };
const document = { title: "A \"plan\"", steps: ["one", "two"] };
const deadline = { timeout: exchangeMsMax };
const said = ({ content }: any): string => content.map(({ text = "" }) => text).join("");
const counted = ({ input_tokens: input, cache_read_input_tokens: read, cache_creation_input_tokens: written, output_tokens: output }: any): readonly number[] => [input, read, written, output];
const oneAnswer = [20, 4, 1, 7];

for (const version of versionsFor(described)) {
  test(`${described.name} on claude ${version}`, { skip: missing(installed), timeout: suiteMsMax }, async (t) => {
    const { url, stub } = await startInterop(t, version, {}, { mayCount: true });
    const client = await configure(described, url, { "@anthropic-ai/sdk": installed });
    const { zodOutputFormat } = await load(`${installed}/helpers/zod`);
    const { betaZodTool } = await load(`${installed}/helpers/beta/zod`);
    const { z } = await load("zod");
    const ask = (content: unknown) => ({ model: "sonnet", max_tokens: 4_000, messages: [{ role: "user", content }] });

    await t.test("a plain answer", deadline, async () => {
      const before = stub.requests.length;
      const message = await client.messages.create({ ...ask([{ type: "text", text: "hello" }]), system: "Be terse." });
      assert.deepEqual([message.type, message.role, said(message), message.stop_reason, counted(message.usage)], ["message", "assistant", plainText, "end_turn", oneAnswer]);
      assert.match(message._request_id, /./u, "the library found the request-id");
      const [request, ...more] = requestsSince(stub, before);
      assert.equal(more.length, 0);
      assert.deepEqual(upstreamMessages(request!.body), ["user: hello"]);
      assert.match(JSON.stringify(request!.body.system), /Be terse\./u);
    });

    await t.test("a streamed answer", deadline, async () => {
      const events: any[] = [];
      for await (const event of await client.messages.create({ ...ask("hello"), stream: true })) events.push(event);
      assert.deepEqual(events.flatMap(({ delta }) => (delta?.type === "text_delta" ? [delta.text] : [])), [...plainPieces], "as the model sent them");
      assert.deepEqual([events[0].type, events.at(-1).type], ["message_start", "message_stop"]);
    });

    await t.test("the stream helper assembles what was streamed, thoughts and all, and they go back", deadline, async () => {
      const before = stub.requests.length;
      const thinking = { type: "adaptive" };
      const stream = client.messages.stream({ ...ask("hello"), thinking });
      let [heard, thought] = ["", ""];
      stream.on("text", (delta: string) => { heard += delta; }).on("thinking", (delta: string) => { thought += delta; });
      const message = await stream.finalMessage();
      assert.deepEqual([heard, said(message), thought, counted(message.usage)], [plainText, plainText, thoughts, oneAnswer]);
      assert.deepEqual([message.content[0].type, message.content[0].thinking], ["thinking", thoughts]);
      assert.notEqual(message.content[0].signature, "");
      const messages = [...ask("hello").messages, { role: "assistant", content: message.content }, { role: "user", content: "And now?" }];
      assert.equal(said(await client.messages.create({ ...ask(""), messages, thinking })), plainText);
      const { body } = requestsSince(stub, before).at(-1)!;
      const [, answer] = conversationOf(body);
      assert.equal((answer?.content as any[])[0].signature, message.content[0].signature);
    });

    for (const stream of [false, true]) {
      await t.test(`the tool runner calls the tool and takes its result back${stream ? ", streamed" : ""}`, deadline, async () => {
        const before = stub.requests.length;
        const runs: unknown[] = [];
        const tool = betaZodTool({
          name: "get_weather", description: "The weather.", inputSchema: z.object({ city: z.string(), days: z.number() }),
          run: (input: unknown) => { runs.push(input); return "Rain & 12°"; },
        });
        const runner = client.beta.messages.toolRunner({ ...ask(callOrder("get_weather", weather)), tools: [tool], stream });
        assert.equal(said(await runner.runUntilDone()), toolReply("Rain & 12°"));
        assert.deepEqual(runs, [weather]);
        judgeRoundTrip(stub, before, { tool: "get_weather", input: weather, result: "Rain & 12°" });
      });
    }

    await t.test("parse gives a document of the zod schema", deadline, async () => {
      const format = zodOutputFormat(z.object({ title: z.string(), steps: z.array(z.string()) }));
      const message = await client.messages.parse({ ...ask(jsonOrder(document)), output_config: { format } });
      assert.deepEqual(message.parsed_output, document);
    });

    await t.test("countTokens is near what goes up then, and asks no model", deadline, async () => {
      const before = stub.requests.length;
      const input_schema = { type: "object", properties: { city: { type: "string", description: "Where to look. ".repeat(400) } } };
      const asked = { ...ask("hello ".repeat(500)), system: "Be terse. ".repeat(100), tools: [{ name: "get_weather", description: "The weather.", input_schema }] };
      const { max_tokens: _bound, ...counted } = asked;
      const { data, response } = await client.messages.countTokens(counted).withResponse();
      assert.equal(response.headers.get("x-claude-token-count"), "estimate");
      assert.equal((await client.beta.messages.countTokens(counted)).input_tokens, data.input_tokens);
      await client.messages.create(asked);
      const [request, ...more] = requestsSince(stub, before);
      assert.equal(more.length, 0);
      const tokens = countedTokens(request!.body);
      assert.ok(tokens > 2_000 && Math.abs(data.input_tokens - tokens) < 0.05 * tokens, `${data.input_tokens} for ${tokens}`);
    });

    await t.test("the models, and what there is not", deadline, async () => {
      const ids: string[] = [];
      for await (const { id, type } of client.models.list({ limit: 2 })) ids.push(`${type} ${id}`);
      assert.ok(ids.includes("model opus") && ids.includes("model sonnet"), ids.join());
      const { id, max_input_tokens: window, max_tokens: answer } = await client.models.retrieve("sonnet");
      assert.ok(id === "sonnet" && window >= 200_000 && answer >= 64_000, `as the CLI told with the turns before: ${window}, ${answer}`);
      for (const [body, status, type] of [[{ ...ask("hello"), model: "gpt-4o" }, 404, "not_found_error"], [{ ...ask("hello"), max_tokens: 0 }, 400, "invalid_request_error"]] as const) {
        await assert.rejects(client.messages.create(body), (error: any) => {
          assert.deepEqual([error.status, error.error.error.type], [status, type]);
          assert.match(error.requestID, /./u);
          return true;
        });
      }
    });
  });
}

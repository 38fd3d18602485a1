/** Function calling on the real CLI, with the stub in place of Anthropic: what goes upstream, how often, and from which process. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { brokenAnswer, conversationOf, type StubContentBlock, type StubRequestBody, textAnswer, toolUseAnswer } from "../support/anthropic-stub.ts";
import { judgeChatStream } from "../support/chat-wire.ts";
import { healthOf } from "../support/health.ts";
import { claudeVersions } from "../support/real-claude.ts";
import { claudesOf, startReal as start } from "../support/real-server.ts";
import { chatRequest, readBytes } from "../support/sse.ts";

type ChatMessage = Readonly<Record<string, unknown>>;

const blocksOf = (body: StubRequestBody, type: string): StubContentBlock[] =>
  conversationOf(body).flatMap(({ content }) => (typeof content === "string" ? [] : content.filter((block) => block.type === type)));

/**
 * What the cache upstream goes by: all but the marks of where it is to keep something. A message that gets one has its text
 * in a block, and as a string when it has lost it; both are the same to the model.
 */
const withoutMarks = (value: unknown): string => JSON.stringify(value, (key, inner: unknown) => {
  if (key === "cache_control") return undefined;
  return key === "content" && typeof inner === "string" ? [{ type: "text", text: inner }] : inner;
});

/** The answer as OpenAI's SDK puts it together from a stream, with the deltas of the calls as they came. */
async function streamed(client: any, request: object): Promise<{ readonly message: any; readonly finish: string; readonly deltas: readonly any[] }> {
  const stream = client.chat.completions.stream({ model: "sonnet", ...request });
  const deltas: any[] = [];
  stream.on("chunk", ({ choices }: any) => deltas.push(...choices.flatMap(({ delta }: any) => delta.tool_calls ?? [])));
  const { choices: [{ message, finish_reason: finish }] } = await stream.finalChatCompletion();
  return { message, finish, deltas };
}

const parameters = { type: "object", properties: { city: { type: "string" }, hours: { type: "array", items: { type: "integer" } } }, required: ["city"], additionalProperties: false };
const functionTool = (name: string, description: string, schema: object = parameters): object => ({ type: "function", function: { name, description, parameters: schema } });

const parallelCalls = [
  { name: "get_weather", input: { city: "Zürich \"ZH\"", hours: [1, 2] }, fragments: ['{"city": "Zür', 'ich \\"ZH\\"", ', '"hours": [1,2]}'] },
  { name: "get_time", input: { city: "Basel" }, fragments: ['{"city"', ': "Basel"}'] },
];
const results = ["Rain & 12°", "noon\n"];

for (const version of claudeVersions) {
  describe(`function calling on claude ${version}`, { concurrency: 2 }, () => {
    it("two parallel calls, streamed, whose results come in reverse order, cost one more request, which holds both of each: on the same process, and after a restart", async (t) => {
      const { stub, startServer } = await start(t, version);
      stub.respond = ({ body }) => (blocksOf(body, "tool_result").length === 0 ? toolUseAnswer(parallelCalls, { textBefore: "Let me look." }) : textAnswer(["It rains ", "at noon."]));
      const request = {
        tools: [functionTool("get_weather", "The weather."), functionTool("get_time", "The time.")],
        messages: [{ role: "system", content: "Be terse." }, { role: "user", content: "How is it there?" }] as ChatMessage[],
      };
      const first = await startServer();

      const { message, finish, deltas } = await streamed(first.client, request);
      assert.deepEqual([finish, message.content], ["tool_calls", "Let me look."]);
      assert.deepEqual(message.tool_calls.map((call: any) => [call.type, call.function.name, JSON.parse(call.function.arguments)]), parallelCalls.map(({ name, input }) => ["function", name, input]));
      assert.deepEqual(deltas.map(({ index }) => index), [0, 0, 0, 0, 1, 1, 1], "a delta that announces and one a fragment, for each");
      assert.equal(stub.requests.length, 1);
      const pids = claudesOf(first.bridge);
      assert.equal(pids.length, 1, "it waits for the results");

      const [one, two] = message.tool_calls;
      const answered = {
        ...request,
        messages: [...request.messages, message, { role: "tool", tool_call_id: two.id, content: results[1] }, { role: "tool", tool_call_id: one.id, content: results[0] }],
      };
      const before = (await healthOf(first.bridge.url)).turns;
      const goneOn = await streamed(first.client, answered);
      assert.deepEqual([goneOn.finish, goneOn.message.content, goneOn.deltas], ["stop", "It rains at noon.", []]);
      assert.deepEqual(claudesOf(first.bridge), pids, "the same process");
      assert.deepEqual((await healthOf(first.bridge.url)).turns, { ...before, went_on: before.went_on + 1 });
      assert.equal(stub.requests.length, 2, "exactly one more");

      await first.bridge.stop();
      const second = await startServer();
      const replayed = await streamed(second.client, answered);
      assert.deepEqual([replayed.finish, replayed.message.content, replayed.deltas], ["stop", "It rains at noon.", []]);
      assert.equal((await healthOf(second.bridge.url)).turns.went_on, 0);
      assert.equal(stub.requests.length, 3, "exactly one more");

      for (const { body } of stub.requests.slice(1)) {
        const [uses, given] = [blocksOf(body, "tool_use"), blocksOf(body, "tool_result")];
        assert.deepEqual(uses.map(({ name, input }) => ({ name, input })), parallelCalls.map(({ name, input }) => ({ name, input })));
        assert.deepEqual(given.map((block) => block["tool_use_id"]), uses.map((block) => block["id"]), "each with its own call");
        assert.deepEqual(given.map((block) => textIn(block["content"])), results);
        assert.deepEqual(conversationOf(body).map(({ role }) => role), ["user", "assistant", "user"]);
      }
    });

    it("lone surrogates in the arguments of a call, in a key of theirs too, do not break the request", async (t) => {
      const { stub, startServer } = await start(t, version);
      const { client } = await startServer();
      stub.respond = () => textAnswer(["Well."]);
      const call = { id: "call_1", type: "function", function: { name: "get_weather", arguments: '{"city":"Z\\ud83d","k\\ud83d":1}' } };
      const answer = await client.chat.completions.create({
        model: "sonnet",
        tools: [functionTool("get_weather", "The weather \ud83d.")],
        messages: [
          { role: "user", content: "How is it there?" }, { role: "assistant", content: null, tool_calls: [call] },
          { role: "tool", tool_call_id: "call_1", content: "Rain \ud83d" },
        ],
      });
      assert.equal(answer.choices[0].message.content, "Well.");
      const [{ body } = assert.fail()] = stub.requests;
      assert.deepEqual(blocksOf(body, "tool_use").map(({ input }) => input), [{ city: "Z\ufffd", "k\ufffd": 1 }]);
    });

    // 2.1.330 does so only where it was quick enough to hold back what came first: on a busy machine it is an honest 502.
    if (version === "2.1.197") it("an answer whose stream broke, and that came again in one piece, is told whole, and goes on with its calls on the same process", async (t) => {
      const broken = brokenAnswer([]);
      const { stub, startServer } = await start(t, version, 1);
      const { client, bridge } = await startServer();
      stub.respond = (_request, index) => [broken, toolUseAnswer(parallelCalls, { textBefore: "Looking.", thinking: ["So"] }), textAnswer(["Seen."])][index] ?? assert.fail();
      const tools = parallelCalls.map(({ name }) => functionTool(name, "Looks."));
      const messages = [{ role: "user", content: "look twice" }];
      const { choices: [asked] } = await client.chat.completions.create({ model: "sonnet", messages, tools });
      assert.notEqual(stub.requests[1]?.body.stream, true, "it was asked for in one piece");
      assert.deepEqual([asked.finish_reason, asked.message.content], ["tool_calls", "Looking."]);
      assert.deepEqual(asked.message.tool_calls.map((call: any) => [call.function.name, JSON.parse(call.function.arguments)]), parallelCalls.map(({ name, input }) => [name, input]));
      const results = asked.message.tool_calls.map(({ id }: any, index: number) => ({ role: "tool", tool_call_id: id, content: `result ${index}` }));
      const { choices: [answered] } = await client.chat.completions.create({ model: "sonnet", tools, messages: [...messages, asked.message, ...results.reverse()] });
      assert.deepEqual([answered.finish_reason, answered.message.content], ["stop", "Seen."]);
      assert.equal(stub.requests.length, 3);
      assert.equal((await healthOf(bridge.url)).turns.went_on, 1);
      assert.deepEqual(blocksOf(stub.requests[2]?.body ?? assert.fail(), "tool_result").map(({ content }) => JSON.stringify(content)).map((content) => /result \d/u.exec(content)?.[0]), ["result 0", "result 1"]);
    });

    it("a call of a tool that is not served has the client's result too, beside that of one that is", async (t) => {
      const { stub, startServer } = await start(t, version);
      const { client } = await startServer();
      const calls = [{ name: "look", input: { city: "Basel" } }, { name: "ghost", input: { city: "Bern" } }];
      stub.respond = (_request, index) => [toolUseAnswer(calls), textAnswer(["So."]), textAnswer(["On."])][index] ?? assert.fail(`request ${index}`);
      const tools = [functionTool("look", "Looks.")];
      const messages: ChatMessage[] = [{ role: "user", content: "look" }];
      const { message } = await streamed(client, { messages, tools });
      assert.deepEqual(message.tool_calls.map((call: any) => call.function.name), calls.map(({ name }) => name));
      messages.push(message, ...message.tool_calls.map(({ id }: any, index: number) => ({ role: "tool", tool_call_id: id, content: `result ${index}` })));
      const { message: answer } = await streamed(client, { messages, tools });
      messages.push(answer, { role: "user", content: "and?" });
      await streamed(client, { messages, tools });
      for (const { body } of stub.requests.slice(-2)) {
        assert.deepEqual(blocksOf(body, "tool_result").map(({ content }) => /result \d/u.exec(JSON.stringify(content))?.[0]), ["result 0", "result 1"]);
      }
    });

    it("a history whose calls have ids of one another with a number behind them goes up with every result", async (t) => {
      const { stub, startServer } = await start(t, version);
      const { client } = await startServer();
      const call = (id: string): object => ({ id, type: "function", function: { name: "look", arguments: "{}" } });
      const ids = [["b", "b_2"], ["b", "call_1"], ["call_1", "b_3"]];
      const messages = [{ role: "user", content: "look" }, ...ids.flatMap((pair, turn) => [
        { role: "assistant", content: null, tool_calls: pair.map(call) },
        ...pair.map((id, index) => ({ role: "tool", tool_call_id: id, content: `result ${turn}.${index}` })),
      ])];
      await client.chat.completions.create({ model: "sonnet", tools: [functionTool("look", "Looks.")], messages });
      const results = blocksOf(stub.requests[0]?.body ?? assert.fail(), "tool_result");
      const texts = results.map(({ content }) => /result \d\.\d/u.exec(JSON.stringify(content))?.[0]);
      assert.deepEqual(texts, ["result 0.0", "result 0.1", "result 1.0", "result 1.1", "result 2.0", "result 2.1"]);
    });

    it("the bytes of a stream of thoughts, words and parallel calls, and of what follows the results, have none of the faults that break clients", async (t) => {
      const { stub, startServer } = await start(t, version);
      stub.respond = ({ body }) => (blocksOf(body, "tool_result").length === 0
        ? toolUseAnswer(parallelCalls, { textBefore: "Let \u2028me\n\n look.", thinking: ["hm “", "é”"] }) : textAnswer(["It rains ", "at noon.\r\n"]));
      const { bridge } = await startServer();
      const messages: ChatMessage[] = [{ role: "user", content: "How is it there?" }];
      const judged = async () => {
        const tools = [functionTool("get_weather", "The weather."), functionTool("get_time", "The time.")];
        const response = await chatRequest(bridge.url, { model: "sonnet", stream: true, stream_options: { include_usage: true }, tools, messages });
        assert.equal(response.status, 200);
        return judgeChatStream(await readBytes(response), { isUsageAsked: true });
      };
      const { calls, finish, text, reasoning } = await judged();
      assert.deepEqual([finish, text, reasoning], ["tool_calls", "Let \u2028me\n\n look.", "hm “é”"]);
      assert.deepEqual(calls.map(({ name, json }) => ({ name, input: JSON.parse(json) })), parallelCalls.map(({ name, input }) => ({ name, input })));
      messages.push({ role: "assistant", content: text, tool_calls: calls.map(({ id, name, json }) => ({ id, type: "function", function: { name, arguments: json } })) });
      messages.push(...calls.map(({ id }, index) => ({ role: "tool", tool_call_id: id, content: results[index] })));
      const after = await judged();
      assert.deepEqual([after.finish, after.text, after.calls], ["stop", "It rains at noon.\r\n", []]);
      assert.equal((await healthOf(bridge.url)).turns.went_on, 1);
    });

    it("a prompt of 60 tools, one described in 12,000 characters, arrives whole; ten calls after one another have one process, no replay, and a cache that holds", async (t) => {
      const { stub, startServer } = await start(t, version);
      const calls = 10;
      const long = Array.from({ length: 12_000 }, (_, index) => (index % 75 === 74 ? "\n" : String.fromCodePoint(97 + ((index * 7) % 26)))).join("");
      const schemaOf = (index: number): object => ({
        type: "object", $schema: "http://json-schema.org/draft-07/schema#", additionalProperties: false, required: [`path_${index}`],
        properties: { [`path_${index}`]: { type: "string", description: `Absolute, "quoted"; number ${index}.` }, mode: { type: ["string", "null"], enum: ["a", "b", null] }, lines: { type: "array", items: { $ref: "#/$defs/line" } } },
        $defs: { line: { type: "object", properties: { at: { type: "integer", minimum: 1 } } } },
      });
      const tools = Array.from({ length: 60 }, (_, index) => ({ name: `tool_${index}`, description: index === 30 ? long : `Does number ${index}. ${"More of it. ".repeat(20)}`, schema: schemaOf(index) }));
      const system = `You are an agent.\n${"A rule that is long, with \"quotes\" and a \\ in it.\n".repeat(400)}`;
      stub.respond = ({ body }) => {
        const done = blocksOf(body, "tool_result").length;
        return done < calls ? toolUseAnswer([{ name: `tool_${done * 6}`, input: { [`path_${done * 6}`]: `/a/${done}` } }], { textBefore: `Step ${done}.` }) : textAnswer(["All ", "done."]);
      };
      const { bridge, client } = await startServer();
      const messages: ChatMessage[] = [{ role: "system", content: system }, { role: "user", content: "Work." }];
      const pids: number[][] = [];
      for (let turn = 0; turn <= calls; turn++) {
        const { message } = await streamed(client, { messages, tools: tools.map(({ name, description, schema }) => functionTool(name, description, schema)) });
        pids.push(claudesOf(bridge));
        messages.push(message);
        if (turn === calls) {
          assert.equal(message.content, "All done.");
          break;
        }
        const [call, ...more] = message.tool_calls;
        assert.deepEqual([call.function.name, more], [`tool_${turn * 6}`, []]);
        messages.push({ role: "tool", tool_call_id: call.id, content: `Result ${turn}: ${"x".repeat(turn * 500)}.` });
      }

      assert.equal(pids[0]?.length, 1);
      assert.ok(pids.every((here) => here.join() === pids[0]?.join()), `one process: ${pids.join(" | ")}`);
      const { turns, processes } = await healthOf(bridge.url);
      assert.deepEqual([turns.went_on, turns.rewound, Object.entries(turns.told).filter(([, count]) => count > 0)], [calls, 0, [["first_message", 1]]]);
      assert.equal(processes.resting, 1);
      assert.equal(stub.requests.length, calls + 1, "one request a turn");

      const bodies = stub.requests.map(({ body }) => body);
      for (const { tools: upstream = [], system: told } of bodies) {
        // The CLI sorts them by name, so that their order is the cache's too.
        assert.deepEqual(upstream.map(({ name }) => name), tools.map(({ name }) => name).sort());
        for (const { description, input_schema: schema, ...rest } of upstream) {
          const sent = tools.find(({ name }) => name === rest.name) ?? assert.fail();
          const { description: goesOn = "", ...own } = schema as { readonly description?: string };
          assert.equal(`${description}${goesOn}`, sent.description, "the whole description, in its place or going on in the schema's");
          // It goes up as the draft that the API takes.
          const { $schema: _draft, ...meant } = sent.schema as { readonly $schema?: string };
          assert.deepEqual(own, meant);
          assert.deepEqual(Object.keys(rest).filter((name) => name !== "name" && name !== "cache_control"), [], "nor deferred");
        }
        assert.ok(withoutMarks(told).includes(JSON.stringify(system).slice(1, -1)));
      }
      for (const [index, body] of bodies.entries()) {
        const next = bodies[index + 1];
        if (next === undefined) break;
        assert.equal(withoutMarks(next.tools), withoutMarks(body.tools));
        assert.equal(withoutMarks(next.system), withoutMarks(body.system));
        const [shorter, longer] = [body, next].map(({ messages: all }) => all.map(withoutMarks));
        assert.deepEqual(longer?.slice(0, shorter?.length), shorter, `request ${index + 1} begins, to the byte, with all of request ${index}`);
      }
      assert.deepEqual(blocksOf(bodies.at(-1) ?? assert.fail(), "tool_result").map((block) => textIn(block["content"])), Array.from({ length: calls }, (_, turn) => `Result ${turn}: ${"x".repeat(turn * 500)}.`));
    });
  });
}

function textIn(content: unknown): unknown {
  return Array.isArray(content) ? content.map((part: StubContentBlock) => part.text ?? JSON.stringify(part)).join("") : content;
}

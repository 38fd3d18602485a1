/** What clients do to a conversation, seen from a client: on which processes it goes on, and what goes upstream then. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AnthropicStub, conversationOf, hangingAnswer, textAnswer, textOf, toolUseAnswer } from "../support/anthropic-stub.ts";
import { healthOf, waitForHealth } from "../support/health.ts";
import { claudeVersions } from "../support/real-claude.ts";
import { claudesOf, type RealServer, startReal } from "../support/real-server.ts";
import { sampleOf } from "../support/sample.ts";

interface Said { readonly role: "system" | "user" | "assistant"; readonly content: string }

/** A process is started for each. */
const settingsCompared = sampleOf({ what: "settings of a moved process", small: 2, large: 2, whole: 7 });

const system: Said = { role: "system", content: "Be terse." };
const user = (content: string): Said => ({ role: "user", content });
const assistant = (content: string): Said => ({ role: "assistant", content });

describe("a process is moved to where the request's history stands", () => {
  for (const version of claudeVersions) {
    /** Whether the CLI can take back the first message of a conversation. */
    const canBeEmptied = version === "2.1.330";

    it(`claude ${version}: an edit, an answer asked for again, a branch and a note taken back start no process`, async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge, client } = await startServer();
      let answers = 0;
      stub.respond = () => textAnswer([`Answer ${++answers}`]);
      const ask = async (...messages: readonly Said[]): Promise<string> => {
        const completion = await client.chat.completions.create({ model: "sonnet", messages: [system, ...messages] });
        const upstream = conversationOf(stub.requests.at(-1)?.body ?? assert.fail()).map(({ role, content }) => ({ role, content: textOf(content) }));
        assert.deepEqual(upstream, messages, "upstream has what the client sent");
        return completion.choices[0].message.content as string;
      };
      const history: Said[] = [user("one")];
      for (const next of ["two", "three", "four"]) history.push(assistant(await ask(...history)), user(next));
      const [pid] = claudesOf(bridge);
      await ask(...history);
      await ask(...history);
      await ask(...history.slice(0, -1), user("edited"));
      await ask(...history.slice(0, 3), assistant("another answer"), user("branched"));
      for (const note of [1, 2, 3]) await ask(...history.slice(0, -1), user(`four, and note ${note}`));
      assert.deepEqual(claudesOf(bridge), [pid]);
      const { turns } = await waitForHealth(bridge.url, ({ running_turns }) => running_turns === 0);
      assert.deepEqual([turns.went_on, turns.rewound], [3, 6]);
    });

    it(`claude ${version}: eight answers that the client stops, each answered by the next request`, async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const server = await startServer();
      const { bridge, client } = server;
      stub.respond = ({ body }) => (textOf(conversationOf(body).at(-1)?.content).startsWith("stop") ? hangingAnswer() : textAnswer(["Fine."]));
      const history: Said[] = [system, user("one")];
      const first = await client.chat.completions.create({ model: "sonnet", messages: history });
      history.push(assistant(first.choices[0].message.content as string));
      const [pid] = claudesOf(bridge);
      for (let round = 0; round < 8; round++) await askAndStop(server, [...history, user(`stop ${round}`)], () => stub.waitForRequests(round + 2, 60_000));
      const last = await client.chat.completions.create({ model: "sonnet", messages: [...history, user("and now?")] });
      assert.equal(last.choices[0].message.content, "Fine.");
      assert.deepEqual(claudesOf(bridge), [pid]);
      const { turns: { told } } = await healthOf(bridge.url);
      assert.equal(Object.values(told).reduce((sum, count) => sum + count, 0), 1, "the first request alone found no process with its history");
      const upstream = conversationOf(stub.requests.at(-1)?.body ?? assert.fail()).map(({ content }) => textOf(content));
      assert.deepEqual(upstream, ["one", "Fine.", "and now?"], "no trace of what was stopped");
    });

    it(`claude ${version}: new conversations with a known beginning`, async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge, client } = await startServer();
      stub.respond = () => textAnswer(["Fine."]);
      const bodies: string[] = [];
      for (const question of ["one", "two", "three", "one"]) {
        await client.chat.completions.create({ model: "sonnet", messages: [system, user(question)] });
        bodies.push(JSON.stringify({ ...stub.requests.at(-1)?.body, metadata: undefined }));
      }
      assert.equal(bodies[3], bodies[0], "an emptied process sends what a fresh one does, byte for byte but for its session");
      const { turns: { told_on: toldOn } } = await healthOf(bridge.url);
      // The last asks for its first answer again where that process was not given away.
      if (canBeEmptied) assert.deepEqual(toldOn, { recycled: 3, warm: 0, booted: 1 });
      else assert.deepEqual(toldOn, { recycled: 0, warm: 0, booted: 4 });
    });

    it(`claude ${version}: each turn's token limit, effort and thinking are those that it asks for, on one process`, async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const server = await startServer();
      stub.respond = () => textAnswer(["Fine."]);
      const asked: readonly object[] = [
        { reasoning_effort: "low", max_completion_tokens: 5_000 }, {}, { reasoning_effort: "high" }, { reasoning_effort: "none" },
        { reasoning_effort: "low", max_completion_tokens: 700 }, { max_completion_tokens: 5_000 }, {},
      ];
      const bodiesOf = async ({ client }: RealServer, first: Said, ask: (index: number) => boolean): Promise<readonly (object | undefined)[]> => {
        const history: Said[] = [first];
        const bodies: (object | undefined)[] = [];
        for (const [index, settings] of asked.entries()) {
          history.push(user(`question ${index}`));
          if (ask(index)) await client.chat.completions.create({ model: "sonnet", messages: history, ...settings });
          bodies.push(ask(index) ? settingsOf(stub.requests.at(-1)?.body) : undefined);
          history.push(assistant("Fine."));
        }
        return bodies;
      };
      const live = await bodiesOf(server, system, () => true);
      assert.equal(claudesOf(server.bridge).length, 1);
      assert.equal((await healthOf(server.bridge.url)).turns.went_on, asked.length - 1);
      const other = await startServer();
      for (const index of [...asked.keys()].slice(0, settingsCompared)) {
        // No process that has had a turn is moved to another system prompt.
        const fresh = await bodiesOf(other, { ...system, content: `Be terse. This is fresh ${index}.` }, (one) => one === index);
        assert.deepEqual(live[index], fresh[index], JSON.stringify(asked[index]));
        const { turns: { told_on: { booted } } } = await healthOf(other.bridge.url);
        assert.equal(booted, index + 1, "on a process of its own");
      }
      const different = new Set(live.map((body) => JSON.stringify(body))).size;
      assert.ok(different >= asked.length - 2, `${different} are different: two ask for nothing, and 2.1.197's own effort is high`);
    });

    it(`claude ${version}: an effort that is taken back with its question is asked again with the next`, async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge, client } = await startServer();
      stub.respond = () => textAnswer(["Fine."]);
      const history: readonly Said[] = [system, user("one"), assistant("Fine.")];
      const ask = async (messages: readonly Said[], settings: object): Promise<string> => {
        await client.chat.completions.create({ model: "sonnet", messages, ...settings });
        return wholeBody(stub);
      };
      const none = await ask(history.slice(0, 2), {});
      const first = await ask([...history, user("two")], { reasoning_effort: "low" });
      assert.notEqual(JSON.stringify(settingsOf(JSON.parse(first) as object)), JSON.stringify(settingsOf(JSON.parse(none) as object)));
      assert.equal(await ask([...history, user("two")], { reasoning_effort: "low" }), first, "the answer is asked for again");
      assert.equal((await ask([...history, user("branched")], { reasoning_effort: "low" })).replaceAll("branched", "two"), first, "another question in its place");
      assert.deepEqual([claudesOf(bridge).length, (await healthOf(bridge.url)).turns.rewound], [1, 2]);
    });

    it(`claude ${version}: a history that was told, taken back and told otherwise is that of a new process`, async (t) => {
      const { stub, startServer } = await startReal(t, version);
      stub.respond = () => textAnswer(["Fine."]);
      const said = (name: string, count: number): Said[] => Array.from({ length: count }, (_, index) => (index % 2 === 0 ? user : assistant)(`${name} ${index}`));
      const ask = async ({ client }: RealServer, messages: readonly Said[]): Promise<string> => {
        await client.chat.completions.create({ model: "sonnet", messages: [system, ...messages] });
        return wholeBody(stub);
      };
      const server = await startServer();
      const ten = [...said("told", 10), user("asked")];
      await ask(server, ten);
      const branched = [...ten.slice(0, 4), ...said("branched", 2), user("asked otherwise")];
      const moved = await ask(server, branched);
      assert.deepEqual([claudesOf(server.bridge).length, (await healthOf(server.bridge.url)).turns.rewound], [1, 1]);
      assert.equal(moved, await ask(await startServer(), branched));
    });

    it(`claude ${version}: a client that leaves while its history is told leaves the process where it stood`, async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge, client } = await startServer();
      stub.respond = () => textAnswer(["Fine."]);
      const history: readonly Said[] = [system, user("one"), assistant("Fine.")];
      const ask = async (messages: readonly Said[]): Promise<string> => {
        await client.chat.completions.create({ model: "sonnet", messages });
        return wholeBody(stub);
      };
      await ask(history.slice(0, 2));
      const first = await ask([...history, user("two")]);
      const [pid] = claudesOf(bridge);
      const long = Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? user : assistant)(`${index}`));
      const leaving = new AbortController();
      const asking = client.chat.completions.create({ model: "sonnet", messages: [...history, ...long, user("never asked")] }, { signal: leaving.signal });
      const left = assert.rejects(asking as Promise<unknown>);
      await waitForHealth(bridge.url, ({ running_turns }) => running_turns === 1);
      leaving.abort();
      await left;
      await waitForHealth(bridge.url, ({ running_turns, processes }) => running_turns === 0 && processes.resting === 1);
      assert.equal(await ask([...history, user("two")]), first);
      assert.deepEqual([claudesOf(bridge), stub.requests.length], [[pid], 3]);
    });

    it(`claude ${version}: a model that the CLI does not list is asked once, and on a process of its own`, async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge, client } = await startServer();
      stub.respond = () => textAnswer(["Fine."]);
      for (const model of ["sonnet", "claude-opus-4-1", "sonnet"]) await client.chat.completions.create({ model, messages: [system, user("Hello.")] });
      assert.deepEqual(stub.requests.map(({ body }) => textOf(conversationOf(body).at(-1)?.content)), ["Hello.", "Hello.", "Hello."], "the CLI asks nothing of its own");
      assert.ok(claudesOf(bridge).length >= 2);
    });

    it(`claude ${version}: a second call that may not be is taken back, and the process goes on`, async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge, client } = await startServer();
      const tools = ["look", "hear"].map((name) => ({ type: "function", function: { name, parameters: { type: "object", properties: {} } } }));
      const calls = tools.map(({ function: { name } }) => ({ name, input: {} }));
      const history: object[] = [system, user("one")];
      stub.respond = () => textAnswer(["Fine."]);
      await client.chat.completions.create({ model: "sonnet", messages: history, tools, parallel_tool_calls: false });
      history.push(assistant("Fine."), user("two"));
      const [pid] = claudesOf(bridge);
      stub.respond = ({ body }) => (JSON.stringify(body.messages).includes("tool_result") ? textAnswer(["Done."]) : toolUseAnswer(calls));
      const { choices: [{ message }] } = await client.chat.completions.create({ model: "sonnet", messages: history, tools, parallel_tool_calls: false });
      assert.equal(message.tool_calls.length, 1);
      await waitForHealth(bridge.url, ({ processes }) => processes.resting === 1);
      history.push(message, { role: "tool", tool_call_id: message.tool_calls[0].id, content: "A bird." });
      const last = await client.chat.completions.create({ model: "sonnet", messages: history, tools, parallel_tool_calls: false });
      assert.equal(last.choices[0].message.content, "Done.");
      assert.deepEqual(claudesOf(bridge), [pid]);
      assert.equal(stub.requests.length, 3);
    });

    it(`claude ${version}: steps of an agent that says something beside each result take back the last answer${version === "2.1.330" ? " alone" : ""}, and a branch from them all calls, on one process`, async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge, client } = await startServer();
      const tools = [{ type: "function", function: { name: "look", parameters: { type: "object", properties: {} } } }];
      const asked = (): string => JSON.stringify(conversationOf(stub.requests.at(-1)?.body ?? assert.fail()).at(-1));
      stub.respond = () => (asked().includes("Enough") ? textAnswer(["Fine."]) : toolUseAnswer([{ name: "look", input: {} }], { textBefore: "I look." }));
      const blocks = (): object[] => conversationOf(stub.requests.at(-1)?.body ?? assert.fail()).map(({ role, content }) => (
        { role, content: typeof content === "string" ? content : content.map(({ cache_control: _mark, ...block }) => block) }));
      const history: object[] = [system, user("Go.")];
      const takenBack: number[] = [];
      let before = 0;
      for (const words of ["one", "two", "three", "four", "Enough."]) {
        const { choices: [{ message }] } = await client.chat.completions.create({ model: "sonnet", messages: history, tools });
        const { turns: { messages_taken_back: all } } = await waitForHealth(bridge.url, ({ processes }) => processes.parked === 1);
        takenBack.push(all - before);
        before = all;
        history.push(message, { role: "tool", tool_call_id: message.tool_calls[0].id, content: "A bird." }, user(words));
      }
      assert.deepEqual(takenBack, version === "2.1.330" ? [0, 2, 2, 1, 1] : [0, 0, 2, 2, 2], "the first answer was to no results");
      const ask = async (one: Pick<RealServer, "client">, messages: readonly object[]): Promise<object[]> => {
        await one.client.chat.completions.create({ model: "sonnet", messages, tools });
        return blocks();
      };
      // The call of the last step is left without its result.
      const branched = await ask({ client }, [...history.slice(0, 7), user("Enough already.")]);
      const last = await ask({ client }, history);
      assert.deepEqual([claudesOf(bridge).length, (await healthOf(bridge.url)).turns.told.rewind_refused], [1, 0]);
      assert.deepEqual(last, await ask(await startServer(), history), "as a process that was told all of it");
      assert.deepEqual(branched.slice(0, -1), last.slice(0, 4));
      assert.match(JSON.stringify(branched.at(-1)), /A bird\..*Enough already\./u);
    });

    it(`claude ${version}: ${canBeEmptied ? "one process serves every model, one after the other" : "each model has its process"}`, async (t) => {
      const { stub, startServer } = await startReal(t, version);
      stub.respond = () => textAnswer(["Fine."]);
      const models = ["sonnet", "opus", "haiku", "sonnet"];
      const askOf = async ({ client }: RealServer, model: string): Promise<string> => {
        await client.chat.completions.create({ model, messages: [system, user(`Hello, ${model}.`)] });
        return wholeBody(stub);
      };
      const server = await startServer();
      const moved: string[] = [];
      for (const model of models) moved.push(await askOf(server, model));
      assert.equal(claudesOf(server.bridge).length === 1, canBeEmptied);
      // The processes of a CLI that gives each model its own were all started with it.
      const other = await startServer();
      for (const model of new Set(models)) {
        const alone = await askOf(canBeEmptied && model !== models[0] ? await startServer() : other, model);
        for (const [index, body] of moved.entries()) if (models[index] === model) assert.equal(body, alone, "as a process that was started with it");
      }
    });
  }
});

/** All of the latest request to the API, but for whose it is, and for the folder, of which each server has its own. */
function wholeBody({ requests }: AnthropicStub): string {
  return JSON.stringify({ ...requests.at(-1)?.body, metadata: undefined }).replace(/\/\d+\/empty/u, "/PORT/empty");
}

/** What of a request to the API is set for the turn. */
function settingsOf(body: object | undefined): object {
  const { max_tokens, output_config, thinking, context_management } = body as Readonly<Record<string, unknown>>;
  return { max_tokens, output_config, thinking, context_management };
}

/** Asks, and leaves once upstream has been asked. The client asks on at once: the process is being taken back by then. */
async function askAndStop({ client }: RealServer, messages: readonly Said[], asked: () => Promise<unknown>): Promise<void> {
  const leaving = new AbortController();
  const asking = client.chat.completions.create({ model: "sonnet", messages, stream: true }, { signal: leaving.signal })
    .then(async (stream: AsyncIterable<unknown>) => {
      for await (const _chunk of stream);
    }).catch(() => {});
  await asked();
  leaving.abort();
  await asking;
}

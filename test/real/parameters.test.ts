/** The API's parameters that the CLI has no option for: what goes upstream, and what becomes of a refusal. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { noCallText, oneCallText } from "../../src/own-words.ts";
import { type AnthropicStub, errorAnswer, type StubRequestBody, textAnswer, textOf } from "../support/anthropic-stub.ts";
import { healthOf, waitForHealth } from "../support/health.ts";
import { asksWhenRefused, sampledClaudeVersions } from "../support/real-claude.ts";
import { claudesOf, startReal } from "../support/real-server.ts";

const names = ["temperature", "top_p", "top_k", "stop_sequences", "tool_choice"] as const;
type Name = (typeof names)[number];

/** The CLI itself sets a temperature of 1 for models that take one and do not think. */
function parametersIn(body: StubRequestBody): Readonly<Partial<Record<Name, unknown>>> {
  const all: Readonly<Record<string, unknown>> = { ...body };
  return Object.fromEntries(names.flatMap((name) => (all[name] === undefined || (name === "temperature" && all[name] === 1) ? [] : [[name, all[name]]])));
}

const withoutThinking = { reasoning_effort: "none" };

/** What a request asks for, what of it goes upstream, the API's words where it refuses that, and what takes its place. */
const refusable: readonly (readonly [name: Name, asked: object, sent: unknown, words: string, said?: string])[] = [
  ["temperature", { ...withoutThinking, temperature: 0.2 }, 0.2, "`temperature` is deprecated for this model."],
  ["top_p", { ...withoutThinking, top_p: 0.5 }, 0.5, "`top_p` is deprecated for this model."],
  ["top_k", { ...withoutThinking, top_k: 7 }, 7, "`top_k` is deprecated for this model."],
  ["tool_choice", { ...withoutThinking, parallel_tool_calls: false }, { type: "auto", disable_parallel_tool_use: true }, "tool_choice.auto.disable_parallel_tool_use: Extra inputs are not permitted", oneCallText],
  ["stop_sequences", { stop: "END" }, ["END"], "stop_sequences: Extra inputs are not permitted"],
  ["tool_choice", { tool_choice: "none" }, { type: "none" }, "tool_choice: Input tag 'none' found using 'type' does not match any of the expected tags", noCallText],
];

/** What each request from `first` on asks of thinking, less what is the same in all. */
function displaysFrom(stub: AnthropicStub, first: number): readonly (string | undefined)[] {
  return stub.requests.slice(first).map(({ body }) => (body["thinking"] as { readonly display?: string } | undefined)?.display);
}

describe("the API's parameters", () => {
  for (const version of sampledClaudeVersions()) {
    /** By a model's name, what goes up of a request for all three. The one takes the temperature or `top_p`; of 2.1.330 the other is too new for any. */
    const sampled: Readonly<Record<string, object>> = { "claude-haiku-4-5": { temperature: 0.2, top_k: 7 }, ...(version === "2.1.330" ? { sonnet: {} } : {}) };

    it(`claude ${version}: each turn's are those that it asks for, on one process`, async (t) => {
      const { stub, startServer } = await startReal(t, version, 0, { isRefusalFine: true });
      const { bridge, client } = await startServer();
      stub.respond = () => textAnswer(["Fine."]);
      for (const [model, taken] of Object.entries(sampled)) {
        const before = (await healthOf(bridge.url)).turns.went_on;
        const messages: object[] = [];
        const ask = async (settings: object): Promise<object> => {
          messages.push({ role: "user", content: `question ${messages.length}` });
          await client.chat.completions.create({ model, messages, ...settings });
          messages.push({ role: "assistant", content: "Fine." });
          return parametersIn(stub.requests.at(-1)?.body ?? assert.fail());
        };
        assert.deepEqual(await ask({ stop: ["END", "\n"] }), { stop_sequences: ["END"] });
        assert.deepEqual(await ask({ ...withoutThinking, temperature: 0.2, top_p: 0.5, top_k: 7 }), taken);
        assert.deepEqual(await ask({ stop: "STOP" }), { stop_sequences: ["STOP"] });
        assert.deepEqual(await ask({ temperature: 0.2, top_p: 0.5, top_k: 7 }), {}, "beside thinking the API takes none");
        const first = stub.requests.length;
        assert.deepEqual(await ask({ ...withoutThinking, top_p: 0.5 }), {});
        assert.equal((await healthOf(bridge.url)).turns.went_on, before + 4);
        const besideTopP = stub.requests.slice(first).flatMap(({ body }) => (body["top_p"] === 0.5 ? [body["temperature"]] : []));
        // The CLI sends a temperature of its own, and the model takes only one of the two. The other has refused `top_p` before.
        if (model === "sonnet") assert.deepEqual(besideTopP, []);
        else assert.deepEqual([...new Set(besideTopP)], [1]);
      }
    });

    it(`claude ${version}: a process that waits has those of the latest conversation, and the next may have others`, async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge, client } = await startServer(["--warm", "1"]);
      stub.respond = () => textAnswer(["Fine."]);
      const ask = async (name: string, settings: object): Promise<object> => {
        await waitForHealth(bridge.url, ({ processes }) => processes.warm === 1);
        const messages = [{ role: "system", content: `You are ${name}.` }, { role: "user", content: "hello" }];
        await client.chat.completions.create({ model: "opus", messages, ...settings });
        return parametersIn(stub.requests.at(-1)?.body ?? assert.fail());
      };
      const ends = { stop: ["END"], max_tokens: 4_000 };
      for (const name of ["one", "two"]) assert.deepEqual(await ask(name, ends), { stop_sequences: ["END"] });
      assert.deepEqual(await ask("three", {}), {});
      const [one, two, three] = stub.requests.map(({ body: { max_tokens: limit, thinking } }) => ({ limit, thinking }));
      assert.deepEqual([one?.limit, two], [4_000, one]);
      assert.notEqual(three?.limit, 4_000);
      assert.equal((await healthOf(bridge.url)).turns.told_on.warm, 3);
    });

    it(`claude ${version}: an effort, or no thinking, that a waiting process was told leaves no trace in a turn without it`, async (t) => {
      const { stub, startServer } = await startReal(t, version);
      stub.respond = () => textAnswer(["Fine."]);
      const [fresh, { bridge, client }] = [await startServer(["--warm", "0"]), await startServer(["--warm", "1"])];
      const ask = async (asking: typeof client, name: string, settings: object): Promise<string> => {
        const messages = [{ role: "system", content: `You are ${name}.` }, { role: "user", content: "hello" }];
        await asking.chat.completions.create({ model: "opus", messages, ...settings });
        return JSON.stringify({ ...stub.requests.at(-1)?.body, metadata: undefined }).replace(/\/\d+\/empty/u, "/PORT/empty");
      };
      const isWarm = () => waitForHealth(bridge.url, ({ processes }) => processes.warm === 1);
      for (const effort of ["high", "none"]) {
        await isWarm();
        await ask(client, `with ${effort}`, { reasoning_effort: effort });
        await isWarm();
        assert.equal(await ask(client, `after ${effort}`, {}), await ask(fresh.client, `after ${effort}`, {}));
      }
      assert.equal((await healthOf(bridge.url)).turns.told_on.warm, 4);
    });

    it(`claude ${version}: one that the model refuses is left out and asked once more, and not the next time`, async (t) => {
      const { stub, startServer } = await startReal(t, version, 0, { isRefusalFine: true });
      const { client } = await startServer();
      const tools = [{ type: "function", function: { name: "look", description: "Looks.", parameters: { type: "object", properties: {} } } }];
      const messages: object[] = [];
      const ask = async (asked: object): Promise<readonly StubRequestBody[]> => {
        const first = stub.requests.length;
        messages.push({ role: "user", content: `question ${messages.length}` });
        const { choices: [{ message }] } = await client.chat.completions.create({ model: "sonnet", messages, tools, ...asked });
        assert.equal(message.content, "Fine.");
        messages.push(message);
        return stub.requests.slice(first).map(({ body }) => body);
      };
      for (const [name, asked, sent, words, said] of refusable) {
        const has = (body: StubRequestBody): boolean => name in parametersIn(body);
        stub.respond = ({ body }) => (has(body) ? errorAnswer(400, "invalid_request_error", words) : textAnswer(["Fine."]));
        const bodies = await ask(asked);
        const refused = bodies.filter(has);
        assert.equal(refused.length, asksWhenRefused(version, !("reasoning_effort" in asked)), name);
        for (const body of refused) assert.deepEqual(parametersIn(body)[name], sent);
        const [withoutIt, ...more] = [...bodies.slice(refused.length), ...await ask(asked)];
        assert.deepEqual([withoutIt, ...more].map((body) => body && has(body)), [false, false], `${name}: once more without it, and the next time not at all`);
        if (said !== undefined) assert.ok(textOf(withoutIt?.system).includes(said));
      }
    });

    it(`claude ${version}: wherever the model thinks it is asked for its thoughts, which the client gets`, async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { client } = await startServer();
      stub.respond = () => textAnswer(["Fine."], { thinking: ["hm"] });
      const ask = async (model: string, settings: object = {}): Promise<unknown> => {
        const { choices: [{ message }] } = await client.chat.completions.create({ model, messages: [{ role: "user", content: "hello" }], ...settings });
        assert.equal(message.reasoning_content, "hm");
        return stub.requests.at(-1)?.body["thinking"];
      };
      assert.deepEqual(await ask("sonnet"), { type: "adaptive", display: "summarized" });
      assert.deepEqual(await ask("sonnet", { reasoning_effort: "low", max_tokens: 3_000 }), { type: "adaptive", display: "summarized" });
      const budgeted = { thinking: { type: "enabled", budget_tokens: 2_000 }, max_tokens: 3_000 };
      assert.deepEqual(await ask("sonnet", budgeted), { type: "adaptive", display: "summarized" }, "it has no budget");
      // The API wants the budget below the output limit.
      for (const [budget_tokens, max_tokens, told] of [[2_000, 3_000, 2_000], [9_000, 3_000, 2_999]]) {
        assert.deepEqual(await ask("claude-haiku-4-5", { thinking: { type: "enabled", budget_tokens }, max_tokens }), { type: "enabled", budget_tokens: told, display: "summarized" });
      }
      stub.respond = () => textAnswer(["Fine."]);
      await client.chat.completions.create({ model: "haiku", messages: [{ role: "user", content: "hello" }], reasoning_effort: "none" });
      assert.equal(stub.requests.at(-1)?.body["thinking"], undefined);
    });

    it(`claude ${version}: a model that does not show its thoughts is asked once more without, and not asked for them again`, async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { client } = await startServer();
      const isShown = ({ thinking }: StubRequestBody): boolean => (thinking as { readonly display?: string }).display === "summarized";
      stub.respond = ({ body }) => (
        isShown(body) ? errorAnswer(400, "invalid_request_error", "thinking.adaptive.display: Extra inputs are not permitted") : textAnswer(["Fine."])
      );
      const messages: object[] = [];
      const ask = async (content: string): Promise<readonly (string | undefined)[]> => {
        const first = stub.requests.length;
        messages.push({ role: "user", content });
        const { choices: [{ message }] } = await client.chat.completions.create({ model: "sonnet", messages });
        assert.equal(message.content, "Fine.");
        messages.push(message);
        return displaysFrom(stub, first);
      };
      // 2.1.330 asks again with fewer betas, and then without it by itself.
      const refused = version === "2.1.330" ? ["summarized", "summarized"] : ["summarized"];
      assert.deepEqual(await ask("one"), [...refused, undefined]);
      assert.deepEqual(await ask("two"), [undefined]);
    });

    it(`claude ${version}: a stop sequence ends the answer upstream, and the process goes on`, async (t) => {
      const { stub, startServer } = await startReal(t, version);
      const { bridge, client } = await startServer();
      stub.respond = ({ body }) => textAnswer(["Before "], { stopReason: "stop_sequences" in body ? "stop_sequence" : "end_turn", usage: { output_tokens: 7 } });
      const messages: object[] = [{ role: "user", content: "one" }];
      const stopped = await client.chat.completions.create({ model: "sonnet", messages, stop: ["END"] });
      assert.deepEqual([stopped.choices[0].message.content, stopped.choices[0].finish_reason, stopped.usage.completion_tokens], ["Before ", "stop", 7]);
      messages.push({ role: "assistant", content: "Before " }, { role: "user", content: "two" });
      await client.chat.completions.create({ model: "sonnet", messages });
      assert.equal(claudesOf(bridge).length, 1);
      assert.deepEqual(parametersIn(stub.requests.at(-1)?.body ?? assert.fail()), {});
    });
  }
});

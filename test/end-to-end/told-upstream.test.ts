/** What holds for any conversation: what the CLI is told is what the client sent, to the letter and in its order. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { beginText, continueText } from "../../src/own-words.ts";
import { chatGrammar } from "../support/chat-grammar.ts";
import type { ToldBlock } from "../support/composed-request.ts";
import { type Part, resultOf, type Said, type Sent, sentBy, tell, Transcript } from "../support/chat-transcript.ts";
import { startEmbedded, startEmbeddedWith } from "../support/embedded-server.ts";
import { healthOf } from "../support/health.ts";
import { startObedientClaude, type ToldTurn } from "../support/obedient-claude.ts";
import { openAiErrorIn } from "../support/openai-error.ts";
import { seededRandom } from "../support/random.ts";
import { relaysUnavailable } from "../support/relays.ts";
import { sampleOf, seedOf } from "../support/sample.ts";
import { chatRequest } from "../support/sse.ts";
import { wellFormedJson } from "../support/well-formed.ts";

const seed = seedOf(44);
const historiesSent = sampleOf({ what: "requests", small: 20, large: 150, whole: 5_000 });
/** Where each costs a process that is a script. */
const historiesSentSlowly = 60;
const conversations = sampleOf({ what: "conversations with parallel calls", small: 3, large: 60, whole: 600 });
const atOnce = 4;

function partOfBlock(block: ToldBlock): Part {
  const { data, media_type: mediaType } = (block["source"] ?? {}) as { readonly data: string; readonly media_type: string };
  const { title } = block as { readonly title?: string };
  switch (block.type) {
    case "image": return { image: data, mediaType };
    case "document": return { file: data, mediaType, ...(title === undefined ? {} : { title }) };
    default: return { text: block.text ?? assert.fail(`a block of type ${block.type}`) };
  }
}

/** The same of what the CLI was told. */
function toldIn({ messages }: ToldTurn): { readonly said: readonly Said[]; readonly names: readonly string[] } {
  const transcript = new Transcript();
  const names: string[] = [];
  const ids: string[] = [];
  for (const { role, content } of messages) {
    for (const block of content) {
      if (block.type === "tool_use") {
        transcript.thing(`call ${names.length}`, block["input"]);
        names.push(block["name"] as string);
        ids.push(block["id"] as string);
      } else if (block.type === "tool_result") {
        const given = block["content"] as string | readonly ToldBlock[] | undefined;
        transcript.thing(`result ${ids.indexOf(block["tool_use_id"] as string)}`, resultOf(typeof given === "string" ? [{ text: given }] : (given ?? []).map(partOfBlock)));
      } else {
        tell(transcript, role, [partOfBlock(block)]);
      }
    }
  }
  return { said: transcript.all, names };
}

function withoutOwn(said: readonly Said[], sent: readonly Said[]): readonly Said[] {
  const isAssistants = (one: Said | undefined): boolean => one !== undefined && /^(?:assistant|call)/u.test(one.who);
  const rest = [...said];
  if (isAssistants(sent[0])) assert.deepEqual(rest.shift(), { who: "user text", what: beginText });
  if (isAssistants(sent.at(-1))) assert.equal(rest.pop()?.what, continueText);
  return rest;
}

/** Throws where the CLI was told anything else than the client sent. */
function hold(turn: ToldTurn, messages: readonly Sent[], tools: readonly { readonly function: Sent }[]): void {
  const [client, upstream] = [wellFormedJson(sentBy(messages)), wellFormedJson(toldIn(turn))];
  // A process that goes on has its own answer as it gave it, also where the client brings it with white space around it.
  const trimmed = (said: readonly Said[]): readonly Said[] => said.map(({ who, what }) => ({ who, what: who === "assistant text" ? String(what).replace(/as you wish\n$/u, "as you wish") : what }));
  assert.deepEqual(trimmed(withoutOwn(upstream.said, client.said)), trimmed(client.said));
  assert.equal(turn.system, client.system);
  assert.deepEqual(turn.messages.map(({ role }) => role), turn.messages.map((_message, index) => (index % 2 === 0 ? "user" : "assistant")));
  // A name that the API does not take is another there: always the same one, and never another tool's.
  const pairs = new Set(client.names.map((name, index) => JSON.stringify([name, upstream.names[index]])));
  assert.deepEqual([pairs.size, pairs.size], [new Set(client.names).size, new Set(upstream.names).size]);
  // The API wants a history with calls to come with tools, so where the client sends none there are stand-ins.
  if (tools.length > 0) assert.deepEqual(turn.tools.map(({ description }) => description), tools.map((tool) => tool.function["description"] ?? ""));
  else assert.deepEqual(new Set(turn.tools.map(({ name }) => name)), new Set(upstream.names));
}

describe("what the CLI is told", { skip: relaysUnavailable }, () => {
  it("is, of any mixture of roles and contents, what the client sent: every word, image, file, call and result in its place", async (t) => {
    const claude = await startObedientClaude(t);
    const { url } = await startEmbedded(t, { claude: claude.path, passEnv: ["RELAYS_PORT"], fetchImages: false, maxProcesses: 2, logLevel: "error" }, claude.environment);
    const random = seededRandom(seed);
    const grammar = chatGrammar(random);
    const kinds = new Map<string, number>();
    let told: ToldTurn | undefined;
    claude.onTurn = (turn) => {
      assert.equal(told, undefined, "asked once");
      told = turn;
    };
    const history = (): Sent[] => {
      for (;;) {
        const messages = grammar.history();
        if (!JSON.stringify(messages).includes("https://")) return messages;
      }
    };
    const wanted = claude.isCheap ? historiesSent : Math.min(historiesSent, historiesSentSlowly);
    let messages: Sent[] = [];
    let tools: readonly { readonly function: Sent }[] = [];
    for (let sent = 0; sent < wanted; sent++) {
      // A new conversation, or more of the one before: what follows then comes to a process that has seen the rest.
      if (sent === 0 || random.below(2) === 0) [messages, tools] = [history(), grammar.tools() as typeof tools];
      else messages = [...messages, { role: "assistant", content: random.pick(["as you wish", "as you wish\n", ["as you ", { type: "text", text: "wish" }]]) }, ...history()];
      told = undefined;
      const response = await chatRequest(url, { model: "opus", messages, tools });
      const answer = await response.text();
      try {
        assert.equal(response.status, 200, answer);
        hold(told ?? assert.fail("nothing was told"), messages, tools);
      } catch (error) {
        throw new Error(`history ${sent}: ${JSON.stringify(messages)}: ${String(error)}`, { cause: error });
      }
      for (const { who } of sentBy(messages).said) kinds.set(who.replace(/ \d+$/u, ""), (kinds.get(who.replace(/ \d+$/u, "")) ?? 0) + 1);
    }
    const { turns } = await healthOf(url);
    assert.ok((turns.went_on ?? 0) > wanted / 20, `${turns.went_on} of ${wanted} went on with a process`);
    t.diagnostic(`${wanted} requests: ${JSON.stringify(turns)}`);
    for (const kind of ["user text", "assistant text", "user", "call", "result"]) assert.ok((kinds.get(kind) ?? 0) > wanted / 4, `${kind}: ${kinds.get(kind)}`);
  });
});

describe("the results of parallel calls", () => {
  it("in any order, under ids rewritten or not, reach each its own call on the process that waits; a part of them is refused by name, and costs nothing", async (t) => {
    const { url } = await startEmbeddedWith(t, "calls-tools", { maxProcesses: atOnce * 2, conversationIdleSeconds: 0, logLevel: "error" });
    const tools = Array.from({ length: 6 }, (_, index) => ({ type: "function", function: { name: `f${index}`, parameters: { type: "object", properties: {} } } }));
    let begun = 0;
    let rounds = 0;
    let refused = 0;

    const converse = async (own: number): Promise<void> => {
      const random = seededRandom(own);
      const isRewriting = random.below(3) === 0;
      const rewritten = (id: string): string => (isRewriting ? id.replaceAll("_", "") : id);
      const shuffled = <T>(items: readonly T[]): T[] => items.map((item) => [random.below(1_000), item] as const).sort(([a], [b]) => a - b).map(([, item]) => item);
      const order = (): { readonly words: string; readonly inputs: readonly string[] } => {
        const inputs = Array.from({ length: 1 + random.below(5) }, (_, index) => `{"n": "${own}-${rounds}-${index}"}`);
        return { inputs, words: `${random.pick(["", "PARALLEL ", "LATE ", "LATE PARALLEL "])}${inputs.map((input) => `CALL f${random.below(6)} ${input}`).join(" ")}` };
      };
      let asked = order();
      const messages: Sent[] = [{ role: "user", content: asked.words }];
      const ask = (more: readonly Sent[]): Promise<Response> => chatRequest(url, { model: "opus", tools, messages: [...messages, ...more] });
      let answer: any = await (await ask([])).json();
      for (let left = 1 + random.below(3); left > 0; left--) {
        rounds++;
        const [{ message, finish_reason: finish }] = answer.choices;
        assert.equal(finish, "tool_calls");
        assert.deepEqual(message.tool_calls.map((call: Sent) => call["function"].arguments), asked.inputs);
        const calls = message.tool_calls.map((call: Sent) => ({ ...call, id: rewritten(call["id"]) }));
        messages.push({ role: "assistant", content: message.content, tool_calls: calls });
        const next = left > 1 ? order() : undefined;
        const results: readonly Sent[] = calls.map(({ id }: Sent, index: number) => ({ role: "tool", tool_call_id: id, content: `r${own}-${index}${index === 0 && next !== undefined ? ` ${next.words}` : ""}` }));
        const path = `messages[${messages.length - 1}].tool_calls`;

        const some = shuffled(results).slice(0, random.below(results.length));
        const lack = await openAiErrorIn(await ask(some));
        assert.deepEqual([lack.status, lack.param, lack.code], [400, path, "invalid_value"]);
        const missing = results.filter((result) => !some.includes(result)).map((result) => JSON.stringify(result["tool_call_id"]));
        assert.ok(lack.message.endsWith(`missing are ${missing.join(", ")}.`), lack.message);
        const twice = random.pick(results);
        const again = await openAiErrorIn(await ask([...shuffled(results), twice]));
        assert.deepEqual([again.status, again.param], [400, `messages[${messages.length + results.length}].tool_call_id`]);
        refused += 2;

        const ordered = shuffled(results);
        answer = await (await ask(ordered)).json();
        messages.push(...ordered);
        if (next !== undefined) {
          asked = next;
          continue;
        }
        assert.equal(answer.choices[0].finish_reason, "stop");
        const got = JSON.parse(answer.choices[0].message.content) as readonly { readonly id: string; readonly content: readonly { readonly text: string }[] }[];
        assert.deepEqual(got.map(({ id }) => rewritten(id)), calls.map(({ id }: Sent) => id));
        assert.deepEqual(got.map(({ content }) => content.map(({ text }) => text).join("")), results.map(({ content }) => content));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, async () => {
      while (begun < conversations) {
        const own = seed + ++begun;
        await converse(own).catch((error: unknown) => {
          throw new Error(`the conversation of seed ${own}: ${String(error)}`, { cause: error });
        });
      }
    }));
    const { turns } = await healthOf(url);
    assert.deepEqual([turns.went_on, turns.rewound, Object.entries(turns.told).filter(([, count]) => count > 0)], [rounds, 0, [["first_message", conversations]]]);
    assert.ok(refused > conversations && rounds > conversations);
  });
});

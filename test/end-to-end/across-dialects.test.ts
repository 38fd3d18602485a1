/**
 * One conversation that each request goes on with by another API: on the same process each time, told to the letter. Half of
 * them begin in a session of chat's, which is sent only what is new.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ToldBlock } from "../support/composed-request.ts";
import { startEmbedded } from "../support/embedded-server.ts";
import { healthOf } from "../support/health.ts";
import { seededRandom } from "../support/random.ts";
import { startRememberingClaude } from "../support/remembering-claude.ts";
import type { View } from "../support/remembered-told.ts";
import { sampleOf, seedOf } from "../support/sample.ts";
import { postJson } from "../support/sse.ts";

const seed = seedOf(61);
const conversations = sampleOf({ what: "conversations across APIs", small: 4, large: 60, whole: 400 });
const turns = 6;
const maxTokens = 4_096;

/** A conversation as none of the APIs writes it. */
interface Call { readonly id: string; readonly name: string; readonly input: object }
type Said =
  | { readonly who: "user"; readonly text: string } | { readonly who: "assistant"; readonly text: string; readonly calls: readonly Call[] }
  | { readonly who: "tool"; readonly id: string; readonly text: string };

interface Dialect {
  readonly path: string;
  /** The request without the first `known` of what was said. */
  body(said: readonly Said[], system: string, known?: number): object;
  answer(body: any): Said & { readonly who: "assistant" };
}

const schema = { type: "object", properties: { at: { type: "string" } } };
const callOf = (id: string, name: string, json: string): Call => ({ id, name, input: JSON.parse(json) as object });

const chat: Dialect = {
  path: "/v1/chat/completions",
  body: (said, system, known = 0) => ({
    model: "opus", max_tokens: maxTokens, tools: [{ type: "function", function: { name: "look", parameters: schema } }],
    messages: [{ role: "system", content: system }, ...said.slice(known).map((one) => {
      switch (one.who) {
        case "user": return { role: "user", content: one.text };
        case "tool": return { role: "tool", tool_call_id: one.id, content: one.text };
        case "assistant": return {
          role: "assistant", content: one.text,
          ...(one.calls.length === 0 ? {} : { tool_calls: one.calls.map(({ id, name, input }) => ({ id, type: "function", function: { name, arguments: JSON.stringify(input) } })) }),
        };
      }
    })],
  }),
  answer: ({ choices: [{ message }] }) => ({ who: "assistant", text: message.content ?? "", calls: (message.tool_calls ?? []).map((call: any) => callOf(call.id, call.function.name, call.function.arguments)) }),
};

const dialects: readonly Dialect[] = [
  chat,
  {
    path: "/v1/responses",
    body: (said, system) => ({
      model: "opus", max_output_tokens: maxTokens, store: false, instructions: system, tools: [{ type: "function", name: "look", parameters: schema, strict: false }],
      input: said.flatMap((one): object[] => {
        switch (one.who) {
          case "user": return [{ role: "user", content: [{ type: "input_text", text: one.text }] }];
          case "tool": return [{ type: "function_call_output", call_id: one.id, output: one.text }];
          case "assistant": return [
            { role: "assistant", content: [{ type: "output_text", text: one.text }] },
            ...one.calls.map(({ id, name, input }) => ({ type: "function_call", call_id: id, name, arguments: JSON.stringify(input) })),
          ];
        }
      }),
    }),
    answer: ({ output }) => ({
      who: "assistant", text: output.flatMap((item: any) => (item.type === "message" ? item.content.map(({ text }: any) => text) : [])).join(""),
      calls: output.flatMap((item: any) => (item.type === "function_call" ? [callOf(item.call_id, item.name, item.arguments)] : [])),
    }),
  },
  {
    path: "/v1/messages",
    body: (said, system) => ({
      model: "opus", max_tokens: maxTokens, system, tools: [{ name: "look", input_schema: schema }],
      messages: said.map((one) => {
        switch (one.who) {
          case "user": return { role: "user", content: one.text };
          case "tool": return { role: "user", content: [{ type: "tool_result", tool_use_id: one.id, content: one.text }] };
          case "assistant": return { role: "assistant", content: [{ type: "text", text: one.text }, ...one.calls.map((call) => ({ type: "tool_use", ...call }))] };
        }
      }),
    }),
    answer: ({ content }) => ({
      who: "assistant", text: content.map(({ text = "" }: any) => text).join(""),
      calls: content.flatMap(({ type, id, name, input }: any) => (type === "tool_use" ? [{ id, name, input }] : [])),
    }),
  },
];

/** What the process must have been told. */
function expected(said: readonly Said[]): unknown[] {
  const list: [string, unknown[]][] = [];
  for (const one of said) {
    const role = one.who === "assistant" ? "assistant" : "user";
    const content = one.who === "tool" ? [["result", one.text]] : [one.text.trim(), ...(one.who === "assistant" ? one.calls.map(({ input }) => ["call", input]) : [])];
    const last = list.at(-1);
    if (last?.[0] === role) last[1].push(...content);
    else list.push([role, content]);
  }
  return list;
}

const toldIn = ({ told }: View): unknown[] => expected(told.messages.flatMap(({ role, content }): Said[] => (
  role === "assistant"
    ? [{ who: "assistant", text: content.map(({ text = "" }) => text).join(""), calls: content.flatMap((block) => (block.type === "tool_use" ? [{ id: "", name: "", input: block["input"] as object }] : [])) }]
    : content.map((block): Said => (block.type === "tool_result" ? { who: "tool", id: "", text: resultText(block) } : { who: "user", text: block.text ?? "" })))));

function resultText(block: ToldBlock): string {
  const content = block["content"] as string | readonly ToldBlock[];
  return typeof content === "string" ? content : content.map(({ text = "" }) => text).join("");
}

describe("a conversation that goes on by another API with each request", () => {
  it("has one process, whichever APIs and tool loops it goes through, which is told what the client sends", async (t) => {
    const claude = await startRememberingClaude(t, seed);
    const random = seededRandom(seed);
    let view: View | undefined;
    claude.onTurn = (seen) => (view = { ...seen, told: structuredClone(seen.told) });
    const { url } = await startEmbedded(t, { claude: claude.path, passEnv: Object.keys(claude.environment), logLevel: "error", sessions: true }, claude.environment);
    const pairs = new Set<string>();
    let bySession = 0;
    for (let conversation = 0; conversation < conversations; conversation++) {
      const said: Said[] = [];
      const processes = new Set<unknown>();
      let before = "";
      /** How much of it the session has. Once another API has gone on with it, the session lacks what was said there. */
      let known = 0;
      let isInSession = random.below(2) === 0;
      const ask = async (): Promise<void> => {
        isInSession &&= random.below(4) > 0;
        const dialect = isInSession ? chat : random.pick(dialects);
        if (before !== "") pairs.add(`${before} ${dialect.path}`);
        before = dialect.path;
        const headers = isInSession ? { "x-session-id": `s${conversation}` } : {};
        const response = await postJson(url + dialect.path, dialect.body(said, `Be brief ${conversation}.`, isInSession ? known : 0), { headers });
        const body = await response.json();
        assert.equal(response.status, 200, JSON.stringify(body));
        assert.ok(view !== undefined);
        processes.add(view.process);
        assert.deepEqual(toldIn(view), expected(said), `seed ${seed}, conversation ${conversation}, by ${dialect.path}`);
        assert.deepEqual(view.told.system.join(""), `Be brief ${conversation}.`);
        said.push(dialect.answer(body));
        known = said.length;
        if (isInSession) bySession++;
      };
      for (let turn = 0; turn < turns; turn++) {
        said.push({ who: "user", text: `question ${turn} of ${conversation} ${random.pick(["(call)", "(calls)", "(whole)"])}` });
        await ask();
        for (let last = said.at(-1); last?.who === "assistant" && last.calls.length > 0; last = said.at(-1)) {
          for (const { id } of last.calls) said.push({ who: "tool", id, text: `result ${id}` });
          await ask();
        }
      }
      assert.equal(processes.size, 1, `seed ${seed}, conversation ${conversation}`);
    }
    assert.deepEqual(claude.violations, []);
    const { turns: how } = await healthOf(url);
    t.diagnostic(`${pairs.size} of ${dialects.length ** 2} ways from one API to the next: ${JSON.stringify(how)}`);
    assert.ok(bySession >= conversations, `${bySession} requests of sessions`);
    assert.ok(pairs.size >= 8, [...pairs].join(", "));
  });
});

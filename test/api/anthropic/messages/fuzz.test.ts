/** Requests for a message by chance, whole and broken: each is a turn that the API takes, or refused by the field's name. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { type MessagesRequest, parseMessagesRequest } from "../../../../src/api/anthropic/messages/request.ts";
import { BridgeError } from "../../../../src/errors.ts";
import { beginText, continueText, laterSystemTexts } from "../../../../src/own-words.ts";
import type { Message } from "../../../../src/turn/message.ts";
import { signThinking } from "../../../support/anthropic-rules/rules.ts";
import { composeRequest, faultOf } from "../../../support/composed-request.ts";
import { pdf, png } from "../../../support/odd-messages-requests.ts";
import { type Random, seededRandom } from "../../../support/random.ts";
import { sampleOf, seedOf } from "../../../support/sample.ts";
import { joinedSystem } from "../../../support/turns.ts";

const bodies = sampleOf({ what: "requests for a message parsed", small: 200, large: 10_000, whole: 100_000 });
const seed = seedOf(12);
const junk: readonly unknown[] = [null, undefined, 3, -1, 1.5, "", " ", "é", true, [], {}, [null], ["a"], { type: "text" }, { type: "constructor" }, "__proto__", [[]], 1e300];

const text = (random: Random): object => ({ type: "text", text: random.pick(["hi", " é\n", "<a>", "😀"]), ...(random.below(4) === 0 ? { cache_control: { type: "ephemeral" } } : {}) });
const image = { type: "image", source: { type: "base64", media_type: "image/png", data: png } };
const prompts = (random: Random): object[] => [
  text(random),
  random.pick([
    image, { type: "document", source: { type: "base64", media_type: "application/pdf", data: pdf }, title: "T" }, { type: "document", source: { type: "text", media_type: "text/plain", data: "words" } },
    { type: "document", source: { type: "content", content: [text(random), { type: "text", text: " " }] } }, { type: "search_result", source: "s", title: "t", content: [{ type: "text", text: "c" }] }, text(random),
  ]),
];

function conversation(random: Random): object[] {
  const messages: object[] = [];
  for (let turn = random.below(5); turn >= 0; turn--) {
    messages.push({ role: "user", content: random.pick<unknown>(["hi", prompts(random), [...prompts(random), ...prompts(random)]]) });
    if (random.below(6) === 0) messages.push({ role: "system", content: random.pick<unknown>(["note", [{ type: "text", text: "note" }]]) });
    if (turn === 0 && random.below(4) > 0) break;
    const thought = { type: "thinking", thinking: "hm", signature: signThinking("hm") };
    const calls = Array.from({ length: random.below(3) }, (_, at) => ({ type: "tool_use", id: `toolu_${messages.length}_${at}`, name: random.pick(["look", "see it", "constructor"]), input: { at } }));
    messages.push({ role: "assistant", content: [...(random.below(3) === 0 ? [thought] : []), text(random), ...calls] });
    if (calls.length > 0) messages.push({ role: "user", content: calls.map(({ id }) => ({ type: "tool_result", tool_use_id: id, content: random.pick<unknown>(["wet", "", [{ type: "text", text: "é" }, image]]) })) });
  }
  return messages;
}

const tool = (random: Random, name: string): object => ({ name, description: "é", input_schema: { type: "object", properties: { at: { type: random.pick(["string", "integer"]) } } }, ...(random.below(4) === 0 ? { strict: true } : {}) });

function request(random: Random): Record<string, unknown> {
  return {
    model: "claude-test", max_tokens: 4_096, messages: conversation(random),
    ...(random.below(2) === 0 ? { system: random.pick<unknown>(["Be brief.", [text(random), text(random)]]) } : {}),
    ...(random.below(2) === 0 ? { tools: [tool(random, "look"), tool(random, "see it")], tool_choice: random.pick<unknown>([undefined, { type: "auto" }, { type: "any" }, { type: "tool", name: "see it" }, { type: "none" }]) } : {}),
    ...(random.below(3) === 0 ? { thinking: random.pick<unknown>([{ type: "adaptive" }, { type: "disabled" }, { type: "enabled", budget_tokens: 2_048 }]) } : {}),
    ...(random.below(3) === 0 ? { stop_sequences: ["END", "\n"], temperature: 0.5, output_config: { effort: "low" }, metadata: { user_id: "u" } } : {}),
  };
}

/** Puts junk, or nothing, in some place of it. */
function broken(value: any, random: Random): void {
  const keys = Object.keys(value);
  const key = keys[random.below(Math.max(1, keys.length))];
  if (key === undefined) return;
  const inner = value[key];
  if (typeof inner === "object" && inner !== null && random.below(5) > 0) return broken(inner, random);
  value[key] = structuredClone(random.pick(junk));
}

/** Only the API can tell that it has not signed a thought. */
const hasForged = ({ content }: Message): boolean => content.some((block) => block.type === "thinking" && block.signature !== signThinking(block.thinking));

function parse(body: unknown): MessagesRequest | BridgeError {
  try {
    return parseMessagesRequest(body, { defaultModel: "opus", allowsWebSearch: false });
  } catch (error) {
    assert.ok(error instanceof BridgeError, `${String(error)}\n${error instanceof Error ? error.stack : ""}`);
    return error;
  }
}

it(`whatever the request is, it is a turn that the upstream takes, or refused by the field's name (${bodies} requests)`, () => {
  const random = seededRandom(seed);
  const counts = { taken: 0, refused: 0 };
  for (let run = 0; run < bodies; run++) {
    const body: Record<string, unknown> = JSON.parse(JSON.stringify(request(random)));
    const faults = random.below(3);
    for (let fault = 0; fault < faults; fault++) broken(body, random);
    try {
      const parsed = parse(JSON.parse(JSON.stringify(body)));
      if (parsed instanceof BridgeError) {
        assert.ok(faults > 0, parsed.message);
        assert.ok(parsed.field !== undefined && parsed.message.startsWith(parsed.field), parsed.message);
        assert.ok(parsed.message.length < 1_000, "no novel");
        counts.refused += 1;
        continue;
      }
      const { system, messages, tools, toolChoice } = parsed.turn;
      const told = { model: "claude-test", system: joinedSystem(system), messages, tools };
      if (!messages.some(hasForged)) {
        assert.equal(faultOf(told), null);
        assert.deepEqual(composeRequest(told).repairs, []);
      }
      if (toolChoice.type === "tool") assert.ok(tools.some(({ name }) => name === toolChoice.name), "a call of which?");
      counts.taken += 1;
    } catch (error) {
      throw new Error(`seed ${seed}, request ${run}: ${JSON.stringify(body)}: ${String(error)}`, { cause: error });
    }
  }
  assert.ok(counts.taken > bodies / 3 && counts.refused > bodies / 10, JSON.stringify(counts));
});

it(`whatever is said, it is told in its order: texts, calls and results with their values, signed thoughts to the letter (${bodies} requests)`, () => {
  const random = seededRandom(seed + 1);
  const isSaid = (words: string): boolean => ![beginText, continueText, laterSystemTexts.join("note")].includes(words);
  let thoughts = 0;
  for (let run = 0; run < bodies; run++) {
    const messages = conversation(random);
    const sign = (content: any): any => (Array.isArray(content) ? content.map((block) => (block.type === "thinking" ? { ...block, thinking: random.nastyText(4), signature: `Eq+/${run}=` } : block)) : content);
    const sent: any[] = JSON.parse(JSON.stringify(messages.map((message: any) => ({ ...message, content: sign(message.content) }))));
    const saidOf = (content: any): any[] => (typeof content === "string" ? [["text", content]] : content.flatMap((block: any) => {
      switch (block.type) {
        case "text": return [["text", block.text]];
        case "thinking": return [["thinking", block.thinking, block.signature]];
        case "tool_use": return [["tool_use", block.input]];
        case "tool_result": return [["tool_result", saidOf(block.content).map(([type]) => type)]];
        default: return [[block.type]];
      }
    })).filter(([type, words]: any[]) => type !== "text" || words.trim() !== "");
    const wrote = (role: string): unknown[] => sent.filter((message) => message.role === role).flatMap(({ content }) => saidOf(content));
    const parsed = parse({ model: "opus", max_tokens: 4_096, messages: sent });
    if (parsed instanceof BridgeError) throw parsed;
    const { turn } = parsed;
    for (const [at, { role }] of turn.messages.entries()) assert.equal(role, at % 2 === 0 ? "user" : "assistant");
    assert.equal(turn.messages.at(-1)?.role, "user");
    for (const role of ["user", "assistant"] as const) {
      const told = turn.messages.filter((message) => message.role === role).flatMap(({ content }) => saidOf(content)).filter(([type, words]) => type !== "text" || isSaid(words));
      assert.deepEqual(told, wrote(role), `seed ${seed + 1}, request ${run}: ${JSON.stringify(sent)}`);
    }
    thoughts += wrote("assistant").filter((said: any) => said[0] === "thinking").length;
  }
  assert.ok(thoughts > bodies / 10, String(thoughts));
});

/**
 * A judge of a chat stream's bytes: everything that makes some client hang, crash, loop or lose data is an error that names
 * it. Written from what clients need, with nothing of the server's own code.
 */
import assert from "node:assert/strict";
import { openAiErrorOf } from "./openai-error.ts";

export interface WireCall {
  readonly id: string;
  readonly name: string;
  readonly json: string;
}

export interface JudgedStream {
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly WireCall[];
  /** Undefined where the stream failed. */
  readonly finish: string | undefined;
  readonly usage: Readonly<Record<string, unknown>> | undefined;
  /** The error's code, where the stream failed. */
  readonly failure: string | null | undefined;
  /** Chunks that say nothing, between the first and the finish. */
  readonly heartbeats: number;
}

const finishWords = ["stop", "length", "tool_calls", "content_filter"];
const deltaFields = ["role", "content", "refusal", "reasoning_content", "tool_calls"];
const chunkFields = ["id", "object", "created", "model", "service_tier", "system_fingerprint", "choices", "usage"];

/** What the bytes of one whole stream say. Throws an AssertionError that names the first fault. */
export function judgeChatStream(bytes: Buffer, { isUsageAsked = false } = {}): JudgedStream {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  assert.ok(text.endsWith("\n\n"), "the last event is cut");
  const events = text.slice(0, -2).split("\n\n").map((event) => {
    assert.match(event, /^data: [^\r\n]+$/u, `not one line that begins with "data: ": ${JSON.stringify(event.slice(0, 100))}`);
    return event.slice("data: ".length);
  });
  const last = events.pop() ?? assert.fail("no event");
  const isDone = last === "[DONE]";
  assert.ok(!events.includes("[DONE]"), "something follows the end mark");
  const failure = isDone ? undefined : openAiErrorOf(last).code;
  const all: any[] = events.map((event) => JSON.parse(event));
  for (const chunk of all) judgeChunk(chunk, all[0], isUsageAsked);

  const usageChunks = all.filter(({ choices }) => choices.length === 0);
  const chunks = all.filter(({ choices }) => choices.length > 0);
  const [first, ...others] = chunks.map(({ choices: [choice] }) => choice);
  assert.deepEqual([first?.delta.role, first?.delta.content], ["assistant", ""], "the first chunk is not the role with empty content");
  assert.ok(others.every(({ delta }) => delta.role === undefined), "the role comes twice");
  const finishes = chunks.filter(({ choices: [choice] }) => choice.finish_reason !== null);
  if (isDone) {
    assert.equal(finishes.length, 1, "not one finish");
    assert.equal(finishes[0], chunks.at(-1), "content follows the finish");
    assert.deepEqual(finishes[0].choices[0].delta, {}, "the finish says something");
    assert.equal(usageChunks.length, isUsageAsked ? 1 : 0, isUsageAsked ? "no usage, though it was asked for" : "an unasked chunk without choices");
    if (isUsageAsked) assert.equal(usageChunks[0], all.at(-1), "the usage is not last");
  } else {
    assert.deepEqual([finishes.length, usageChunks.length], [0, 0], "a failed stream finishes");
  }
  const finish: string | undefined = finishes[0]?.choices[0].finish_reason;
  if (finish !== undefined) assert.ok(finishWords.includes(finish), `the finish is ${finish}`);
  const calls = callsIn(others.flatMap(({ delta }) => delta.tool_calls ?? []), isDone);
  if (isDone) assert.equal(finish === "tool_calls", calls.length > 0, "calls and finish do not agree");
  const joined = (name: string): string => others.map(({ delta }) => delta[name] ?? "").join("");
  const heartbeats = others.filter(({ delta, finish_reason }) => finish_reason === null && Object.keys(delta).length === 0).length;
  return { text: joined("content"), reasoning: joined("reasoning_content"), calls, finish, usage: usageChunks[0]?.usage, failure, heartbeats };
}

function judgeChunk(chunk: any, first: any, isUsageAsked: boolean): void {
  assert.deepEqual(Object.keys(chunk).filter((name) => !chunkFields.includes(name)), [], "a chunk with a field that nobody knows");
  assert.ok(Array.isArray(chunk.choices), "a chunk without choices");
  assert.equal(chunk.object, "chat.completion.chunk");
  const isIdentified = typeof chunk.id === "string" && chunk.id !== "" && typeof chunk.model === "string";
  // With words of its own: without them Node parses this file to find the condition's, which takes it half a minute.
  assert.ok(isIdentified && Number.isInteger(chunk.created), "a chunk without id, time or model");
  assert.deepEqual([chunk.id, chunk.created, chunk.model], [first.id, first.created, first.model], "a chunk of another answer");
  if (chunk.choices.length === 0) {
    const { prompt_tokens: prompt, completion_tokens: completion, total_tokens: total } = chunk.usage ?? {};
    for (const count of [prompt, completion, total]) assert.ok(Number.isInteger(count), "usage that is no whole number");
    assert.equal(total, prompt + completion);
    return;
  }
  assert.equal(chunk.usage, isUsageAsked ? null : undefined, "usage beside content");
  const [choice, ...more] = chunk.choices;
  assert.equal(more.length, 0);
  assert.deepEqual([choice.index, choice.logprobs], [0, null], "a choice without index or logprobs");
  assert.ok(typeof choice.delta === "object" && choice.delta !== null, "a choice without a delta");
  assert.ok(choice.finish_reason === null || typeof choice.finish_reason === "string", "a choice without finish_reason");
  assert.deepEqual(Object.keys(choice.delta).filter((name) => !deltaFields.includes(name)), [], "a delta with a field that nobody knows");
  for (const name of ["content", "reasoning_content"]) assert.ok(choice.delta[name] === undefined || typeof choice.delta[name] === "string", `${name} is no string`);
}

function callsIn(deltas: readonly any[], isWhole: boolean): WireCall[] {
  const calls: { id: string; name: string; json: string }[] = [];
  for (const { index, id, type, function: piece } of deltas) {
    assert.equal(typeof piece?.arguments, "string", "arguments are no string");
    if (index === calls.length) {
      assert.ok(typeof id === "string" && id !== "" && type === "function" && typeof piece.name === "string" && piece.name !== "", "a call begins without id, type or name");
      assert.equal(piece.arguments, "", "a call begins with arguments");
      calls.push({ id, name: piece.name, json: "" });
      continue;
    }
    const call = calls[index] ?? assert.fail(`a piece of call ${index}, which has not begun`);
    assert.deepEqual([id, type, piece.name], [undefined, undefined, undefined], "id, type or name come twice");
    call.json += piece.arguments;
  }
  for (const { json } of isWhole ? calls : []) assert.doesNotThrow(() => JSON.parse(json), "arguments are no JSON");
  assert.equal(new Set(calls.map(({ id }) => id)).size, calls.length, "two calls of one id");
  return calls;
}

/** A conversation on a made-up CLI. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { Conversation } from "../../src/claude/conversation.ts";
import type { ConversationOptions } from "../../src/claude/run.ts";
import type { TurnEvent } from "../../src/turn/event.ts";
import type { Message } from "../../src/turn/message.ts";
import { startFake } from "./fake-claude.ts";
import { callsIn, collect, summaryOf } from "./turn-events.ts";
import { ask, callsOf, never, resultsOf, tool } from "./turns.ts";

export async function startConversation(
  t: TestContext, name: string, options: Partial<ConversationOptions> = {}, environment: Readonly<Record<string, string>> = {},
) {
  const fake = await startFake(t, name, environment);
  const conversation = new Conversation(fake.claude, {
    silenceMsMax: 20_000, onInitialized: () => {}, onHistoryTold: () => {}, onModelRefused: () => {}, onRateLimit: () => {}, onModelLimits: () => {},
    onSpent: (_reason, haste) => (haste === "at once" ? fake.claude.kill() : void fake.claude.end()), ...options,
  });
  return { ...fake, conversation };
}

/** A whole turn of another process: passes time that is measured in events, not in milliseconds. */
export async function meanwhile(t: TestContext): Promise<void> {
  const { conversation } = await startConversation(t, "answers");
  assert.equal((await collect(conversation.run(ask("WORDS 1"), 0, never))).error, undefined);
}

export const tools = [tool("look"), tool("listen")];

/** An answer's calls as a client gives them back, with results in the order of the calls. */
export function withResults(messages: readonly Message[], events: readonly TurnEvent[], ...contents: string[]): Message[] {
  const calls = callsIn(events);
  const answer: Message = {
    role: "assistant",
    content: [{ type: "text", text: summaryOf(events).text }, ...callsOf(...calls.map(({ id, name, json }) => [id, name, JSON.parse(json)] as const)).content] as never,
  };
  return [...messages, answer, resultsOf(...calls.map(({ id }, index) => [id, contents[index] ?? ""] as const))];
}

/** What calls-tools tells of the results that it was given. */
export const given = (events: readonly TurnEvent[]): unknown => (JSON.parse(summaryOf(events).text) as { id: string; content: { text: string }[]; isError?: boolean }[])
  .map(({ id, content, isError }) => [id, content.map(({ text }) => text).join(), ...(isError === undefined ? [] : [isError])]);

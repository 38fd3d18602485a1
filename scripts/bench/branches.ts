/**
 * The ways in which a client leaves the end of a conversation that its server has: what it asks then, and what the stub
 * upstream answers. Each is told the conversation so far, and gives the milliseconds to the first content of what it
 * asked.
 */
import {
  stallAnswer, type StubAnswer, type StubRequest, lastUserText, textAnswer, toolUseAnswer,
} from "../../test/support/anthropic-stub.ts";
import type { ChatMessage } from "./chat-request.ts";

/** Milliseconds to the first content of the answer to `messages`. With `leaves` the client then breaks off. */
export type Ask = (messages: readonly object[], more?: { readonly leaves?: boolean }) => Promise<number>;

export interface Branch {
  readonly id: string;
  readonly label: string;
  /** Exchanges of question and answer in the conversation. */
  readonly exchanges: number;
  /** Fields of all of the conversation's requests. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Of the exchanges before the one asked for: how many no process can have in the form in which they come now. */
  readonly toldExchanges: number;
  run(conversation: readonly ChatMessage[], ask: Ask): Promise<number[]>;
}

/** How often each branch that repeats does so. */
export interface Repeats {
  readonly notes: number;
  readonly stops: number;
  readonly steps: number;
}

const fewExchanges = 4;
const manyExchanges = 15;
const turnsBack = 10;
const answerText = "Hello there";
const beforeStop = "So it began";
const beforeCall = "I look.";
/** Ends the prompts that the stub answers with a beginning, and with a call. */
const stopMark = "Begin, please.";
const stepMark = /Step (\d+)\.$/;
const tool = { name: "look", parameters: { type: "object", properties: { at: { type: "string" } }, required: ["at"] } };
const toolFields = { tools: [{ type: "function", function: { ...tool, description: "Looks." } }] };
const callInput = { at: "the weather" };
const system: ChatMessage = { role: "system", content: "Be terse." };

/** A conversation of so many exchanges. */
export function conversationOf(exchanges: number): ChatMessage[] {
  const numbers = Array.from({ length: exchanges }, (_, index) => index + 1);
  return [system, ...numbers.flatMap((number) => [user(`Question ${number}: and then?`), assistant(answerText)])];
}

/** Whether upstream is asked for a part of an answer, a call, or an answer. The reference offers no tool of ours. */
export function respond({ body }: StubRequest): StubAnswer {
  const text = lastUserText(body).trim();
  if (text.endsWith(stopMark)) return stallAnswer([beforeStop]);
  const step = stepMark.exec(text)?.[1];
  const isOffered = body.tools?.some(({ name }) => name === tool.name) === true;
  if (step === undefined || !isOffered) return textAnswer([answerText]);
  return toolUseAnswer([{ id: callId(Number(step)), name: tool.name, input: callInput }], { textBefore: beforeCall });
}

export function branches({ notes, stops, steps }: Repeats): Branch[] {
  const usual = { exchanges: fewExchanges, fields: {}, toldExchanges: 0 };
  return [
    {
      ...usual, id: "edit", label: "last message edited",
      run: async (conversation, ask) => [await ask([...conversation.slice(0, -2), user("Edited: and then?")])],
    },
    {
      ...usual, id: "regenerate", label: "last answer asked for again",
      run: async (conversation, ask) => [await ask(conversation.slice(0, -1))],
    },
    {
      ...usual, id: "back", label: `branch ${turnsBack} turns back`, exchanges: manyExchanges,
      run: async (conversation, ask) =>
        [await ask([...conversation.slice(0, -2 * turnsBack), user("Another way: and then?")])],
    },
    {
      ...usual, id: "note", label: `note taken back, ${notes} times`, toldExchanges: 1,
      run: (conversation, ask) => takeNotesBack(conversation, ask, notes),
    },
    {
      ...usual, id: "stop", label: `after a stopped answer, ${stops} times`, toldExchanges: 1,
      run: (conversation, ask) => stopAnswers(conversation, ask, stops),
    },
    {
      ...usual, id: "step", label: `step whose result comes with text, ${steps} times`, toldExchanges: 1,
      fields: toolFields, run: (conversation, ask) => takeSteps(conversation, ask, steps),
    },
  ];
}

/** Each prompt has a note at its end that the next request does not have any more. */
async function takeNotesBack(conversation: readonly ChatMessage[], ask: Ask, times: number): Promise<number[]> {
  const messages = [...conversation];
  const taken: number[] = [];
  for (let number = 0; number <= times; number++) {
    const prompt = `Noted ${number}: and then?`;
    const ms = await ask([...messages, user(`${prompt}\n\n[It is 12:${10 + number}.]`)]);
    // Before the first nothing was taken back.
    if (number > 0) taken.push(ms);
    messages.push(user(prompt), assistant(answerText));
  }
  return taken;
}

/** Each answer is left after its first content, and the next request has what came of it. */
async function stopAnswers(conversation: readonly ChatMessage[], ask: Ask, times: number): Promise<number[]> {
  const messages = [...conversation];
  const after: number[] = [];
  for (let number = 0; number <= times; number++) {
    const isLast = number === times;
    const prompt = user(isLast ? "Enough: and then?" : `Story ${number}. ${stopMark}`);
    const ms = await ask([...messages, prompt], { leaves: !isLast });
    if (number > 0) after.push(ms);
    messages.push(prompt, assistant(beforeStop));
  }
  return after;
}

/** Each result comes with words of the client's. */
async function takeSteps(conversation: readonly ChatMessage[], ask: Ask, times: number): Promise<number[]> {
  const messages: object[] = [...conversation, user("Step 0.")];
  const taken: number[] = [];
  await ask(messages);
  for (let number = 1; number <= times; number++) {
    const id = callId(number - 1);
    const call = { id, type: "function", function: { name: tool.name, arguments: JSON.stringify(callInput) } };
    messages.push(
      { ...assistant(beforeCall), tool_calls: [call] },
      { role: "tool", content: "It rains.", tool_call_id: id },
      user(`That was the weather. Step ${number}.`),
    );
    taken.push(await ask(messages));
  }
  return taken;
}

function callId(step: number): string {
  return `toolu_step_${step}`;
}

function user(content: string): ChatMessage {
  return { role: "user", content };
}

function assistant(content: string): ChatMessage {
  return { role: "assistant", content };
}

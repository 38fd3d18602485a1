/**
 * The abilities of the CLI that differ between its versions, each found out by trying it. Code that depends on one asks
 * for it here, and never for the version number.
 */

import { randomUUID } from "node:crypto";
import type { AssistantBlock, TextBlock, ToolResultBlock, ToolUseBlock, UserBlock } from "../turn/message.ts";
import { historyAssistantLine, historyUserLine, type JsonObject } from "./protocol.ts";
import { isRewound, rewindRequest, type RewindTarget } from "./rewind.ts";

export type RewindName = "rewindSteps" | "rewindMany" | "rewindToEmpty" | "answerTarget";
export type CapabilityName = RewindName | "setModel";
/** For each ability, whether the CLI has it. */
export type Capabilities = Readonly<Record<CapabilityName, boolean>>;
/** The abilities that are about rewinding. */
export type Rewinds = Pick<Capabilities, RewindName>;

/** One thing that the CLI can do or not. */
export interface CapabilityRow {
  readonly name: CapabilityName;
  /** How the server finds out whether the CLI can do it. */
  readonly learnt: string;
  /** What the server uses the ability for. */
  readonly purpose: string;
  /** What happens where the CLI cannot do it. */
  readonly without: string;
}

export const capabilityRows: readonly CapabilityRow[] = [
  {
    name: "rewindSteps",
    learnt: "The probe takes back the last of three told prompts.",
    purpose: "An edit, a branch, a stopped or failed turn: the process is moved to where the request's history stands.",
    without: "The process is ended, and another is told the whole history.",
  },
  {
    name: "rewindMany",
    learnt: "The probe takes back both told prompts that are left, in one request that names the last.",
    purpose: "A branch many turns back takes one request.",
    without: "The prompts are taken back one by one, with a request each.",
  },
  {
    name: "rewindToEmpty",
    learnt: "The probe takes back the first told prompt.",
    purpose: "A new conversation, or a first turn again, gets a process that has had another of the same beginning.",
    without: "A new conversation gets a warm or a new process.",
  },
  {
    name: "answerTarget",
    learnt: "The probe takes back a told answer behind a told result, with `allow_assistant_target`.",
    purpose: "An agent's last step is taken back; the results before it, and the text that it sent with them, stay.",
    without: "All goes back to the prompt that the results belong to, or to the text sent with the last ones.",
  },
  {
    name: "setModel",
    learnt: "The probe sets another model behind a told prompt, which can then be taken back: it is still the last.",
    purpose: "A process that has no message serves each model that the CLI lists: a warm one, or one that was emptied.",
    without: "Each model has warm processes of its own, and a process serves the model that it was started with.",
  },
];

/** The capabilities of a CLI that cannot rewind at all. */
export const noCapabilities: Capabilities = {
  rewindSteps: false, rewindMany: false, rewindToEmpty: false, answerTarget: false,
  setModel: false,
};

/** What the probe needs of a process that was initialized and told no message yet. */
export interface ProbedProcess {
  /** A model that the CLI lists, and that the process was not started with. */
  readonly otherModel: string | undefined;
  /** Sends a control request. Resolves with the CLI's answer; rejects where the CLI refuses it. */
  readonly request: (request: JsonObject) => Promise<unknown>;
  /** Writes lines to the CLI's stdin. */
  readonly write: (lines: string) => void;
  /** Resolves when the CLI has acknowledged the user message of the history that is written next. */
  readonly acknowledged: () => Promise<void>;
}

/**
 * Finds out what the CLI can rewind, and whether it can change its model: tells it a made-up history and rewinds that,
 * piece by piece. Asks the model nothing. Takes some 60 ms. Afterwards the process is of no use.
 */
export async function probeCapabilities(probed: ProbedProcess): Promise<Capabilities> {
  const { request, write, acknowledged, otherModel } = probed;
  const [first, second, third, result, answer, last] = Array.from({ length: 6 }, () => randomUUID()) as MadeUpUuids;
  const told: readonly (readonly [user: string, answer: string])[] = [
    [userLine(first, text), assistantLine(randomUUID(), text)],
    [userLine(second, text), assistantLine(randomUUID(), text)],
    [userLine(third, text), assistantLine(randomUUID(), call)],
    [userLine(result, callResult), assistantLine(answer, text)],
  ];
  const tell = async (user: string): Promise<void> => {
    const isTaken = acknowledged();
    write(user);
    await isTaken;
  };
  for (const [user, assistant] of told) {
    await tell(user);
    write(assistant);
  }
  const rewind = (uuid: string, line: RewindTarget["line"] = "prompt", lastPrompt?: string): Promise<boolean> =>
    request(rewindRequest({ uuid, line }, lastPrompt)).then(isRewound, () => false);
  // Each rewind begins where the one before has ended, and the CLI handles them in order, so none waits for another.
  const [answerTarget, rewindSteps, rewindMany] = await Promise.all([
    rewind(answer, "answer"),
    rewind(third),
    rewind(first, "prompt", second),
  ]);
  const [, isEmptied] = rewindMany ? [] : await Promise.all([rewind(second), rewind(first)]);
  const rewindToEmpty = rewindMany || isEmptied === true;
  const known = { rewindSteps, rewindMany, rewindToEmpty, answerTarget };
  if (!rewindToEmpty || otherModel === undefined) return { ...known, setModel: false };
  // CLI 2.1.197 adds a note of the change to the conversation. The prompt is then not the last message, and a rewind to
  // it is refused as stale.
  await tell(userLine(last, text));
  const isSet = await request({ subtype: "set_model", model: otherModel }).then(() => true, () => false);
  return { ...known, setModel: isSet && await rewind(last) };
}

type MadeUpUuids = [first: string, second: string, third: string, result: string, answer: string, last: string];

const text: TextBlock = { type: "text", text: "x" };
const call: ToolUseBlock = { type: "tool_use", id: "toolu_probe", name: "probe", input: {} };
const callResult: ToolResultBlock = { type: "tool_result", tool_use_id: "toolu_probe", content: [text] };

function userLine(uuid: string, block: UserBlock): string {
  return historyUserLine({ role: "user", content: [block] }, uuid);
}

function assistantLine(uuid: string, block: AssistantBlock): string {
  return historyAssistantLine({ role: "assistant", content: [block] }, `msg_${uuid}`, uuid);
}

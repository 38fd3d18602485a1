/**
 * The abilities of the CLI that differ between its versions, each found out by trying it. Code that depends on one asks
 * for it here, and never for the version number.
 */

import { randomUUID } from "node:crypto";
import type { AssistantBlock, TextBlock, ToolResultBlock, ToolUseBlock, UserBlock } from "../turn/message.ts";
import type { CapabilityName, RewindName } from "./capability-rows.ts";
import { historyAssistantLine, historyUserLine, type JsonObject } from "./protocol.ts";
import { isRewound, rewindRequest, type RewindTarget } from "./rewind.ts";

/** For each ability, whether the CLI has it. */
export type Capabilities = Readonly<Record<CapabilityName, boolean>>;
/** The abilities that are about rewinding. */
export type Rewinds = Pick<Capabilities, RewindName>;

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
  const [answerTarget, rewindSteps, isBackAgain, rewindMany] = await Promise.all([
    rewind(answer, "answer"),
    rewind(third),
    // A CLI that has done it finds the prompt no more. One that says otherwise is not believed in anything.
    rewind(third),
    rewind(first, "prompt", second),
  ]);
  if (isBackAgain) return noCapabilities;
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

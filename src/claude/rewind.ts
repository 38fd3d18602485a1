/** The control request that takes messages out of a live process's history, and the CLI's answer to it. */

import { isObject, type JsonObject, optionalString } from "./protocol.ts";

/** A line of a process's history: a rewind to it removes the line and all after it. */
export interface RewindTarget {
  readonly uuid: string;
  /** `prompt`: a user's message without tool results. `answer`: the model's first line behind tool results. */
  readonly line: "prompt" | "answer";
}

/**
 * The request that takes a line and all after it out of the history, interrupting a turn that runs. `lastPrompt` is the
 * uuid of the last prompt: without it the CLI rewinds to no earlier prompt.
 */
export function rewindRequest(
  { uuid, line: begins }: RewindTarget, lastPrompt: string | undefined,
): JsonObject {
  return {
    subtype: "rewind_conversation", target_message_uuid: uuid, interrupt_if_running: true,
    ...(lastPrompt === undefined ? {} : { last_seen_user_message_uuid: lastPrompt }),
    ...(begins === "answer" ? { allow_assistant_target: true } : {}),
  };
}

/** Whether the answer to a `rewind_conversation` says that it was done. The CLI reports success either way. */
export function isRewound(response: unknown): boolean {
  return isObject(response) && response["rewound"] === true;
}

/** The reason why the CLI did not rewind; undefined if it did. A CLI that does not know the request rejects it. */
export function rewindRefusal(response: unknown): string | undefined {
  if (isRewound(response)) return undefined;
  return (isObject(response) ? optionalString(response["error"]) : undefined) ?? "no reason given";
}

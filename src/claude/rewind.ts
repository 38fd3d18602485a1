/** The control request that takes messages out of a live process's history, and the CLI's answer to it. */

import { isRewound } from "./capabilities.ts";
import type { CutPoint } from "./cut-points.ts";
import { isObject, type JsonObject, optionalString } from "./protocol.ts";

/**
 * The request that takes a line and all after it out of the history, interrupting a turn that runs. `lastPrompt` is the
 * uuid of the last prompt: without it the CLI takes back no earlier one.
 */
export function rewindRequest({ uuid, line: begins }: CutPoint, lastPrompt: string | undefined): JsonObject {
  return {
    subtype: "rewind_conversation", target_message_uuid: uuid, interrupt_if_running: true,
    ...(lastPrompt === undefined ? {} : { last_seen_user_message_uuid: lastPrompt }),
    ...(begins === "answer" ? { allow_assistant_target: true } : {}),
  };
}

/** The reason why the CLI did not rewind; undefined if it did. A CLI that does not know the request rejects it. */
export function rewindRefusal(response: unknown): string | undefined {
  if (isRewound(response)) return undefined;
  return (isObject(response) ? optionalString(response["error"]) : undefined) ?? "no reason given";
}

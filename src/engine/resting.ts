import type { Conversation } from "../claude/conversation.ts";
import type { Turn } from "../turn/turn.ts";
import type { HistoryHash, Timeline } from "./history-hash.ts";

/**
 * A conversation of so many messages, a question and its answer, is told again in less time than a process boots. So
 * its process is given away before a warm one is.
 */
export const cheapMessagesMax = 2;

/** Why no process was found that has a part of a request's history. */
export type MissReason =
  /** The request has one message, so it has no history. */
  | "first_message"
  /** No process is known to have been told this history: it comes from elsewhere, or from before a restart. */
  | "unknown_history"
  /** Another turn is running on the process that has it. */
  | "in_use"
  /** The process was idle, or waited for tools, for too long, and was ended. */
  | "idle_time"
  /** The process was evicted or given to another conversation. */
  | "evicted"
  /** The process died. */
  | "process_ended";

/** A process between two turns, and what it has been told. */
export interface Resting {
  readonly conversation: Conversation;
  /** Its beginning, and the hashes after each message that it has, the last answer included. */
  readonly timeline: Timeline;
  /** The local date when its conversation began: the CLI has told it to the model. */
  readonly day: string;
}

/** Whether little is lost when a process's conversation is given up. */
export function isCheap({ timeline: { hashes } }: Resting): boolean {
  return hashes.length <= cheapMessagesMax;
}

/** Whether two processes were told the same beginning. */
export function isAlike(one: Resting, other: Resting): boolean {
  return one.timeline.beginning === other.timeline.beginning;
}

/**
 * Whether a turn's history has the calls whose results a process waits for. If the turn does not go on with that
 * process, its client has changed something before the calls, and will not come back to the process as it stands.
 * Some clients take punctuation out of ids.
 */
export function isPassedBy({ conversation, timeline }: Resting, { messages }: Turn, { beginning }: Timeline): boolean {
  const awaited = conversation.awaitedCalls;
  if (awaited.length === 0 || timeline.beginning !== beginning) return false;
  const calls = messages.flatMap(({ content }) => content.flatMap((block) => (
    block.type === "tool_use" ? [plain(block.id)] : []
  )));
  return awaited.every((id) => calls.includes(plain(id)));
}

function plain(id: string): string {
  return id.replace(/[^a-zA-Z0-9]/gu, "");
}

/** The hash of all that a timeline has. */
export function tipOf({ beginning, hashes }: Timeline): HistoryHash {
  return hashes.at(-1) ?? beginning;
}

/** How many messages two timelines have in common, from the first. A hash covers all before it. */
export function commonLength(one: Timeline, other: Timeline): number {
  if (one.beginning !== other.beginning) return 0;
  let common = Math.min(one.hashes.length, other.hashes.length);
  while (common > 0 && one.hashes[common - 1] !== other.hashes[common - 1]) common--;
  return common;
}

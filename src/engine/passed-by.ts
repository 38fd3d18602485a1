import type { Turn } from "../turn/turn.ts";
import type { Timeline } from "./history-hash.ts";
import type { Rested } from "./owned-process.ts";

/**
 * Whether a turn's history has the calls whose results a process waits for. If the turn does not go on with that
 * process, its client has changed something before the calls, and will not come back to the process as it stands.
 * Some clients take punctuation out of ids.
 */
export function isPassedBy({ conversation, timeline }: Rested, { messages }: Turn, { root }: Timeline): boolean {
  const awaited = conversation.awaitedCalls;
  if (awaited.length === 0 || timeline.root !== root) return false;
  const calls = messages.flatMap(({ content }) => content.flatMap((block) => (
    block.type === "tool_use" ? [plain(block.id)] : []
  )));
  return awaited.every((id) => calls.includes(plain(id)));
}

function plain(id: string): string {
  return id.replace(/[^a-zA-Z0-9]/gu, "");
}

import type { Turn } from "../turn/turn.ts";
import type { Rested } from "./owned-process.ts";

/**
 * Whether a turn's history has the calls whose results a process waits for. If the turn does not go on with that
 * process, its client has changed something before the calls (a message, the system prompt, the tools, the model), and
 * will not come back to the process as it stands. The ids alone tell it, as the API gives none twice. Some clients take
 * punctuation out of them.
 */
export function isPassedBy({ conversation }: Rested, { messages }: Turn): boolean {
  const awaited = conversation.awaitedCalls;
  if (awaited.length === 0) return false;
  const calls = messages.flatMap(({ content }) => content.flatMap((block) => (
    block.type === "tool_use" ? [plain(block.id)] : []
  )));
  return awaited.every((id) => calls.includes(plain(id)));
}

function plain(id: string): string {
  return id.replace(/[^a-zA-Z0-9]/gu, "");
}

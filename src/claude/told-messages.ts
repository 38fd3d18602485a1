import type { Message, UserBlock } from "../turn/message.ts";

/**
 * The messages as the CLI is told them: what stands behind the tool results in a user's message becomes a message of
 * its own. The CLI sends both to the API as one message, so the model sees no difference. But a rewind, which goes back
 * only to messages without results, can then remove the second alone: clients put notes there that their next request
 * no longer has. Two texts are not parted: the CLI would put a line break between them.
 */
export function toldMessages(messages: readonly Message[]): readonly Message[] {
  return messages.some((message) => resultsBefore(message) > 0) ? messages.flatMap(parted) : messages;
}

/** How many blocks of a message are results with others behind them; 0 if it has only one of the two kinds. */
function resultsBefore({ role, content }: Message): number {
  const blocks: readonly UserBlock[] = role === "user" ? content : [];
  const count = blocks.findIndex(({ type }) => type !== "tool_result");
  // The CLI puts words of its own into a message of blank text alone.
  const isSeen = (block: UserBlock): boolean => block.type !== "text" || block.text.trim() !== "";
  return count > 0 && blocks.slice(count).some(isSeen) ? count : 0;
}

function parted(message: Message): readonly Message[] {
  const count = resultsBefore(message);
  if (message.role !== "user" || count === 0) return [message];
  const { content } = message;
  return [{ role: "user", content: content.slice(0, count) }, { role: "user", content: content.slice(count) }];
}

import type { Message, UserBlock } from "../turn/message.ts";
import type { Rewinds } from "./capabilities.ts";

/**
 * The messages as the CLI is told them: what stands behind the tool results in a user's message becomes a message of
 * its own. The CLI sends both to the API as one message, so the model sees no difference. But a rewind, which goes back
 * only to messages without results, can then remove the second alone: clients put notes there that their next request
 * no longer has. Two texts are not parted: the CLI would put a line break between them.
 *
 * Where the client's results before these still have text behind them, it keeps such text: an agent that says something
 * beside each result. The message is then told as it is, if the CLI can go back to the answer behind it: the next step
 * takes back that answer alone. Parted, the second message would be taken back too, and the CLI would have to
 * acknowledge it and the next results before the question: some 20 ms each (2.1.330).
 */
export function toldMessages(
  messages: readonly Message[], { answerTarget }: Pick<Rewinds, "answerTarget">,
): readonly Message[] {
  let isKept = false;
  return messages.flatMap((message) => {
    if (!hasResults(message)) return [message];
    // Only messages before this one decide, so that a message is told alike in all later requests.
    const count = resultsBefore(message);
    const told = answerTarget && isKept ? [message] : parted(message, count);
    isKept = count > 0;
    return told;
  });
}

function hasResults({ role, content }: Message): boolean {
  const blocks: readonly UserBlock[] = role === "user" ? content : [];
  return blocks.some(({ type }) => type === "tool_result");
}

/** How many blocks of a message are results with others behind them; 0 if it has only one of the two kinds. */
function resultsBefore({ role, content }: Message): number {
  const blocks: readonly UserBlock[] = role === "user" ? content : [];
  const count = blocks.findIndex(({ type }) => type !== "tool_result");
  // The CLI puts words of its own into a message of blank text alone.
  const isSeen = (block: UserBlock): boolean => block.type !== "text" || block.text.trim() !== "";
  return count > 0 && blocks.slice(count).some(isSeen) ? count : 0;
}

function parted(message: Message, count: number): readonly Message[] {
  if (message.role !== "user" || count === 0) return [message];
  const { content } = message;
  return [{ role: "user", content: content.slice(0, count) }, { role: "user", content: content.slice(count) }];
}

import type { Message, ToolResultBlock } from "../turn/message.ts";

/**
 * The longest result that is given to a parked CLI, in characters. The CLI passes on results of up to 500,000
 * characters as JSON, and replaces longer ones.
 */
export const resultCharsMax = 400_000;

/**
 * Returns the results that a request brings for the calls of the answer before, in the order of the calls. Returns
 * undefined unless the last message holds exactly those results, and the CLI passes on each of them unchanged: only
 * then can a parked process continue. A result belongs to the process's call in the same position. Ids cannot tell it:
 * some clients rewrite them, in calls and results alike.
 */
export function resultsOfLastCalls(messages: readonly Message[]): readonly ToolResultBlock[] | undefined {
  const [asked, answered] = messages.slice(-2);
  if (asked?.role !== "assistant" || answered?.role !== "user") return undefined;
  const calls = asked.content.filter((block) => block.type === "tool_use");
  const results = answered.content.filter((block) => block.type === "tool_result");
  if (calls.length === 0 || results.length !== answered.content.length || results.length !== calls.length) {
    return undefined;
  }
  const ordered = calls.flatMap(({ id }) => {
    const own = results.filter(({ tool_use_id }) => tool_use_id === id);
    return own.length === 1 ? own : [];
  });
  return ordered.length === calls.length && ordered.every(isHandedOn) ? ordered : undefined;
}

/** Maps the ids that the model gave the calls to the results. Both lists are in the calls' order. */
export function resultsByCall(
  callIds: readonly string[], results: readonly ToolResultBlock[],
): ReadonlyMap<string, ToolResultBlock> {
  return new Map(results.flatMap((result, position) => {
    const id = callIds[position];
    return id === undefined ? [] : [[id, result]];
  }));
}

/**
 * Whether the CLI passes on a result unchanged. It puts words of its own in place of an empty result, may scale an
 * image, and replaces a long text by its beginning. A turn with such a result does not continue the parked process: it
 * is told as history.
 */
function isHandedOn({ content }: ToolResultBlock): boolean {
  if (typeof content === "string") return content.length > 0 && content.length <= resultCharsMax;
  let chars = 0;
  for (const block of content) {
    if (block.type !== "text") return false;
    chars += block.text.length;
  }
  return content.length > 0 && chars <= resultCharsMax;
}

import type { Message, ToolResultBlock } from "../turn/message.ts";

/**
 * The longest result that the CLI hands on whole from a tool server, in characters (500,000 as JSON); a longer one it
 * replaces.
 */
export const resultCharsMax = 400_000;

/**
 * The results that a request brings for the calls of the answer before, in the order of the calls. Undefined unless its
 * last message is nothing but those results, and all of a kind that the CLI hands on as they are: only then can a
 * process that waits for them go on. The order, not the id, tells which is which: some clients rewrite ids, alike on
 * both sides.
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

/** The results by the ids that the model gave the calls; both in the calls' order. */
export function resultsByCall(
  callIds: readonly string[], results: readonly ToolResultBlock[],
): ReadonlyMap<string, ToolResultBlock> {
  return new Map(results.flatMap((result, position) => {
    const id = callIds[position];
    return id === undefined ? [] : [[id, result]];
  }));
}

/**
 * An empty result the CLI puts into words of its own, an image it may scale, a long text it replaces by its beginning:
 * those go up by replay.
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

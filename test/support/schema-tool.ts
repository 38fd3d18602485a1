/** The CLI's own tool, by which an answer with a schema is given. */
import type { ToldBlock } from "./composed-request.ts";

/** Its name, and what the CLI says to a call of it. */
export const schemaToolName = "StructuredOutput";
export const schemaToolResult = "Structured output provided successfully";

/** A message's blocks, with an answer that the CLI's tool gave as the words that it is to the client; its result is nothing. */
export function inWords(blocks: readonly ToldBlock[]): readonly ToldBlock[] {
  return blocks.flatMap((block) => {
    if (block.type === "tool_use" && block["name"] === schemaToolName) return [{ type: "text", text: JSON.stringify(block["input"]) }];
    const isItsResult = block.type === "tool_result" && block["content"] === schemaToolResult;
    return isItsResult ? [] : [block];
  });
}

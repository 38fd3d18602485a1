import type { StartedBlock } from "../turn/event.ts";
import type { ServerToolBlock } from "../turn/message.ts";
import { type JsonObject, optionalString } from "./protocol.ts";

/** The types of blocks that belong to tools which the API runs itself. */
const serverToolTypes: Readonly<Record<ServerToolBlock["type"], true>> = {
  server_tool_use: true, web_search_tool_result: true, web_fetch_tool_result: true, code_execution_tool_result: true,
  bash_code_execution_tool_result: true, text_editor_code_execution_tool_result: true, tool_search_tool_result: true,
  mcp_tool_use: true, mcp_tool_result: true,
};

/**
 * Converts the `content_block` of a `content_block_start`. A block of a type that is not known here is passed on whole.
 */
export function startedBlock(block: JsonObject): StartedBlock {
  const type = optionalString(block["type"]) ?? "";
  switch (type) {
    case "text": case "thinking":
      return { type };
    case "redacted_thinking":
      return { type, data: optionalString(block["data"]) ?? "" };
    case "tool_use":
      return { type, id: optionalString(block["id"]) ?? "", name: optionalString(block["name"]) ?? "" };
    default:
      return isServerToolType(type) ? { ...block, type } : { type: "other", block };
  }
}

function isServerToolType(type: string): type is ServerToolBlock["type"] {
  return Object.hasOwn(serverToolTypes, type);
}

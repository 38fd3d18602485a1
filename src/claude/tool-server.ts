/** The client's tools as an MCP server over the CLI's control channel: pure answers to its JSON-RPC. */

import type { ToolResultBlock } from "../turn/message.ts";
import type { Tool } from "../turn/turn.ts";
import { isObject, type JsonObject, optionalString, toolServerName } from "./protocol.ts";

/** The CLI truncates a tool's description to this many characters (2.1.197; 4,096 on 2.1.330), but never a schema. */
export const descriptionCharsMax = 2_000;
/** The MCP version that is answered when the CLI asks for none. */
const protocolVersion = "2025-06-18";
const methodNotFound = -32_601;

/** A call that the model made and the client must answer. */
export interface ToolCall {
  /** The id of the model's `tool_use` block, if the CLI gives it. */
  readonly toolUseId: string | undefined;
  readonly name: string;
  /** The JSON-RPC id that the answer carries. */
  readonly rpcId: unknown;
}

/** What to do with a message for the tool server: send an answer now, or keep the call until the client answers. */
export type ToolServerStep =
  | { readonly kind: "answer"; readonly response: JsonObject }
  | { readonly kind: "call"; readonly call: ToolCall };

/** Handles one JSON-RPC message of the CLI's. Notifications are answered too: the CLI waits for a control response. */
export function serveTools(message: JsonObject, tools: readonly Tool[]): ToolServerStep {
  const id = message["id"] ?? 0;
  const params = isObject(message["params"]) ? message["params"] : {};
  switch (message["method"]) {
    case "initialize":
      return answer(id, {
        protocolVersion: optionalString(params["protocolVersion"]) ?? protocolVersion,
        capabilities: { tools: {} },
        serverInfo: { name: toolServerName, version: "1" },
      });
    case "notifications/initialized":
    case "notifications/cancelled":
    case "ping":
      return answer(id, {});
    case "tools/list":
      return answer(id, { tools: tools.map(listing) });
    case "tools/call": {
      const meta = isObject(params["_meta"]) ? params["_meta"] : {};
      return { kind: "call", call: {
        toolUseId: optionalString(meta["claudecode/toolUseId"]), name: optionalString(params["name"]) ?? "", rpcId: id,
      } };
    }
    default:
      return {
        kind: "answer", response: { jsonrpc: "2.0", id, error: { code: methodNotFound, message: "method not found" } },
      };
  }
}

/** The JSON-RPC answer that carries the client's result of a call. */
export function callAnswer({ rpcId }: ToolCall, { content, is_error }: ToolResultBlock): JsonObject {
  const blocks = typeof content === "string"
    ? (content === "" ? [] : [{ type: "text" as const, text: content }])
    : content;
  return {
    jsonrpc: "2.0",
    id: rpcId,
    result: {
      // Results with other blocks than text do not come here (`resultsOfLastCalls`).
      content: blocks.filter((block) => block.type === "text"),
      ...(is_error === true ? { isError: true } : {}),
    },
  };
}

function answer(id: unknown, result: JsonObject): ToolServerStep {
  return { kind: "answer", response: { jsonrpc: "2.0", id, result } };
}

/** Makes the CLI pass on a long result, instead of writing it to a file and showing the model only its beginning. */
const meta = { "anthropic/maxResultSizeChars": 500_000 };

/** A tool as `tools/list` has it. A long description continues in that of the schema, which is not truncated. */
function listing({ name, description, inputSchema }: Tool): JsonObject {
  if (description.length <= descriptionCharsMax) return { name, description, inputSchema, _meta: meta };
  // Do not split a surrogate pair.
  const at = /[\uD800-\uDBFF]/u.test(description.charAt(descriptionCharsMax - 1))
    ? descriptionCharsMax - 1
    : descriptionCharsMax;
  const own = optionalString(inputSchema["description"]);
  const rest = description.slice(at) + (own === undefined ? "" : `\n\n${own}`);
  return {
    name, description: description.slice(0, at), inputSchema: { ...inputSchema, description: rest }, _meta: meta,
  };
}

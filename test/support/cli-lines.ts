/** The lines of stdout that made-up CLIs write, as the real one does, in few fields. Pure. */
import type { ToldBlock } from "./composed-request.ts";

export function eventLine(event: object): object {
  return { type: "stream_event", event, session_id: "fake", parent_tool_use_id: null };
}

export function messageStart(id: string, model: string): object {
  const usage = { input_tokens: 1, output_tokens: 1 };
  return eventLine({ type: "message_start", message: { id, type: "message", role: "assistant", model, content: [], usage } });
}

export function textDelta(text: string): object {
  return eventLine({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } });
}

/** A tool's call as it streams: its block, and that the message is over is not in it. */
export function callEvents(index: number, id: string, name: string): object[] {
  return [callStart(index, id, name), inputDelta(index, "{}"), eventLine({ type: "content_block_stop", index })];
}

export function callStart(index: number, id: string, name: string): object {
  return eventLine({ type: "content_block_start", index, content_block: { type: "tool_use", id, name, input: {} } });
}

export function inputDelta(index: number, json: string): object {
  return eventLine({ type: "content_block_delta", index, delta: { type: "input_json_delta", partial_json: json } });
}

export function messageDelta(stopReason: string, outputTokens: number): object {
  return eventLine({ type: "message_delta", delta: { stop_reason: stopReason }, usage: { output_tokens: outputTokens } });
}

/** One block of an answer, whole. */
export function assistantLine(uuid: string, id: string, model: string, block: ToldBlock): object {
  return { type: "assistant", uuid, message: { id, type: "message", role: "assistant", model, content: [block] } };
}

/** What the CLI itself says as the user: a tool's result, or that it was interrupted. */
export function userLine(uuid: string, content: readonly ToldBlock[]): object {
  return { type: "user", uuid, message: { role: "user", content }, parent_tool_use_id: null };
}

/** `num_turns` 0 acknowledges a message of the history. */
export function resultLine(turns: number, result = ""): object {
  return { type: "result", subtype: "success", is_error: false, num_turns: turns, result };
}

export function errorLine(turns: number, terminalReason: string): object {
  return {
    type: "result", subtype: "error_during_execution", is_error: true, num_turns: turns, terminal_reason: terminalReason,
  };
}

export function successLine(requestId: string, response: object): object {
  return { type: "control_response", response: { subtype: "success", request_id: requestId, response } };
}

export function refusalLine(requestId: string, error: string): object {
  return { type: "control_response", response: { subtype: "error", request_id: requestId, error } };
}

/** A message of the CLI's to the tool server. */
export function mcpLine(requestId: string, message: object): object {
  return {
    type: "control_request", request_id: requestId,
    request: { subtype: "mcp_message", server_name: "client", message: { jsonrpc: "2.0", ...message } },
  };
}

/** It asks the API. */
export function requestingLine(): object {
  return { type: "system", subtype: "status", status: "requesting" };
}

/** The subscription's window. */
export function rateLimitLine(window: { readonly status: string; readonly resetsAt: number; readonly rateLimitType: string }): object {
  return { type: "rate_limit_event", rate_limit_info: window };
}

/** A turn that the CLI gives up: its own message in the model's place, and the `result`. */
export function syntheticLine(error: string, status: number | null, text: string): object[] {
  return [
    { type: "assistant", error, message: { id: "synthetic", model: "<synthetic>", role: "assistant", content: [{ type: "text", text }] } },
    { type: "result", subtype: "success", is_error: true, api_error_status: status, num_turns: 1, result: text, terminal_reason: "api_error" },
  ];
}

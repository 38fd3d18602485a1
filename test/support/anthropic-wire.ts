/** An answer as Anthropic puts it on the wire: the events of a stream, or one JSON message. Pure. */
import type { StubBlock, StubMessage } from "./anthropic-answers.ts";
import { signThinking } from "./anthropic-rules/rules.ts";

export interface WireEvent {
  readonly text: string;
  /** Deltas are paced, the frame around them is not. */
  readonly isDelta: boolean;
}

/** The stream's events up to where the answer ends, as SSE text. `id` is the message's. */
export function* streamEvents(answer: StubMessage, id: string, model: string): Generator<WireEvent> {
  yield event({ type: "message_start", message: { ...envelope(answer, id, model), content: [], stop_reason: null, usage: { ...answer.usage, output_tokens: 1 } } });
  yield event({ type: "ping" });
  for (const [index, block] of answer.blocks.entries()) {
    yield event({ type: "content_block_start", index, content_block: { ...contentBlock(block, id, index), ...("citations" in block ? { citations: [] } : {}), ...emptyContent[block.type] } });
    for (const delta of deltasOf(block)) yield event({ type: "content_block_delta", index, delta }, true);
    // A stream that breaks off does so inside its last block.
    if (answer.ending !== "complete" && index === answer.blocks.length - 1) break;
    yield event({ type: "content_block_stop", index });
  }
  if (typeof answer.ending === "object") yield event({ type: "error", error: answer.ending });
  if (answer.ending !== "complete") return;
  yield event({ type: "message_delta", delta: { stop_reason: answer.stopReason, stop_sequence: null }, usage: answer.usage });
  yield event({ type: "message_stop" });
}

/** The same answer to a request without `stream`. */
export function wholeMessage(answer: StubMessage, id: string, model: string): string {
  const content = answer.blocks.map((block, index) => contentBlock(block, id, index));
  return JSON.stringify({ ...envelope(answer, id, model), content, stop_reason: answer.stopReason, usage: answer.usage });
}

const emptyContent = { text: { text: "" }, thinking: { thinking: "", signature: "" }, tool_use: { input: {} }, server_tool_use: { input: {} }, web_search_tool_result: {} };

function envelope(answer: StubMessage, id: string, model: string) {
  return { id, type: "message", role: "assistant", model: answer.model ?? model, stop_sequence: null };
}

function contentBlock(block: StubBlock, messageId: string, index: number): Record<string, unknown> {
  if (block.type === "tool_use") return { type: "tool_use", id: block.id ?? `toolu_${messageId}_${index}`, name: block.name, input: block.input };
  if (block.type === "server_tool_use") return { type: block.type, id: block.id, name: "web_search", input: { query: block.query } };
  if (block.type === "web_search_tool_result") return { type: block.type, tool_use_id: block.id, content: block.found };
  const text = block.deltas.join("");
  if (block.type === "text") return { type: "text", text, ...(block.citations === undefined ? {} : { citations: block.citations }) };
  return { type: "thinking", thinking: text, signature: signThinking(text) };
}

function* deltasOf(block: StubBlock): Generator<Record<string, unknown>> {
  if (block.type === "tool_use") {
    for (const partial_json of block.fragments) yield { type: "input_json_delta", partial_json };
  } else if (block.type === "server_tool_use") {
    yield { type: "input_json_delta", partial_json: JSON.stringify({ query: block.query }) };
  } else if (block.type === "web_search_tool_result") {
    return;
  } else if (block.type === "text") {
    for (const citation of block.citations ?? []) yield { type: "citations_delta", citation };
    for (const text of block.deltas) yield { type: "text_delta", text };
  } else {
    for (const thinking of block.deltas) yield { type: "thinking_delta", thinking };
    yield { type: "signature_delta", signature: signThinking(block.deltas.join("")) };
  }
}

function event(data: { readonly type: string } & Record<string, unknown>, isDelta = false): WireEvent {
  return { text: `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`, isDelta };
}

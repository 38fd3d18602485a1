/** A chat request in the form of a request to `/v1/responses`: the same words, tools and settings. */
import type { Sent } from "./chat-transcript.ts";

/** A part of a chat's content. */
function partOf(part: any): unknown {
  switch (part?.type) {
    case "text": return { ...part, type: "input_text" };
    case "image_url": return { type: "input_image", image_url: part.image_url?.url ?? part.image_url };
    case "file": return { type: "input_file", ...part.file };
    default: return part;
  }
}

function callOf(call: any): Sent {
  if (call?.custom !== undefined) return { type: "custom_tool_call", call_id: call.id, ...call.custom };
  return { type: "function_call", call_id: call?.id, ...call?.function };
}

/** A chat's message as items. The result of a custom tool has `isCustom`. */
export function itemsOf(message: any): Sent[] {
  const content = Array.isArray(message.content) ? message.content.map(partOf) : message.content;
  switch (message.role) {
    case "tool": {
      const type = message.isCustom === true ? "custom_tool_call_output" : "function_call_output";
      return [{ type, call_id: message.tool_call_id, output: content }];
    }
    case "function": return [{ type: "function_call_output", call_id: "function_call", output: content }];
    case "assistant": return [
      { role: "assistant", content },
      ...(Array.isArray(message.tool_calls) ? message.tool_calls : []).map(callOf),
      ...(message.function_call == null
        ? [] : [{ type: "function_call", call_id: "function_call", ...message.function_call }]),
    ];
    default: return [{ type: "message", role: message.role, content }];
  }
}

function toolOf(tool: any): unknown {
  if (tool?.custom !== undefined) {
    const { format, ...custom } = tool.custom;
    const grammar = format === undefined ? {} : { format: { type: "grammar", ...format.grammar } };
    return { type: "custom", ...custom, ...grammar };
  }
  return tool?.function === undefined ? tool : { type: "function", ...tool.function };
}

/** A chat's body with this dialect's names, as it is where the two have the same ones. */
export function responsesBody(
  { messages, tools, response_format: format, max_tokens: bound, ...rest }: any,
): Record<string, unknown> {
  const { json_schema: schema, ...kind } = format ?? {};
  const isMessage = (message: unknown): boolean => typeof message === "object" && message !== null;
  return {
    ...rest,
    input: Array.isArray(messages)
      ? messages.flatMap((message: any) => (isMessage(message) ? itemsOf(message) : [message])) : messages,
    ...(tools === undefined ? {} : { tools: Array.isArray(tools) ? tools.map(toolOf) : tools }),
    ...(format === undefined ? {} : { text: { format: format === null ? null : { ...kind, ...schema } } }),
    ...(bound === undefined ? {} : { max_output_tokens: bound }),
  };
}

/** A chat request in the form of one to `/v1/messages`: the same words, tools and settings. */
import { messagesOf, type Sent } from "./chat-transcript.ts";

const isBlank = (text: unknown): boolean => String(text ?? "").trim() === "";

/**
 * The same request with nothing that has no form there: the deprecated calls, words of the system's among results, a
 * choice among some of the tools, JSON without a schema. Who asks for an effort asks for thinking, and who asks for
 * neither for none, as that API has it.
 */
export function forMessages(request: Sent): Sent {
  const { model, stream, max_tokens: bound, stop, temperature, tools = [], tool_choice: choice } = request;
  const { parallel_tool_calls: parallel, response_format: format } = request;
  const { effort, thinking } = mannerOf(request);
  const served = tools.map((tool: Sent) => (
    { ...tool, function: { ...tool["function"], parameters: tool["function"].parameters ?? { type: "object", properties: {} } } }));
  const hasChoice = choice != null && choice.type !== "allowed_tools" && served.length > 0;
  return {
    model, stream, messages: withoutOthers(messagesOf(request)), thinking,
    ...(effort === undefined ? {} : { reasoning_effort: effort }),
    ...(bound == null ? {} : { max_tokens: bound }), ...(stop == null ? {} : { stop }), ...(temperature == null ? {} : { temperature }),
    ...(served.length === 0 ? {} : { tools: served, ...(parallel === false ? { parallel_tool_calls: false } : {}) }),
    ...(hasChoice ? { tool_choice: choice } : {}),
    ...(format?.json_schema?.schema == null ? {} : { response_format: format }),
  };
}

function mannerOf({ reasoning_effort: effort, thinking }: Sent): { readonly effort?: string; readonly thinking: object } {
  const isAsked = ["low", "high", "max"].includes(effort);
  const isOff = effort === "none" || thinking?.type === "disabled" || (!isAsked && thinking?.type === undefined);
  if (isOff) return { thinking: { type: "disabled" } };
  return { thinking: thinking?.type === undefined ? { type: "adaptive" } : thinking, ...(isAsked ? { effort } : {}) };
}

function withoutOthers(messages: readonly Sent[]): readonly Sent[] {
  let isAmongResults = false;
  return messages.filter(({ role, function_call: call, tool_calls: calls }) => {
    if (role === "assistant") isAmongResults = calls?.length > 0;
    else if (role !== "tool" && role !== "system" && role !== "developer") isAmongResults = false;
    const isSystems = role === "system" || role === "developer";
    return role !== "function" && call == null && !(isSystems && isAmongResults);
  });
}

/** A request of `forMessages` as it is posted. */
export function messagesBody({ model, stream, messages, tools, thinking, ...rest }: Sent): Sent {
  const stops = [rest["stop"] ?? []].flat();
  const schema = rest["response_format"]?.json_schema.schema;
  const output = {
    ...(rest["reasoning_effort"] === undefined ? {} : { effort: rest["reasoning_effort"] }),
    ...(schema === undefined ? {} : { format: { type: "json_schema", schema } }),
  };
  const choice = choiceOf(rest);
  const [first, ...others] = messages as readonly Sent[];
  const isPrompted = first?.["role"] === "system" && typeof first["content"] === "string";
  return {
    model, stream, thinking, ...(isPrompted ? { system: first["content"] } : {}),
    messages: (isPrompted ? others : messages as readonly Sent[]).map(messageOf),
    ...(tools === undefined ? {} : { tools: tools.map(toolOf) }),
    ...(choice === undefined ? {} : { tool_choice: choice }),
    ...(Object.keys(output).length === 0 ? {} : { output_config: output }),
    ...(rest["max_tokens"] === undefined ? {} : { max_tokens: rest["max_tokens"] }),
    ...(rest["temperature"] === undefined ? {} : { temperature: rest["temperature"] }),
    ...(stops.length === 0 ? {} : { stop_sequences: stops }),
  };
}

function choiceOf({ tool_choice: choice, parallel_tool_calls: parallel }: Sent): object | undefined {
  const one = parallel === false ? { disable_parallel_tool_use: true } : {};
  if (choice?.function !== undefined) return { type: "tool", name: choice.function.name, ...one };
  if (choice === undefined) return parallel === false ? { type: "auto", ...one } : undefined;
  return { type: choice === "required" ? "any" : choice, ...one };
}

function toolOf({ function: { name, description, parameters, strict } }: Sent): Sent {
  return { name, ...(description == null ? {} : { description }), input_schema: parameters, ...(strict === true ? { strict } : {}) };
}

/** A chat's message in that API's blocks. */
function messageOf({ role, content, tool_calls: calls, tool_call_id: id }: Sent): Sent {
  const blocks = blocksOf(content);
  if (role === "tool") return { role: "user", content: [{ type: "tool_result", tool_use_id: id, content: blocks }] };
  const uses = (calls ?? []).map(({ id: callId, function: { name, arguments: json } }: Sent) => (
    { type: "tool_use", id: callId, name, input: inputOf(json) }));
  return { role: role === "developer" ? "system" : role, content: [...blocks, ...uses] };
}

function blocksOf(content: any): Sent[] {
  const parts: readonly any[] = typeof content === "string" ? [content] : content ?? [];
  return parts.map((part): Sent => {
    if (part?.type === "image_url") return { type: "image", source: sourceOf(part.image_url.url ?? part.image_url) };
    if (part?.type !== "file") return { type: "text", text: typeof part === "string" ? part : part.text ?? part.refusal };
    const { file_data: data, filename } = part.file;
    return { type: "document", source: sourceOf(data), ...(isBlank(filename) ? {} : { title: filename }) };
  });
}

function sourceOf(url: string): Sent {
  const [, type, data] = /^data:([^;,]*)[^,]*,(.*)$/su.exec(url) ?? [];
  return data === undefined ? { type: "url", url } : { type: "base64", media_type: type, data };
}

/** As the server reads a chat's: what is no object is told as text. */
function inputOf(written: unknown): object {
  if (written === undefined || written === null || written === "") return {};
  const text = typeof written === "object" ? JSON.stringify(written) : String(written);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // As text, below.
  }
  return { arguments: text };
}

/** The content of an answer as a message of a chat; its thoughts are left out, as clients may. */
export function chatMessageOf(content: readonly Sent[]): Sent {
  const calls = content.flatMap(({ type, id, name, input }) => (
    type === "tool_use" ? [{ id, type: "function", function: { name, arguments: JSON.stringify(input) } }] : []));
  const text = content.map((block) => (block["type"] === "text" ? block["text"] : "")).join("");
  return { role: "assistant", content: text, ...(calls.length === 0 ? {} : { tool_calls: calls }) };
}

/** Clients of this server's endpoints that say the same: a conversation is kept as a chat's, and sent as each has it. */
import type { Sent } from "./chat-transcript.ts";
import { judgeChatStream } from "./chat-wire.ts";
import { chatMessageOf, messagesBody } from "./messages-form.ts";
import { judgeMessageStream } from "./messages-wire.ts";
import { itemsOf, responsesBody } from "./responses-form.ts";
import { judgeResponseStream } from "./responses-wire.ts";

/** An answer, as a message of a chat. */
export type Answer = Sent;

export interface JudgedClient {
  readonly path: string;
  /** What is posted for a chat request. */
  wireOf(request: Sent): Sent;
  /** Of a good answer to that. */
  answerIn(bytes: Buffer, request: Sent): Answer;
}

export const chatClient: JudgedClient = {
  path: "/v1/chat/completions",
  wireOf: (request) => request,
  answerIn: (bytes, request) => {
    if (request["stream"] !== true) return JSON.parse(bytes.toString("utf8")).choices[0].message;
    const told = judgeChatStream(bytes, { isUsageAsked: request["stream_options"]?.include_usage === true });
    const calls = told.calls.map(({ id, name, json }) => ({ id, type: "function", function: { name, arguments: json } }));
    return { role: "assistant", content: told.text, ...(calls.length === 0 ? {} : { tool_calls: calls }) };
  },
};

/** It sends back the items of an answer as they came, thoughts included. */
export function responsesClient(): JudgedClient {
  const items = new Map<Answer, readonly Sent[]>();
  return {
    path: "/v1/responses",
    wireOf: ({ messages, reasoning_effort: effort, max_completion_tokens: bound, ...rest }) => {
      const [first, ...others] = messages as readonly Sent[];
      const isInstructed = first?.["role"] === "system" && typeof first["content"] === "string";
      const said = isInstructed ? others : messages as readonly Sent[];
      return {
        ...responsesBody(rest),
        ...(isInstructed ? { instructions: first["content"] } : {}),
        input: said.flatMap((message) => items.get(message) ?? itemsOf(message)),
        ...(effort == null ? {} : { reasoning: { effort } }),
        ...(bound == null ? {} : { max_output_tokens: bound }),
      };
    },
    answerIn: (bytes, request) => {
      const response = request["stream"] === true
        ? judgeResponseStream(bytes).response : JSON.parse(bytes.toString("utf8"));
      const answer = messageOf(response.output);
      items.set(answer, response.output);
      return answer;
    },
  };
}

/** It asks what `forMessages` makes of a request. */
export const messagesClient: JudgedClient = {
  path: "/v1/messages",
  wireOf: messagesBody,
  answerIn: (bytes, request) => chatMessageOf(
    request["stream"] === true ? judgeMessageStream(bytes).message.content : JSON.parse(bytes.toString("utf8")).content,
  ),
};

/**
 * It asks for one completion: what the server makes of that are a system prompt and a question, which are the request's
 * messages, of the `prompt` and the `suffix` that it has besides.
 */
export const completionsClient: JudgedClient = {
  path: "/v1/completions",
  wireOf: ({ messages: _messages, ...rest }) => rest,
  answerIn: () => ({ role: "assistant", content: "" }),
};

function messageOf(output: readonly Sent[]): Answer {
  const texts = output.flatMap(({ type, content }) => (type === "message" ? content : []));
  const calls = output.flatMap(({ type, call_id: id, name, arguments: json, input }): Sent[] => {
    if (type === "function_call") return [{ id, type: "function", function: { name, arguments: json } }];
    return type === "custom_tool_call" ? [{ id, type: "custom", custom: { name, input } }] : [];
  });
  return {
    role: "assistant", content: texts.map(({ text }: Sent) => text).join(""),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

/** A streamed chat completion, as every benchmark asks for it, of our server and of the reference alike. */
import { requestStream, type StreamOutcome } from "./http-stream.ts";

export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

export const chatPath = "/v1/chat/completions";
/** Content in a chunk. The role chunk's empty string is no content. */
export const chatContentMark = /"content":"(?!")/;
/** A tool call in a chunk. */
export const callMark = /"tool_calls":\[/;

export function chatBody(messages: readonly object[], more: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({ model: "sonnet", stream: true, ...more, messages });
}

/**
 * Asks and reads to the end; `more` is further fields of the body. Rejects when the answer holds no content or does not
 * end with `[DONE]`.
 */
export async function requestChat(
  port: number, messages: readonly object[], more: Readonly<Record<string, unknown>> = {},
): Promise<StreamOutcome> {
  const body = chatBody(messages, more);
  const outcome = await requestStream({ port, path: chatPath, body, contentMark: chatContentMark });
  if (!outcome.tail.includes("data: [DONE]")) throw new Error(`the answer ended without [DONE]: ${outcome.tail}`);
  return outcome;
}

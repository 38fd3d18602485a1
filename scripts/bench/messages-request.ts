/** A streamed answer of the stub of the Messages API, asked without a CLI: the limit for every contestant. */
import { requestStream, type StreamOutcome } from "./http-stream.ts";

/** Content in a stream of the Messages API. */
export const messagesContentMark = /"text_delta","text":"(?!")/;

/** `asked` is the body but for the model and `max_tokens`. */
export function requestMessages(port: number, asked: Readonly<Record<string, unknown>>): Promise<StreamOutcome> {
  const body = JSON.stringify({ model: "claude-sonnet-4-5", max_tokens: 100, stream: true, ...asked });
  const headers = { "anthropic-version": "2023-06-01", "x-api-key": "made-up" };
  return requestStream({ port, path: "/v1/messages", body, headers, contentMark: messagesContentMark });
}

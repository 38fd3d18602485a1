/** Asks a server as a client does, turn after turn, and has all that went up judged. */
import type { Sent } from "./chat-transcript.ts";
import { judgeChatStream } from "./chat-wire.ts";
import { knownOf, type LivedInServer } from "./lived-in-server.ts";
import { judgeRawBody } from "./raw-body-judge.ts";
import { chatRequest, readBytes } from "./sse.ts";

export interface JudgedTurn {
  /** Whether the server took the request: it refuses some of the grammar's. */
  readonly isTaken: boolean;
  /** All that is wrong with what went up, or with how it was answered. */
  readonly findings: readonly string[];
  /** The answer, as a client sends it back. */
  readonly message: Sent | undefined;
}

const answerCharsShown = 400;

/** One request, with nothing else on its way. */
export async function judgeTurn(
  server: LivedInServer, version: string, request: Sent, thoughts: ReadonlySet<string>,
): Promise<JudgedTurn> {
  const { stub, bridge } = server;
  const before = stub.requests.length;
  const response = await chatRequest(bridge.url, request);
  const bytes = await readBytes(response);
  const text = bytes.toString("utf8");
  const sent = stub.requests.slice(before);
  const { end, findings: failure } = outcomeOf(response.status, text, sent.length);
  const refusals = stub.refusals.filter(({ request: { index } }) => index >= before).map(({ message }) => message);
  const [first, ...more] = sent;
  if (first === undefined) return { isTaken: end !== "refused", findings: failure, message: undefined };
  const world = { version, known: knownOf(server), thoughts };
  const findings = [
    ...judgeRawBody(first.bodyText, request, world), ...failure, ...refusals.map((message) => `refused: ${message}`),
    ...(more.length === 0 || refusals.length > 0 ? [] : [`asked ${sent.length} times`]),
  ];
  return { isTaken: true, findings, message: end === "answered" ? messageOf(bytes, text, request) : undefined };
}

/** How a request ended, by its answer and by how often the API was asked; `findings` has what is wrong with that. */
export interface Outcome { readonly end: "answered" | "refused" | "failed"; readonly findings: readonly string[] }

export function outcomeOf(status: number, text: string, askedCount: number): Outcome {
  // Of a stream that failed the error is the last event: whether the CLI gives the model every tool is known late.
  const isAnswered = status === 200 && !text.includes('data: {"error"');
  if (isAnswered) return { end: "answered", findings: askedCount > 0 ? [] : ["answered, and the model was not asked"] };
  const isRefused = askedCount === 0 && text.includes('"type":"invalid_request_error"');
  if (isRefused) return { end: "refused", findings: [] };
  return { end: "failed", findings: [`${status}: ${text.slice(-answerCharsShown)}`] };
}

function messageOf(bytes: Buffer, text: string, request: Sent): Sent {
  if (request["stream"] !== true) return JSON.parse(text).choices[0].message;
  const told = judgeChatStream(bytes, { isUsageAsked: request["stream_options"]?.include_usage === true });
  const calls = told.calls.map(({ id, name, json }) => ({ id, type: "function", function: { name, arguments: json } }));
  return { role: "assistant", content: told.text, ...(calls.length === 0 ? {} : { tool_calls: calls }) };
}

/** What a client sends next: the results of the calls, or another question. */
export function nextRequest(request: Sent, message: Sent, question: string): Sent {
  const results = (message["tool_calls"] ?? []).map(({ id }: Sent, index: number) => (
    { role: "tool", tool_call_id: id, content: `result ${index}` }
  ));
  const legacy = message["function_call"];
  if (legacy) results.push({ role: "function", name: legacy.name, content: "result" });
  if (results.length === 0) results.push({ role: "user", content: question });
  return { ...request, messages: [...request["messages"], message, ...results] };
}

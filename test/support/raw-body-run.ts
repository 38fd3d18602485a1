/** Asks a server as a client does, turn after turn, and has all that went up judged. */
import { answerSchemaOf, choiceOf } from "./raw-body-tools.ts";
import { messagesOf, type Sent } from "./chat-transcript.ts";
import { healthOf } from "./health.ts";
import type { Answer, JudgedClient } from "./judged-clients.ts";
import { knownOf, type LivedInServer } from "./lived-in-server.ts";
import { judgeRawBody } from "./raw-body-judge.ts";
import { postJson, readBytes } from "./sse.ts";

/** Who asks whom, and what the model behind it has thought so far. */
export interface Talk {
  readonly server: LivedInServer;
  readonly version: string;
  readonly client: JudgedClient;
  readonly thoughts: readonly string[];
  /** What the process that has the conversation thought before its answers. */
  readonly own: Map<Answer, readonly string[]>;
}

export interface JudgedTurn {
  /** How it ended: the server refuses some of the grammar's. */
  readonly end: Outcome["end"];
  /** All that is wrong with what went up, or with how it was answered. */
  readonly findings: readonly string[];
  /** The answer, as a client sends it back. */
  readonly message: Answer | undefined;
  /** What the server said. */
  readonly text: string;
}

const answerCharsShown = 400;
/** In the error of either endpoint; a response that fails late has the code alone. */
const refusalMark = /"(?:type|code)":"(?:invalid_request_error|invalid_value|unsupported_parameter)"/u;

/** One request, with nothing else on its way. */
export async function judgeTurn({ server, version, client, thoughts, own }: Talk, request: Sent): Promise<JudgedTurn> {
  const { stub, bridge } = server;
  const [before, thoughtsBefore] = [stub.requests.length, thoughts.length];
  const wentOnBefore = (await healthOf(bridge.url)).turns.went_on;
  const response = await postJson(`${bridge.url}${client.path}`, client.wireOf(request));
  const bytes = await readBytes(response);
  const text = bytes.toString("utf8");
  // Another process than the one that had them is told the answers alone.
  if ((await healthOf(bridge.url)).turns.went_on === wentOnBefore) own.clear();
  const sent = stub.requests.slice(before);
  const { end, findings: failure } = outcomeOf(response.status, text, sent.length);
  const refusals = stub.refusals.filter(({ request: { index } }) => index >= before).map(({ message }) => message);
  const [first, ...more] = sent;
  if (first === undefined) return { end, findings: failure, message: undefined, text };
  const findings = [
    ...judgeRawBody(first.bodyText, withThoughts(request, own), { version, known: knownOf(server) }),
    ...failure, ...refusals.filter((message) => !isLearnt(message)).map((message) => `refused: ${message}`),
    ...(more.length === 0 || refusals.length > 0 ? [] : [`asked ${sent.length} times`]),
  ];
  const message = end === "answered" ? client.answerIn(bytes, request) : undefined;
  if (message !== undefined) own.set(message, thoughts.slice(thoughtsBefore));
  return { end, findings, message, text };
}

function withThoughts(request: Sent, own: ReadonlyMap<Answer, readonly string[]>): Sent {
  const messages = messagesOf(request).map((message) => {
    const thoughts = own.get(message);
    return thoughts === undefined ? message : { ...message, thoughts };
  });
  return { ...request, messages };
}

/** Whether the server learns by a refusal what a model takes, and asks once more without it. */
function isLearnt(message: string): boolean {
  return /^`(?:temperature|top_p|top_k)` (?:is deprecated|and `top_p` cannot both be specified) /u.test(message);
}

/** How a request ended, by its answer and by how often the API was asked; `findings` has what is wrong with that. */
export interface Outcome { readonly end: "answered" | "refused" | "failed"; readonly findings: readonly string[] }

export function outcomeOf(status: number, text: string, askedCount: number): Outcome {
  // Of a stream that failed the error is the last event: whether the CLI gives the model every tool is known late.
  const isAnswered = status === 200 && !/^data: \{"(?:error|type":"(?:error|response\.failed))"/mu.test(text);
  if (isAnswered) return { end: "answered", findings: askedCount > 0 ? [] : ["answered, and the model was not asked"] };
  const isRefused = askedCount === 0 && refusalMark.test(text);
  if (isRefused) return { end: "refused", findings: [] };
  return { end: "failed", findings: [`${status}: ${text.slice(-answerCharsShown)}`] };
}

/** What a client sends next: the results of the calls, or another question. */
export function nextRequest(request: Sent, message: Answer, question: string): Sent {
  const results = (message["tool_calls"] ?? []).map(({ id, custom }: Sent, index: number) => (
    { role: "tool", tool_call_id: id, content: `result ${index}`, ...(custom === undefined ? {} : { isCustom: true }) }
  ));
  const legacy = message["function_call"];
  if (legacy) results.push({ role: "function", name: legacy.name, content: "result" });
  if (results.length === 0) results.push({ role: "user", content: question });
  return { ...request, messages: [...messagesOf(request), message, ...results] };
}

/** Of what kind a request is, in words: what a sample must have had some of. */
export function kindsOf(request: Sent): string[] {
  const text = JSON.stringify(request["messages"]);
  const kinds = {
    tools: (request["tools"]?.length ?? 0) + (request["functions"]?.length ?? 0) > 0 && choiceOf(request).mode !== "none",
    images: text.includes('"data:image/'),
    calls: text.includes('"tool_calls":[{') || text.includes('"function_call":{'),
    schemas: answerSchemaOf(request) !== undefined,
    reasoning: request["reasoning_effort"] != null || request["thinking"]?.type !== undefined,
    "custom tools": (request["tools"] ?? []).some((tool: Sent) => tool["custom"] !== undefined),
  };
  return Object.entries(kinds).flatMap(([kind, is]) => (is ? [kind] : []));
}

/** Asks a server as a client does, turn after turn, and has all that went up judged. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { StubRefusal, StubRequest } from "./anthropic-stub.ts";
import { messagesOf, type Sent } from "./chat-transcript.ts";
import { cleanUp } from "./cleanup.ts";
import { healthOf } from "./health.ts";
import type { Answer, JudgedClient } from "./judged-clients.ts";
import { knownOf, type LivedInServer } from "./lived-in-server.ts";
import { show } from "./raw-body-blocks.ts";
import { judgeRawBody } from "./raw-body-judge.ts";
import { answerSchemaOf, choiceOf } from "./raw-body-tools.ts";
import { asksWhenRefusedMax } from "./real-claude.ts";
import { postJson, readBytes } from "./sse.ts";

/** Who asks whom, and what the model behind it has thought so far. */
export interface Talk {
  readonly server: LivedInServer;
  readonly version: string;
  readonly client: JudgedClient;
  readonly thoughts: readonly string[];
  /** What the process that has the conversation thought before its answers. */
  readonly own: Map<Answer, readonly string[]>;
  /** The requests upstream that were judged, by their index: at the end of a test that must be all. */
  readonly judged: Set<number>;
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

/** One request, with nothing else on its way: all that goes up meanwhile is judged. */
export async function judgeTurn(talk: Talk, request: Sent): Promise<JudgedTurn> {
  const { server, version, client, thoughts, own, judged } = talk;
  const { stub, bridge } = server;
  const [before, thoughtsBefore] = [stub.requests.length, thoughts.length];
  const wentOnBefore = (await healthOf(bridge.url)).turns.went_on;
  const response = await postJson(`${bridge.url}${client.path}`, client.wireOf(request));
  const bytes = await readBytes(response);
  const text = bytes.toString("utf8");
  // Another process than the one that had them is told the answers alone.
  if ((await healthOf(bridge.url)).turns.went_on === wentOnBefore) own.clear();
  const sent = stub.requests.slice(before);
  const refusals = stub.refusals.filter(({ request: { index } }) => index >= before);
  const { end, findings: failure } = outcomeOf(response.status, text, sent.length);
  const world = { version, known: sent.length === 0 ? {} : knownOf(server) };
  const said = withThoughts(request, own);
  const findings = [...judgeSent(sent, refusals, (bodyText) => judgeRawBody(bodyText, said, world)), ...failure];
  for (const { index } of sent) judged.add(index);
  const message = end === "answered" ? client.answerIn(bytes, request) : undefined;
  if (message !== undefined) own.set(message, thoughts.slice(thoughtsBefore));
  return { end, findings, message, text };
}

/**
 * What is wrong with the requests of one turn. Each is judged. One may be taken; the others are refused for what the
 * server learns from, and each such refusal comes a few times at most.
 */
export function judgeSent(
  sent: readonly Pick<StubRequest, "index" | "bodyText">[],
  refusals: readonly (Pick<StubRefusal, "message"> & { readonly request: Pick<StubRequest, "index"> })[],
  judge: (bodyText: string) => readonly string[],
): string[] {
  const refused = new Set(refusals.map(({ request: { index } }) => index));
  const taken = sent.filter(({ index }) => !refused.has(index));
  const counts = new Map<string, number>();
  for (const { message } of refusals) counts.set(message, (counts.get(message) ?? 0) + 1);
  return [
    ...sent.flatMap(({ bodyText }) => judge(bodyText)),
    ...[...counts.keys()].filter((message) => !isLearnt(message)).map((message) => `refused: ${message}`),
    ...[...counts].filter(([, count]) => count > asksWhenRefusedMax).map(([message, count]) => `refused ${count} times: ${message}`),
    ...(taken.length > 1 ? [`the model was asked ${taken.length} times`] : []),
  ];
}

/** What went up that is part of no turn, such as a request to sum the conversation up. */
export function unjudgedIn(requests: readonly StubRequest[], judged: ReadonlySet<number>): string[] {
  return requests.filter(({ index }) => !judged.has(index)).map(({ body }) => show(body.messages));
}

/**
 * The set of a test's judged requests. When all that is opened later is closed, those that went up must be in it; called
 * before the server is started, so that the server is gone by then.
 */
export function judgedUntilTheEnd(t: TestContext, sent: () => readonly StubRequest[]): Set<number> {
  const judged = new Set<number>();
  cleanUp(t, () => assert.deepEqual(unjudgedIn(sent(), judged), [], "this is part of no turn"));
  return judged;
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
  // Beside tools the deprecated functions count for nothing, whatever they are.
  const tools: readonly Sent[] = request["tools"]?.length > 0 ? request["tools"] : request["functions"] ?? [];
  const schemas = tools.map((tool) => (tool["function"] ?? tool)["parameters"]);
  const hasUnion = (schema: Sent | null | undefined): boolean => (
    ["anyOf", "oneOf", "allOf"].some((keyword) => schema?.[keyword] !== undefined));
  const kinds = {
    tools: tools.length > 0 && choiceOf(request).mode !== "none",
    images: text.includes('"data:image/'),
    calls: text.includes('"tool_calls":[{') || text.includes('"function_call":{'),
    schemas: answerSchemaOf(request) !== undefined,
    reasoning: request["reasoning_effort"] != null || request["thinking"]?.type !== undefined,
    documents: text.includes('"file_data":"'),
    unions: [...schemas, answerSchemaOf(request)].some((schema) => hasUnion(schema as Sent | undefined)),
    budgets: request["thinking"]?.budget_tokens !== undefined,
    "custom tools": tools.some((tool: Sent) => tool["custom"] !== undefined),
  };
  return Object.entries(kinds).flatMap(([kind, is]) => (is ? [kind] : []));
}

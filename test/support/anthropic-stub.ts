/**
 * The Anthropic Messages API on loopback, for tests: it keeps every request, answers as told, and refuses what the real
 * API refuses (`anthropic-rules/`). Answers are made by the functions of `anthropic-answers.ts`, re-exported here.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { textAnswer, type StubAnswer, type StubMessage } from "./anthropic-answers.ts";
import { type Breach, findBreach, type RuleLimits } from "./anthropic-rules/rules.ts";
import { streamEvents, wholeMessage } from "./anthropic-wire.ts";
import { countedTokens } from "./counted-tokens.ts";

export * from "./anthropic-answers.ts";
export { conversationOf, systemOf } from "./upstream-conversation.ts";

export interface StubContentBlock { readonly type: string; readonly text?: string; readonly [key: string]: unknown }
export interface StubRequestMessage { readonly role: string; readonly content: string | readonly StubContentBlock[] }

/** A body as the CLI sends it; what a test looks at is named, the rest is there too. */
export interface StubRequestBody {
  readonly model: string;
  readonly max_tokens: number;
  readonly messages: readonly StubRequestMessage[];
  readonly system?: string | readonly StubContentBlock[];
  readonly tools?: readonly { readonly name: string; readonly description?: string; readonly input_schema?: unknown; readonly [key: string]: unknown }[];
  readonly tool_choice?: unknown;
  readonly stream?: boolean;
  readonly [key: string]: unknown;
}

/** The schema that the API itself is to hold the answer to. */
export function formatOf(body: StubRequestBody): object | undefined {
  return (body["output_config"] as { readonly format?: { readonly schema: object } } | undefined)?.format?.schema;
}

/** One POST /v1/messages. */
export interface StubRequest {
  /** Its place in `requests`, from 0. */
  readonly index: number;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly bodyText: string;
  readonly bodyBytes: number;
  readonly body: StubRequestBody;
  /** Settles when the response is over, finished or broken off by either side. */
  readonly closed: Promise<void>;
  /** Whether `closed` has settled. */
  isClosed: boolean;
  /** Whether the client went away before the answer was written whole. */
  isAborted: boolean;
}

/** A request for anything else, which is answered with nothing. */
export interface StubOther {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly bodyText: string;
}

/** One POST /v1/messages/count_tokens: the API counts, and asks no model. */
export interface StubCount {
  readonly headers: IncomingHttpHeaders;
  readonly body: StubRequestBody;
}

/** A count's answer: how many tokens, or what else the API says. */
export type StubCountAnswer = { readonly tokens: number } | Extract<StubAnswer, { readonly kind: "error" | "hang" }>;

/** A request that breaks a rule: which, and the API's sentence. */
export interface StubRefusal extends Breach { readonly request: StubRequest }

export type StubResponder = (request: StubRequest, index: number) => StubAnswer | Promise<StubAnswer>;

export interface AnthropicStub {
  readonly url: string;
  /** All, refused ones included, in the order in which they came. */
  readonly requests: readonly StubRequest[];
  /** Those that the real API would have refused, with its words. A test of a good turn asserts that there is none. */
  readonly refusals: readonly StubRefusal[];
  /** All requests to count tokens, in the order in which they came. */
  readonly counts: readonly StubCount[];
  /** All that went to other paths, in the order in which it came. */
  readonly others: readonly StubOther[];
  respond: StubResponder;
  /** By default it counts as `countedTokens` does. */
  respondToCount: (count: StubCount) => StubCountAnswer;
  /** All requests once there are `count`; rejects after `withinMs`. */
  waitForRequests(count: number, withinMs?: number): Promise<readonly StubRequest[]>;
  /** Ends hanging answers too. */
  close(): Promise<void>;
}

export interface AnthropicStubOptions {
  readonly respond?: StubResponder;
  /** In place of the model's own. */
  readonly limits?: Partial<RuleLimits>;
}

const waitMsDefault = 20_000;
const wordsDefault = 3;

/** `w0 w1 …`: as many words as the last user message asks for with `N=5`, else three. */
const answerWords: StubResponder = ({ body }) => {
  const count = Number(/N=(\d+)/.exec(lastUserText(body))?.[1] ?? wordsDefault);
  return textAnswer(Array.from({ length: count }, (_, index) => `w${index} `));
};

export async function startAnthropicStub(options: AnthropicStubOptions = {}): Promise<AnthropicStub> {
  const requests: StubRequest[] = [];
  const refusals: StubRefusal[] = [];
  const counts: StubCount[] = [];
  const others: StubOther[] = [];
  const waiters = new Set<() => void>();

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch((error: unknown) => {
      // A responder that throws is a fault of the test: say so where the test will see it, in the answer.
      if (response.headersSent) response.destroy();
      else sendError(response, 500, "api_error", `the stub's responder failed: ${String(error)}`);
    });
  });

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = incoming.url ?? "/";
    const [pathname] = path.split("?");
    if (incoming.method === "POST" && pathname === "/v1/messages/count_tokens") {
      const count = { headers: incoming.headers, body: parse(await readText(incoming)) };
      counts.push(count);
      return sendCount(stub.respondToCount(count), response);
    }
    if (incoming.method !== "POST" || pathname !== "/v1/messages") {
      others.push({ method: incoming.method ?? "", path, bodyText: await readText(incoming) });
      response.writeHead(200, { "content-type": "application/json" }).end(incoming.method === "HEAD" ? undefined : "{}");
      return;
    }
    const bodyText = await readText(incoming);
    const request = record(path, incoming.headers, bodyText, response);
    const breach = findBreach(request.body, bodyText, options.limits);
    if (breach !== null) refusals.push({ request, ...breach });
    // Waiters see a request with its verdict, and before its answer.
    for (const check of waiters) check();
    if (breach !== null) return sendError(response, 400, "invalid_request_error", breach.message);
    await send(await stub.respond(request, request.index), request, response);
  }

  function record(path: string, headers: IncomingHttpHeaders, bodyText: string, response: ServerResponse): StubRequest {
    const closed = new Promise<void>((resolve) => response.once("close", resolve));
    const request: StubRequest = {
      index: requests.length, path, headers, bodyText, bodyBytes: Buffer.byteLength(bodyText),
      body: parse(bodyText), closed, isClosed: false, isAborted: false,
    };
    response.once("close", () => {
      request.isClosed = true;
      request.isAborted = !response.writableFinished;
    });
    requests.push(request);
    return request;
  }

  const stub: AnthropicStub = {
    url: "",
    requests,
    refusals,
    counts,
    others,
    respond: options.respond ?? answerWords,
    respondToCount: ({ body }) => ({ tokens: countedTokens(body) }),
    waitForRequests(count, withinMs = waitMsDefault) {
      return new Promise((resolve, reject) => {
        const deadline = setTimeout(() => settle(() => reject(new Error(`${requests.length} of ${count} requests came within ${withinMs} ms`))), withinMs);
        const check = () => { if (requests.length >= count) settle(() => resolve(requests)); };
        function settle(how: () => void): void {
          clearTimeout(deadline);
          waiters.delete(check);
          how();
        }
        waiters.add(check);
        check();
      });
    },
    close() {
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };

  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  return Object.assign(stub, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

/** The text of the last user message: CLI 2.1.330 puts a system message of its own after it. */
export function lastUserText(body: StubRequestBody): string {
  const message = body.messages.findLast(({ role }) => role === "user");
  return message === undefined ? "" : textOf(message.content);
}

/** The text of a message's or a system prompt's text blocks, joined. */
export function textOf(content: string | readonly StubContentBlock[] | undefined): string {
  if (content === undefined || typeof content === "string") return content ?? "";
  return content.map(({ text }) => text ?? "").join("");
}

async function readText(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/** A body that is no JSON is kept as one that breaks every rule. */
function parse(text: string): StubRequestBody {
  try {
    return JSON.parse(text) as StubRequestBody;
  } catch {
    return { model: "", max_tokens: 0, messages: [] };
  }
}

async function send(answer: StubAnswer, request: StubRequest, response: ServerResponse): Promise<void> {
  if (answer.kind === "hang") return;
  if (answer.kind === "error") return sendError(response, answer.status, answer.type, answer.message, answer.headers);
  const id = `msg_stub_${request.index}`;
  const headers = { "request-id": `req_stub_${request.index}`, ...answer.headers };
  if (request.body.stream === true) return sendStream(answer, id, headers, request, response);
  if (answer.ending === "silence") return;
  if (answer.ending === "cut" || answer.ending === "unfinished") { response.destroy(); return; }
  if (answer.ending !== "complete") return sendError(response, 500, answer.ending.type, answer.ending.message, headers);
  response.writeHead(200, { "content-type": "application/json", ...headers }).end(wholeMessage(answer, id, request.body.model));
}

async function sendStream(answer: StubMessage, id: string, headers: Record<string, string>, request: StubRequest, response: ServerResponse): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache", ...headers });
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  for (const { text, isDelta } of streamEvents(answer, id, request.body.model)) {
    if (isDelta && answer.everyMs > 0) await delay(answer.everyMs, undefined, { signal: gone.signal }).catch(() => undefined);
    // A client that left while `respond` took its time has closed the response before anything listened for that.
    if (gone.signal.aborted || response.destroyed) return;
    if (!response.write(text)) await Promise.race([new Promise((resolve) => response.once("drain", resolve)), request.closed]);
  }
  if (answer.ending === "silence") return;
  // Destroying at once could discard what was written; the callback of an empty write comes when all before it is out.
  if (answer.ending === "cut") response.write("\n", () => response.destroy());
  else response.end();
}

function sendCount(answer: StubCountAnswer, response: ServerResponse): void {
  if ("tokens" in answer) response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ input_tokens: answer.tokens }));
  else if (answer.kind === "error") sendError(response, answer.status, answer.type, answer.message, answer.headers);
}

function sendError(response: ServerResponse, status: number, type: string, message: string, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify({ type: "error", error: { type, message } }));
}

import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { chatCompletion, ChatStream } from "../dialects/chat-completions/response.ts";
import { type ChatRequest, parseChatRequest } from "../dialects/chat-completions/request.ts";
import { modelList, modelObject } from "../dialects/models.ts";
import type { Engine } from "../engine/engine.ts";
import { BridgeError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { Turn, TurnEvent } from "../turn.ts";
import { readJsonBody } from "./body.ts";
import { sendEventStream } from "./event-stream.ts";
import { withFetchedImages } from "./fetch-images.ts";
import type { Preparation } from "./preparation.ts";
import { rateLimitHeaders } from "./rate-limit.ts";
import { logFailure, sendBytes, sendJson } from "./respond.ts";

/** What the handlers need of the rest. */
export interface Services {
  readonly engine: Engine;
  readonly log: Logger;
  readonly version: string;
  readonly isDemo: boolean;
  readonly defaultModel: string;
  readonly maxBodyBytes: number;
  readonly preparation: Preparation;
  readonly headWaitMs: number;
  readonly heartbeatMs: number;
  /** Whether images given by URL are fetched. */
  readonly fetchImages: boolean;
  /** Milliseconds since the epoch, when the server started. */
  readonly startedAtMs: number;
}

/** One request on its way. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Aborts when the client leaves. */
  readonly signal: AbortSignal;
  /** What the path's pattern caught. */
  readonly parameter: string;
}

export type Handler = (exchange: Exchange, services: Services) => Promise<void> | void;

interface Route {
  readonly path: RegExp;
  readonly handlers: Readonly<Record<string, Handler>>;
}

const servedModelHeader = "x-claude-model";
const pathCharsShown = 200;
/** The largest answer that is gathered for a client that does not stream, in bytes; far beyond what a model says. */
const wholeAnswerBytesMax = 128 * 1024 * 1024;
/** What a delta costs beside its text: its event, and the rest of its line. */
const deltaOverheadBytes = 300;

/** Every path is also served without `/v1`, and with a slash behind: clients are misconfigured in both ways. */
const routes: readonly Route[] = [
  { path: /^$/u, handlers: { GET: about } },
  { path: /^\/health$/u, handlers: { GET: health } },
  { path: /^\/models$/u, handlers: { GET: listModels } },
  { path: /^\/models\/(.+)$/u, handlers: { GET: getModel } },
  { path: /^\/chat\/completions$/u, handlers: { POST: createChatCompletion } },
];

export interface Match {
  readonly handler: Handler;
  readonly parameter: string;
}

/** The handler for a request, or `OPTIONS`' list of methods. Throws `not_found` and `method_not_allowed`. */
export function findRoute(method: string, url: string): Match | { readonly allow: string } {
  const path = (url.split("?", 1)[0] ?? "").replace(/(?<!\/)\/+$/u, "").replace(/^\/v1(?=\/|$)/u, "");
  for (const { path: pattern, handlers } of routes) {
    const match = pattern.exec(path);
    if (match === null) continue;
    const allow = Object.keys(handlers).flatMap((name) => (name === "GET" ? ["GET", "HEAD"] : [name])).concat("OPTIONS").join(", ");
    if (method === "OPTIONS") return { allow };
    const handler = handlers[method === "HEAD" ? "GET" : method];
    if (handler === undefined) {
      throw new BridgeError("method_not_allowed", `${method} is not served here; ${allow} are.`, { headers: { allow } });
    }
    return { handler, parameter: match[1] ?? "" };
  }
  throw new BridgeError("not_found", `Nothing is served at ${path.slice(0, pathCharsShown)}. There are /v1/chat/completions, /v1/models and /health.`);
}

function about({ response }: Exchange, { version }: Services): void {
  sendJson(response, 200, { name: "claude-max-api", version, endpoints: ["/v1/chat/completions", "/v1/models", "/health"] });
}

function health({ response }: Exchange, { engine, version, isDemo, startedAtMs }: Services): void {
  const { installation, loggedIn, runningTurns, waitingTurns, processes, warmProcesses, restingConversations, reuse, rateLimit } = engine.status;
  const isUsable = installation?.kind === "found" && loggedIn !== false;
  sendJson(response, 200, {
    status: installation === undefined ? "starting" : isUsable ? "ok" : "unavailable",
    version,
    demo: isDemo,
    uptime_seconds: Math.floor((Date.now() - startedAtMs) / 1000),
    running_turns: runningTurns,
    waiting_turns: waitingTurns,
    processes: { all: processes, warm: warmProcesses, resting_conversations: restingConversations },
    reuse,
    rate_limit: rateLimit === undefined ? null : {
      status: rateLimit.status, window: rateLimit.rateLimitType ?? null,
      utilization: rateLimit.utilization ?? null, resets_at: rateLimit.resetsAt ?? null,
    },
    claude: {
      found: installation?.kind === "found",
      version: installation?.version ?? null,
      logged_in: loggedIn ?? null,
      message: installation?.kind === "unusable" ? installation.message
        : loggedIn === false ? "The Claude CLI is not logged in: run `claude` and type /login." : null,
    },
  });
}

async function listModels({ response }: Exchange, { engine, startedAtMs }: Services): Promise<void> {
  sendJson(response, 200, modelList(await engine.listModels(), Math.floor(startedAtMs / 1000)));
}

async function getModel({ response, parameter }: Exchange, { engine, startedAtMs }: Services): Promise<void> {
  const id = decodeModelId(parameter);
  await engine.resolveModel(id);
  const entry = (await engine.listModels()).find((model) => model.id === id) ?? { id, description: undefined };
  sendJson(response, 200, modelObject(entry, Math.floor(startedAtMs / 1000)));
}

async function prepareChat(
  request: IncomingMessage, signal: AbortSignal, { engine, maxBodyBytes, defaultModel, fetchImages }: Services,
): Promise<{ readonly chat: ChatRequest; readonly turn: Turn }> {
  const body = await readJsonBody(request, { maxBodyBytes, signal });
  const chat = parseChatRequest(body, defaultModel);
  const resolved = await engine.resolveModel(chat.model);
  const isThinkingSaid = chat.turn.effort !== undefined || chat.turn.thinkingTokens !== undefined;
  const asked = { ...(isThinkingSaid ? { model: resolved.model } : resolved), ...chat.turn };
  return { chat, turn: await withFetchedImages(asked, { isAllowed: fetchImages, bytesMax: maxBodyBytes, signal }) };
}

async function createChatCompletion({ request, response, signal }: Exchange, services: Services): Promise<void> {
  const { engine, log, headWaitMs, heartbeatMs, preparation } = services;
  const { chat, turn } = await preparation.run(() => prepareChat(request, signal, services));
  const { installation } = engine.status;
  const identity = {
    id: `chatcmpl-${randomBytes(18).toString("base64url")}`,
    created: Math.floor(Date.now() / 1000),
    model: chat.model,
    systemFingerprint: `fp_claude_code_${installation?.version ?? "unknown"}`,
  };
  const batches = engine.run(turn, signal);
  const headers = (servedModel: string | undefined): Record<string, string> => ({
    ...(servedModel === undefined ? {} : { [servedModelHeader]: servedModel }),
    ...rateLimitHeaders(engine.status.rateLimit, Date.now()),
  });
  if (chat.stream) {
    await sendEventStream(response, batches, new ChatStream(identity, chat), {
      headWaitMs, heartbeatMs, headers,
      onFailure: (error) => logFailure(error, response, log),
    });
    return;
  }
  const events = await gather(batches);
  const start = events.find((event) => event.type === "start");
  sendBytes(response, 200, Buffer.from(chatCompletion(identity, events, chat), "latin1"), headers(start?.model));
}

/** All events of a turn. Rejects when they are more than an answer can be. */
async function gather(batches: AsyncIterable<readonly TurnEvent[]>): Promise<TurnEvent[]> {
  const events: TurnEvent[] = [];
  let bytes = 0;
  for await (const batch of batches) {
    for (const event of batch) {
      events.push(event);
      bytes += deltaOverheadBytes + ("text" in event ? event.text.length : 0);
    }
    if (bytes > wholeAnswerBytesMax) throw new BridgeError("upstream_error", "The answer is too long to be given in one piece; ask for it as a stream.");
  }
  return events;
}

function decodeModelId(parameter: string): string {
  try {
    return decodeURIComponent(parameter);
  } catch {
    throw new BridgeError("invalid_value", "The model's name in the path is not valid percent-encoding.", { param: "model" });
  }
}

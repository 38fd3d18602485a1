import { modelList, modelObject } from "../dialects/models.ts";
import { BridgeError } from "../errors.ts";
import { createChatCompletion } from "./chat-completions.ts";
import type { Exchange, Handler, Services } from "./exchange.ts";
import { healthReport } from "./health.ts";
import { sendJson } from "./respond.ts";
import { createResponse, deleteResponse, getResponse } from "./responses.ts";

interface Route {
  readonly path: RegExp;
  readonly handlers: Readonly<Record<string, Handler>>;
}

const pathCharsShown = 200;
const endpoints = ["/v1/chat/completions", "/v1/responses", "/v1/models", "/health"] as const;

/** Every path is also served without `/v1`, and with a slash behind: clients are misconfigured in both ways. */
const routes: readonly Route[] = [
  { path: /^$/u, handlers: { GET: about } },
  { path: /^\/health$/u, handlers: { GET: health } },
  { path: /^\/models$/u, handlers: { GET: listModels } },
  { path: /^\/models\/(.+)$/u, handlers: { GET: getModel } },
  { path: /^\/chat\/completions$/u, handlers: { POST: createChatCompletion } },
  { path: /^\/responses$/u, handlers: { POST: createResponse } },
  { path: /^\/responses\/([^/]+)$/u, handlers: { GET: getResponse, DELETE: deleteResponse } },
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
  throw new BridgeError("not_found", `Nothing is served at ${path.slice(0, pathCharsShown)}. There are ${endpoints.slice(0, -1).join(", ")} and ${endpoints.at(-1)}.`);
}

function about({ response }: Exchange, { version }: Services): void {
  sendJson(response, 200, { name: "claude-max-api", version, endpoints });
}

function health({ response }: Exchange, services: Services): void {
  const { engine, version, isDemo, startedAtMs, findPolicy } = services;
  const uptimeSeconds = Math.floor((Date.now() - startedAtMs) / 1000);
  sendJson(response, 200, healthReport(engine.status, { version, isDemo, uptimeSeconds, policy: findPolicy() }));
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

function decodeModelId(parameter: string): string {
  try {
    return decodeURIComponent(parameter);
  } catch {
    throw new BridgeError("invalid_value", "The model's name in the path is not valid percent-encoding.", { param: "model" });
  }
}

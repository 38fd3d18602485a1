/** The table of the server's routes. A further dialect is one more line. */

import { type AbsentEndpoint, refuseAbsent } from "../api/absent.ts";
import type { ErrorForm } from "../api/dialect.ts";
import { absentEndpoints as absentAtAnthropic } from "../api/anthropic/absent.ts";
import { countHeader, countTokens } from "../api/anthropic/count-tokens/dialect.ts";
import { anthropicErrors, requestIdHeader } from "../api/anthropic/errors.ts";
import { messages } from "../api/anthropic/messages/dialect.ts";
import {
  getModel as getAnthropicModel, listModels as listAnthropicModels, versionHeader,
} from "../api/anthropic/models.ts";
import { windowHeaderNames } from "../api/anthropic/rate-limit.ts";
import { absentEndpoints } from "../api/openai/absent.ts";
import { chatCompletions } from "../api/openai/chat-completions/dialect.ts";
import { completions } from "../api/openai/completions/dialect.ts";
import { openAiErrors } from "../api/openai/errors.ts";
import { getModel, listModels } from "../api/openai/models.ts";
import { responses } from "../api/openai/responses/dialect.ts";
import { deleteResponse, getResponse, refuseCompaction } from "../api/openai/responses/lookups.ts";
import type { ResponseStore } from "../api/openai/responses/store.ts";
import { deleteSession, getSession, listSessions } from "../api/openai/sessions/lookups.ts";
import { sessionHeader, Sessions } from "../api/openai/sessions/sessions.ts";
import type { SessionStore } from "../api/openai/sessions/store.ts";
import { about } from "../api/operations/about.ts";
import { health, type ServerFacts } from "../api/operations/health.ts";
import type { Engine } from "../engine/engine.ts";
import { countRoute, listedPaths, lookupRoute, type Route, turnRoute } from "./route.ts";

/** What the routes are made from. */
export interface Served {
  readonly engine: Engine;
  readonly store: ResponseStore;
  /** Undefined where no sessions are kept. */
  readonly sessionStore: SessionStore | undefined;
  readonly server: ServerFacts;
  /** The wire form of errors at `/` and `/health`, which belong to no API. */
  readonly defaultErrors: ErrorForm;
  /** Further routes that an embedding program adds. */
  readonly more: readonly Route[];
}

/** Returns every route of the server. The first whose path matches serves a request. */
export function routesOf({ engine, store, sessionStore, server, defaultErrors, more }: Served): readonly Route[] {
  const created = Math.floor(server.startedAtMs / 1000);
  const responsesDialect = responses(store);
  const sessions = new Sessions(sessionStore);
  const forItsClients = { onlyWith: versionHeader, responseHeaders: [requestIdHeader] };
  const routes = [
    turnRoute("/v1/chat/completions", chatCompletions(sessions), { requestHeaders: [sessionHeader] }),
    turnRoute("/v1/completions", completions),
    turnRoute("/v1/responses", responsesDialect),
    turnRoute("/v1/messages", messages, { responseHeaders: [requestIdHeader, ...windowHeaderNames] }),
    countRoute("/v1/messages/count_tokens", countTokens, { responseHeaders: [requestIdHeader, countHeader] }),
    lookupRoute("/v1/responses/compact", responsesDialect, { POST: refuseCompaction }, { isUnlisted: true }),
    lookupRoute("/v1/responses/{id}", responsesDialect, { GET: getResponse(store), DELETE: deleteResponse(store) }),
    lookupRoute("/v1/sessions", openAiErrors, { GET: listSessions(sessions) }),
    lookupRoute("/v1/sessions/{id}", openAiErrors, { GET: getSession(sessions), DELETE: deleteSession(sessions) }),
    lookupRoute("/v1/models", anthropicErrors, { GET: listAnthropicModels(engine) }, forItsClients),
    lookupRoute("/v1/models/{id...}", anthropicErrors, { GET: getAnthropicModel(engine) }, forItsClients),
    lookupRoute("/v1/models", openAiErrors, { GET: listModels(engine, created) }),
    lookupRoute("/v1/models/{id...}", openAiErrors, { GET: getModel(engine, created) }),
    ...absentRoutes(absentEndpoints, openAiErrors), ...absentRoutes(absentAtAnthropic, anthropicErrors),
    lookupRoute("/health", defaultErrors, { GET: health(engine, server) }),
    ...more,
  ];
  return [...routes, lookupRoute("/", defaultErrors, { GET: about(server.version, listedPaths(routes)) })];
}

function absentRoutes(endpoints: readonly AbsentEndpoint[], errors: ErrorForm): readonly Route[] {
  return endpoints.map((endpoint) => lookupRoute(endpoint.path, errors, refuseAbsent(endpoint), { isUnlisted: true }));
}

/** The table of what is served where. A dialect more is a line more. */

import type { ErrorForm } from "../api/dialect.ts";
import { chatCompletions } from "../api/openai/chat-completions/dialect.ts";
import { openAiFailure } from "../api/openai/errors.ts";
import { getModel, listModels } from "../api/openai/models.ts";
import { responses } from "../api/openai/responses/dialect.ts";
import { deleteResponse, getResponse } from "../api/openai/responses/lookups.ts";
import type { ResponseStore } from "../api/openai/responses/store.ts";
import { about } from "../api/operations/about.ts";
import { health, type ServerFacts } from "../api/operations/health.ts";
import type { Engine } from "../engine/engine.ts";
import { listedPaths, lookupRoute, type Route, turnRoute } from "./router.ts";

/** How a refusal is written that belongs to no dialect: of an unknown path, or of what cannot be read as a request. */
export const defaultErrors: ErrorForm = { failure: openAiFailure };

/** What the endpoints answer from. */
export interface Served {
  readonly engine: Engine;
  readonly store: ResponseStore;
  readonly server: ServerFacts;
  /** Further routes, of the program that embeds the server. */
  readonly more: readonly Route[];
}

/** Every route of the server. The first whose path fits serves a request. */
export function routesOf({ engine, store, server, more }: Served): readonly Route[] {
  const created = Math.floor(server.startedAtMs / 1000);
  const responsesDialect = responses(store);
  const routes = [
    turnRoute("/v1/chat/completions", chatCompletions),
    turnRoute("/v1/responses", responsesDialect),
    lookupRoute("/v1/responses/{id}", responsesDialect, { GET: getResponse(store), DELETE: deleteResponse(store) }),
    lookupRoute("/v1/models", defaultErrors, { GET: listModels(engine, created) }),
    lookupRoute("/v1/models/{id...}", defaultErrors, { GET: getModel(engine, created) }),
    lookupRoute("/health", defaultErrors, { GET: health(engine, server) }),
    ...more,
  ];
  return [...routes, lookupRoute("/", defaultErrors, { GET: about(server.version, listedPaths(routes)) })];
}

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Engine } from "../engine/engine.ts";
import type { Logger } from "../log.ts";
import type { HeldAnswers } from "./held-answers.ts";
import type { ImageCache } from "./image-cache.ts";
import type { Preparation } from "./preparation.ts";

/** What the server hands to every handler. */
export interface Services {
  readonly engine: Engine;
  readonly log: Logger;
  readonly defaultModel: string;
  /** Whether the model may search the web, where a request asks for that. */
  readonly allowsWebSearch: boolean;
  readonly maxBodyBytes: number;
  readonly preparation: Preparation;
  readonly held: HeldAnswers;
  readonly headWaitMs: number;
  readonly heartbeatMs: number;
  /** Whether images given by URL are fetched; if not, a request with one is refused. */
  readonly fetchImages: boolean;
  readonly imageCache: ImageCache;
}

/** One request and its response. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Aborts when the client disconnects, or on `giveUp`. */
  readonly signal: AbortSignal;
  /** Aborts `signal`, so that the turn ends at once, even if its process produces no output. */
  readonly giveUp: () => void;
  /** The part of the path that matched the route's placeholder; empty if the route has none. */
  readonly parameter: string;
}

export type Handler = (exchange: Exchange, services: Services) => Promise<void> | void;

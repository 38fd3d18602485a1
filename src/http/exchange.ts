import type { IncomingMessage, ServerResponse } from "node:http";
import type { StoredResponses } from "../dialects/responses/stored.ts";
import type { Engine } from "../engine/engine.ts";
import type { Logger } from "../log.ts";
import type { HeldAnswers } from "./held-answers.ts";
import type { ImageCache } from "./image-cache.ts";
import type { Preparation } from "./preparation.ts";

/** What the handlers need of the rest. */
export interface Services {
  readonly engine: Engine;
  readonly log: Logger;
  readonly version: string;
  readonly isDemo: boolean;
  readonly defaultModel: string;
  readonly maxBodyBytes: number;
  readonly preparation: Preparation;
  readonly stored: StoredResponses;
  readonly held: HeldAnswers;
  readonly headWaitMs: number;
  readonly heartbeatMs: number;
  /** Whether images given by URL are fetched. */
  readonly fetchImages: boolean;
  readonly imageCache: ImageCache;
  /** Milliseconds since the epoch, when the server started. */
  readonly startedAtMs: number;
  /** Looks for the parts of a managed policy, and gives their paths. */
  readonly findPolicy: () => readonly string[];
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

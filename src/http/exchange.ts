import type { IncomingMessage, ServerResponse } from "node:http";
import type { Engine } from "../engine/engine.ts";
import type { Logger } from "../log.ts";
import type { HeldAnswers } from "./held-answers.ts";
import type { ImageCache } from "./image-cache.ts";
import type { Preparation } from "./preparation.ts";

/** What the handlers need of the rest. */
export interface Services {
  readonly engine: Engine;
  readonly log: Logger;
  readonly defaultModel: string;
  readonly maxBodyBytes: number;
  readonly preparation: Preparation;
  readonly held: HeldAnswers;
  readonly headWaitMs: number;
  readonly heartbeatMs: number;
  /** Whether images given by URL are fetched. */
  readonly fetchImages: boolean;
  readonly imageCache: ImageCache;
}

/** One request on its way. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Aborts when the client leaves, or the turn is given up. */
  readonly signal: AbortSignal;
  /** Aborts `signal`: the turn ends at once, however silent its process is. */
  readonly giveUp: () => void;
  /** What the path has in its placeholder; empty where it has none. */
  readonly parameter: string;
}

export type Handler = (exchange: Exchange, services: Services) => Promise<void> | void;

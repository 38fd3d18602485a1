/** The types of the server's settings, and the error for a setting that cannot be used. */

import type { Effort, Thinking } from "../turn/turn.ts";

/** The log levels, from nothing to everything; each level includes those before it. */
export const logLevels = ["silent", "error", "warn", "info", "debug"] as const;
/** One of `logLevels`. */
export type LogLevel = (typeof logLevels)[number];

/** Every setting, checked and frozen. */
export interface Config {
  readonly host: string;
  /** 0 means any free port. */
  readonly port: number;
  /** A path, or a name that is looked up on PATH. */
  readonly claude: string;
  readonly passEnv: readonly string[];
  readonly apiKey: string | undefined;
  /** Origins of pages that are served without a key, besides those of this machine; `scheme://*` is all of a scheme. */
  readonly allowedOrigins: readonly string[];
  readonly defaultModel: string;
  readonly logLevel: LogLevel;
  readonly demo: boolean;
  readonly maxProcesses: number;
  readonly maxQueue: number;
  readonly warm: number;
  readonly conversationIdleSeconds: number;
  readonly maxRetries: number;
  readonly turnTimeoutSeconds: number;
  readonly headWaitSeconds: number;
  readonly heartbeatSeconds: number;
  readonly fetchImages: boolean;
  readonly allowWebSearch: boolean;
  /** Further model names that clients may send, each with the model that it stands for. */
  readonly aliases: readonly ModelAlias[];
  readonly shutdownWaitSeconds: number;
  readonly maxBodyMegabytes: number;
  /** Whether a chat request may name a session, whose messages the server keeps. */
  readonly sessions: boolean;
  /** The folder in which responses and sessions outlive the server; undefined: nothing is written to disk. */
  readonly stateDir: string | undefined;
  readonly stateMaxMegabytes: number;
  readonly stateMaxDays: number;
}

/** A further name for a model. Its effort and its thinking apply to a request that sets neither of the two. */
export interface ModelAlias {
  readonly name: string;
  readonly model: string;
  readonly effort?: Effort;
  readonly thinking?: Thinking;
}

/** The machine's memory, which some defaults depend on. Callers pass it in: config reads nothing of the machine. */
export interface Machine {
  readonly totalMemoryBytes: number;
  /** As `process.constrainedMemory()` reports it. Without a container limit it is 0, or more than the total. */
  readonly memoryLimitBytes?: number | undefined;
}

/** Thrown for a setting that cannot be used. Its message is one line, names the setting, and holds no secret. */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ConfigError";
  }
}

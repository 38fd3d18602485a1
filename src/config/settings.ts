/** Every setting that the server has, and what one that cannot be used is told as. Types, and the one error. */

import type { Effort } from "../turn/turn.ts";

/** How much is logged, from nothing to all; each takes in what stands before it. */
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
  /** Further model names, each with what it stands for. */
  readonly aliases: readonly ModelAlias[];
  readonly shutdownWaitSeconds: number;
  readonly maxBodyMegabytes: number;
}

/** A further name for a model, with how hard it thinks when a request does not say. */
export interface ModelAlias {
  readonly name: string;
  readonly model: string;
  readonly effort?: Effort;
  readonly thinkingTokens?: number;
}

/** What defaults depend on; handed in, so that this file reads nothing of the machine. */
export interface Machine {
  readonly totalMemoryBytes: number;
  /** A container's limit, as `process.constrainedMemory()` tells it: 0, or more than there is, where it has none. */
  readonly memoryLimitBytes?: number | undefined;
}

/** A setting that cannot be used. The message is one line, names the flag or variable, and holds no secret. */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ConfigError";
  }
}

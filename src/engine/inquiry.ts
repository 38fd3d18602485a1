import type { ClaudeProcess } from "../claude/process.ts";
import type { KnownCapabilities } from "./known-capabilities.ts";

/** The probe, a process of its own, and what it is asked: models, login, and what it can rewind. */
export interface Inquiry {
  /** The process that is being asked; undefined if none is. */
  process: ClaudeProcess | undefined;
  /** The model of a probe that found no slot, or lost it before it knew all. It is repeated when there is room. */
  postponed: string | undefined;
  /** The model that was asked for last. */
  asked: string | undefined;
  /** How many times what the CLI can do was tried in vain. */
  failedTrials: number;
  readonly capabilities: KnownCapabilities;
}

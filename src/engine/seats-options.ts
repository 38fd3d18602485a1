import type { Conversation } from "../claude/conversation.ts";
import type { Cli } from "./cli.ts";
import type { KnownCapabilities } from "./known-capabilities.ts";
import type { Moves } from "./moves.ts";
import type { OwnedProcess } from "./owned-process.ts";
import type { Pace } from "./pace.ts";
import type { Processes } from "./processes.ts";
import type { RecentUse } from "./recent-use.ts";
import type { WarmProcesses } from "./warm-processes.ts";
import type { Whereabouts } from "./whereabouts.ts";
import type { Clock } from "./world.ts";

/** The parts of the engine with which a turn gets a process. */
export interface SeatsOptions {
  readonly cli: Cli;
  readonly processes: Processes;
  readonly warm: WarmProcesses;
  readonly moves: Moves;
  readonly recent: RecentUse;
  readonly whereabouts: Whereabouts;
  readonly capabilities: KnownCapabilities;
  /** Makes a conversation on a process that has just been started. */
  readonly converse: (owned: OwnedProcess) => Conversation;
  /** How long boots and answers have taken lately. */
  readonly pace: Pace;
  readonly clock: Clock;
}

import type { Command } from "../claude/launch.ts";
import type { Limits } from "../claude/watch.ts";
import type { ModelAlias } from "../config/settings.ts";
import type { Logger } from "../log.ts";
import type { FolderPlace } from "./folder-place.ts";
import type { World } from "./world.ts";

export interface EngineOptions {
  readonly command: Command;
  /** The child's whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** The model for which processes are warmed at the start; the probe's process runs it too. */
  readonly defaultModel: string;
  readonly aliases: readonly ModelAlias[];
  readonly maxProcesses: number;
  readonly maxQueue: number;
  /** How many warm processes are kept for each model in use. */
  readonly warm: number;
  /** How long a conversation keeps its process after its last turn, in milliseconds; 0 keeps none. */
  readonly conversationIdleMsMax: number;
  /** How long the CLI may be silent in a turn before the turn fails, in milliseconds. */
  readonly silenceMsMax: number;
  /** How long a turn waits for its process to end a rehearsal, in milliseconds. Default: that of `Conversation`. */
  readonly rehearsalWaitMsMax?: number;
  /** Overrides for the limits of a process's silence that `limitsOf` gives. */
  readonly limits?: Partial<Limits>;
  /** Says where to make the processes' folder; called each time one is made. */
  readonly folderPlace?: () => FolderPlace;
  readonly world: World;
  readonly log: Logger;
  /** Called when no turn has run for `restMs`, once after each busy period. */
  readonly onRest: () => void;
}

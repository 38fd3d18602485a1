import { bootWaitMs } from "../claude/probe.ts";
import type { KnownCapabilities } from "./known-capabilities.ts";
import type { OwnedProcess, Warm } from "./owned-process.ts";
import type { Processes } from "./processes.ts";
import type { Profile } from "./recent-use.ts";
import type { Clock } from "./world.ts";

export interface RehearsalOptions {
  readonly processes: Processes;
  readonly capabilities: KnownCapabilities;
  readonly clock: Clock;
  /** Called when the process was ended because its rehearsal took too long. */
  readonly onLate: () => void;
  /** Called when the process was ended because the CLI refused the beginning: any other would refuse it too. */
  readonly onRefused: (error: unknown) => void;
}

/** Has a warm process rehearse a beginning. Ends it if that fails, unless a turn has it by then. */
export function rehearse(owned: OwnedProcess, use: Warm, { turn }: Profile, options: RehearsalOptions): void {
  const { processes, capabilities, clock, onLate, onRefused } = options;
  const cancel = clock.after(bootWaitMs, () => {
    if (owned.use !== use) return;
    processes.end(owned);
    onLate();
  });
  // Where the process is ended meanwhile, its rehearsal never settles.
  void owned.process.exited.then(cancel);
  use.conversation.rehearse(turn, capabilities.current).then(cancel, (error: unknown) => {
    cancel();
    // Whoever watches for exits hears of a process that has died (`Watcher.onExit`).
    if (owned.use !== use || !use.conversation.isReusable) return;
    processes.end(owned);
    onRefused(error);
  });
}

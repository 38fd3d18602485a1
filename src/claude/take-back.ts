import type { BriefingParts } from "./briefing.ts";
import type { Rewinds } from "./capabilities.ts";
import type { ControlChannel } from "./control.ts";

/**
 * Rewinds a process to at most `keptMax` messages, and interrupts a turn that runs. Resolves with how many messages it
 * has then. Rejects if the CLI refuses: then the process has no further use. `isParked`: the process waits for the
 * results of calls that the client was told of.
 */
export async function takeBack(
  { process, control, history, tools }: BriefingParts, keptMax: number, capabilities: Rewinds, isParked: boolean,
): Promise<number> {
  const waitsForTools = isParked || tools.isPending;
  process.work();
  // A client that read slowly and then left may have left the CLI paused in the middle of its answer.
  process.resume();
  const kept = await history.rewind(control, keptMax, capabilities).catch((error: unknown) => {
    // The owner will end this process. A CLI that waits for a tool's result asks the model once more when its stdin
    // closes. A process that is marked as parked is killed instead.
    if (waitsForTools) process.park();
    throw error;
  });
  tools.forgetCalls();
  return kept;
}

/** Interrupts the turn that runs, if one does. The turn's `result` line tells its end. */
export function interrupt(control: ControlChannel): void {
  control.request({ subtype: "interrupt" }).catch(() => {});
}

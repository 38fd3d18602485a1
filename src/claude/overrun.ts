import { BridgeError } from "../errors.ts";
import type { Acknowledgements } from "./acknowledgements.ts";
import type { ControlChannel } from "./control.ts";
import type { JsonObject } from "./protocol.ts";
import type { Run } from "./run.ts";
import type { OnSpent } from "./spent.ts";
import { interrupt } from "./take-back.ts";
import type { TurnOutcome } from "./turn-outcome.ts";
import { goesOn } from "./upstream-message.ts";

/** What the functions below stop or fail where the CLI continues without being asked, or is about to. */
export interface Underway {
  readonly run: Run | undefined;
  readonly control: ControlChannel;
  readonly acknowledgements: Acknowledgements;
  readonly onSpent: OnSpent;
}

/**
 * To be called when the CLI is about to ask the model without some of the client's tools: fails the run or the
 * rehearsal.
 */
export function stopWithoutTools(fault: BridgeError, { run, acknowledgements, onSpent }: Underway): void {
  acknowledgements.fail(fault);
  run?.fail(fault);
  if (run !== undefined) onSpent("tools_missing", "at once");
}

/**
 * Stops the CLI if the line just read has made the answer whole for the client, and the CLI's turn is not over.
 * `before`: the outcome before that line.
 */
export function stopIfDue({ translator: { outcome } }: Run, before: TurnOutcome, { control, onSpent }: Underway): void {
  if (outcome.name === before.name) return;
  if (outcome.name === "cut") onSpent("cut", "at once");
  else if (outcome.name === "stopped") interrupt(control);
}

/**
 * Fails the run or the rehearsal if the CLI answers a message of a history or a rehearsal, which asks nothing.
 * Returns false if the line is no answer, or nobody waits.
 */
export function stopUnasked(message: JsonObject, { run, control, acknowledgements }: Underway): boolean {
  const isAwaited = run !== undefined || acknowledgements.isAwaited;
  if (!isAwaited || !goesOn(message) || message["is_error"] === true) return false;
  const error = new BridgeError("cli_failed", "The claude process answered what was no question.");
  acknowledgements.fail(error);
  run?.fail(error);
  if (run !== undefined) interrupt(control);
  return true;
}

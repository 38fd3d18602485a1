/** Tells whether an answer is whole. A client that sees a good end takes what it has for all that the model said. */

import { BridgeError } from "../errors.ts";
import type { TurnEvent } from "../turn/event.ts";

/** Whether a batch is a turn's last: it ends with why the model stopped. */
export function hasFinish(batch: readonly TurnEvent[]): boolean {
  return batch.at(-1)?.type === "message_stop";
}

/** Makes the error for a turn that ended without saying why. */
export function unfinished(): BridgeError {
  return new BridgeError("upstream_error", "The answer ended without its end: a part of it may be missing.");
}

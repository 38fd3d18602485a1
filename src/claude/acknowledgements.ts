import { BridgeError } from "../errors.ts";
import type { JsonObject } from "./protocol.ts";

interface Acknowledgement {
  readonly resolve: () => void;
  readonly reject: (error: BridgeError) => void;
}

/**
 * The wait for the CLI to acknowledge a message of the history with a `result` line. The CLI is told one such message
 * at a time.
 */
export class Acknowledgements {
  #awaited: Acknowledgement | undefined;

  /** Whether a message was written that the CLI has not acknowledged yet. */
  get isAwaited(): boolean {
    return this.#awaited !== undefined;
  }

  /** Resolves when the CLI acknowledges the message that the caller writes next; rejects when it refuses it. */
  next(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#awaited = { resolve, reject };
    });
  }

  /** Handles a `result` line if it accepts or refuses the message written last. Returns whether it did. */
  take(result: JsonObject): boolean {
    const awaited = this.#awaited;
    if (awaited === undefined || (result["num_turns"] !== 0 && result["is_error"] !== true)) return false;
    this.#awaited = undefined;
    if (result["is_error"] !== true) awaited.resolve();
    else awaited.reject(new BridgeError("cli_failed", "The claude process did not take the conversation's history."));
    return true;
  }

  /** Rejects the wait, if there is one: the acknowledgement will not come. */
  fail(error: BridgeError): void {
    this.#awaited?.reject(error);
  }
}

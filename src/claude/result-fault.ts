import { BridgeError } from "../errors.ts";
import { failureToError } from "./failure.ts";
import type { JsonObject, RateLimitInfo } from "./protocol.ts";
import { type GivenUp, givenUpTurn } from "./upstream-message.ts";

/** What is known of a turn when the `result` line comes that ends it. */
export interface EndedTurn {
  /** What the CLI said in the model's place; undefined if it did not give up. */
  readonly givenUp: GivenUp | undefined;
  readonly rateLimit: RateLimitInfo | undefined;
  /** The clock that reset times are compared with, in milliseconds since the epoch. */
  readonly nowMs: number;
  /** Whether any message of the model's has begun. */
  readonly hasMessage: boolean;
  /** Whether a schema asks for a JSON document, and none has come. */
  readonly lacksDocument: boolean;
}

/** Why a turn that ends with this `result` line has failed; undefined if it has not. */
export function resultFault(
  result: JsonObject, { givenUp, rateLimit, nowMs, hasMessage, lacksDocument }: EndedTurn,
): BridgeError | undefined {
  if (result["is_error"] === true || givenUp !== undefined) {
    return failureToError({ ...givenUpTurn(result, givenUp), rateLimit }, nowMs);
  }
  if (!hasMessage) return new BridgeError("cli_failed", "The claude process ended the turn without an answer.");
  return lacksDocument
    ? new BridgeError("upstream_error", "The model did not answer in the JSON that was asked for.")
    : undefined;
}

/** How a parser refuses. */
import assert from "node:assert/strict";
import { BridgeError, type ErrorCode } from "../../src/errors.ts";
import { statusOf } from "./openai-error.ts";

/** The error with which `parse` refuses what it is given. */
export function refusalOf(parse: () => unknown): BridgeError {
  let taken: unknown;
  try {
    taken = parse();
  } catch (error) {
    assert.ok(error instanceof BridgeError, String(error));
    return error;
  }
  return assert.fail(`it was taken: ${JSON.stringify(taken)?.slice(0, 200)}`);
}

/** Holds a refusal of a request's field: a person who sees the message alone can tell which field it is. */
export function assertRefuses(error: BridgeError, code: ErrorCode, param: string): void {
  assert.deepEqual([error.code, error.field, statusOf(error)], [code, param, 400]);
  assert.ok(error.message.startsWith(param), error.message);
}

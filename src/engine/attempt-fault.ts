/** Why an attempt at a turn failed before any part of an answer came, and whether another process may do better. */

import { type ErrorCode, hasCode } from "../errors.ts";

/**
 * What failed the turn. `login`: the API refused the login; the process may have read it before the user logged in
 * anew. `process`: it died, did not come up, or did not connect to the tools. `request`: whatever else; any other
 * process would fail it too.
 */
export type AttemptFault = "login" | "process" | "request";

const codes: ReadonlyMap<AttemptFault, ReadonlySet<ErrorCode>> = new Map([
  ["login", new Set<ErrorCode>(["not_logged_in"])], ["process", new Set<ErrorCode>(["cli_failed"])],
]);

export function attemptFault(error: unknown): AttemptFault {
  for (const [fault, those] of codes) if (hasCode(error, those)) return fault;
  return "request";
}

/** The process that failed the turn. */
export interface FailedProcess {
  /** Whether it was started for the turn, and still lives. */
  readonly isFresh: boolean;
  /** Whether it has the login that there is now. */
  readonly isCurrent: boolean;
}

/**
 * Whether another process may answer what this one could not. The first may have died (a laptop's sleep, a kill, too
 * little memory), not have ended its rehearsal, or have an outdated login. But what a fresh process refuses that still
 * lives is the request, unless its login is outdated.
 */
export function mayAnotherAnswer(fault: AttemptFault, { isFresh, isCurrent }: FailedProcess): boolean {
  if (fault === "request") return false;
  return !isFresh || (fault === "login" && !isCurrent);
}

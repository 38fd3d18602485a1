/**
 * What the server is known to ask that the API refuses, by the test that meets it. An entry that is not met any more has
 * to go: the test says so. Nothing else belongs here than what waits for a mend of its own.
 */
import assert from "node:assert/strict";
import type { Breach } from "./anthropic-rules/rules.ts";

export interface KnownBreach {
  /** The rule's name. */
  readonly rule: string;
  /** When it happens, and what its mend waits for. */
  readonly because: string;
}

export const knownBreaches = {
  /** Histories of any kind, told by chat requests to a model that thinks with a budget. */
  toldWithBudget: [
    {
      rule: "tool-loop-thinking",
      because: "A tool loop that is told anew has no signed thought: thinking is to be off for that turn.",
    },
  ],
} as const satisfies Readonly<Record<string, readonly KnownBreach[]>>;

/** Throws where there is another breach than the known ones, and where a known one was not met. */
export function assertOnlyKnown(breaches: readonly Breach[], known: readonly KnownBreach[]): void {
  const unknown = breaches.filter(({ rule }) => known.every((entry) => entry.rule !== rule));
  assert.deepEqual(unknown, [], "the API would have refused what the server made");
  const unmet = known.filter(({ rule }) => breaches.every((breach) => breach.rule !== rule));
  assert.deepEqual(unmet, [], "a known breach is met no more: take it off the list");
}

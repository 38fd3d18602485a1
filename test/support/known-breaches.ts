/**
 * What the server is known to ask that the API refuses, by the test that meets it. An entry that is not met any more
 * has to go: the test says so. Nothing else belongs here than what waits for a mend of its own.
 */
import assert from "node:assert/strict";
import type { Breach } from "./anthropic-rules/rules.ts";

export interface KnownBreach {
  /** The rule's name. */
  readonly rule: string;
  /** When it happens, and what its mend waits for. */
  readonly because: string;
}

const image = "image-decodable";

export const knownBreaches = {
  /**
   * By the request of `odd-requests.ts`, on both pinned CLIs. Without an image that cannot be decoded the CLI asks
   * again, and the client gets a 400.
   */
  real: {
    "a png cut in the middle": image,
    "a png's header alone": image,
    "a broken png in a tool's result": image,
  },
} as const;

type KnownRule = (typeof knownBreaches.real)[keyof typeof knownBreaches.real];

/** What a client meets by each of these rules, for the README. */
export const breachesTold: Readonly<Record<KnownRule, string>> = {
  "image-decodable": "An image that cannot be decoded goes up, is refused, and the CLI asks again without it: "
    + "the answer is a 400, after a request that was paid for. The CLI's switch against second requests "
    + "(`CLAUDE_CODE_DISABLE_EXPERIMENTAL_BETAS`) does not stop that one, and would take away that earlier thinking is "
    + "kept.",
};

/** Throws where there is another breach than the known ones, and where a known one was not met. */
export function assertOnlyKnown(breaches: readonly Breach[], known: readonly KnownBreach[]): void {
  const unknown = breaches.filter(({ rule }) => known.every((entry) => entry.rule !== rule));
  assert.deepEqual(unknown, [], "the API would have refused what the server made");
  const unmet = known.filter(({ rule }) => breaches.every((breach) => breach.rule !== rule));
  assert.deepEqual(unmet, [], "a known breach is met no more: take it off the list");
}

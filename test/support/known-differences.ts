/**
 * In what a request upstream differs from what the client said and must not. Each entry is a fault of today, with a
 * request that shows it: once it shows it no more, the test asks for the entry's removal.
 */
import type { Sent } from "./chat-transcript.ts";
import { toldAsCall } from "./raw-body-answers.ts";
import type { ClaudeVersion } from "./real-claude.ts";
import { quotedDigits } from "./said-differences.ts";

export interface KnownDifference {
  /** A sentence for the README. */
  readonly name: string;
  readonly versions: readonly ClaudeVersion[];
  /** A finding of the judge's, or a failure of the request, by which it shows. */
  readonly shows: RegExp;
  readonly request: Sent;
  /** What the client says to the answer of `request`, where it shows only then. */
  readonly next?: string;
}

const both = ["2.1.330", "2.1.197"] as const;
const user = (content: string): Sent => ({ role: "user", content });
const calling = (name: string, args: string): readonly Sent[] => [
  {
    role: "assistant", content: null,
    tool_calls: [{ id: "c", type: "function", function: { name, arguments: args } }],
  },
  { role: "tool", tool_call_id: "c", content: "result" },
];

export const knownDifferences: readonly KnownDifference[] = [
  {
    name: "A whole number beyond 2^53 in the arguments of an earlier call is told as a string of its digits: the CLI "
      + "would round it.", versions: both,
    shows: new RegExp(`^${quotedDigits}`, "u"),
    request: { model: "sonnet", messages: [user("q"), ...calling("f", '{"id":1234567890123456789}')] },
  },
  {
    name: "An earlier JSON answer that the CLI's tool gave goes back up as a call of it, from the process that gave it.",
    versions: both,
    shows: new RegExp(`^${toldAsCall}`, "u"),
    request: { model: "sonnet", messages: [user("q")], response_format: { type: "json_object" } }, next: "and then?",
  },
];

/** The findings on a version that no entry excuses, each by itself. */
export function unexcused(findings: readonly string[], version: ClaudeVersion): string[] {
  const known = knownDifferences.filter(({ versions }) => versions.includes(version));
  return findings.filter((finding) => !known.some(({ shows }) => shows.test(finding)));
}

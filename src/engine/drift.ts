/** What is told of a CLI that cannot do what it must, or that nobody has tried yet. Pure. */

import { capabilityRows, type NeedName, needRows, reportName } from "../claude/capability-rows.ts";
import { isUntested, newestTestedVersion } from "../claude/installation.ts";
import type { KnownCapabilities } from "./known-capabilities.ts";

/** A row of `capability-rows.ts` that is not as on the newest version that was tried. */
export interface Unexpected {
  /** As in `/health`. */
  readonly name: string;
  /** What happens without it. */
  readonly without: string;
}

/** What is said of a version that is newer than any that was tried. */
export interface Untested {
  /** The newest that was tried. */
  readonly newestTested: string;
  /** Undefined until the CLI was tried. */
  readonly unexpected: readonly Unexpected[] | undefined;
}

/** Why a CLI cannot be used that lacks what it must do, and what to do about it. */
export function lackMessage(version: string, lacking: readonly NeedName[]): string {
  const lacks = needRows.filter(({ name }) => lacking.includes(name)).map(({ name, purpose }) => (
    `\`${reportName(name)}\` (${purpose.replace(/\.$/u, "")})`
  ));
  return `Claude Code ${version} cannot be used: it lacks ${lacks.join(", ")}. Install one that can, with `
    + `\`npm install -g @anthropic-ai/claude-code@${newestTestedVersion}\`, or look for a newer claude-max-api.`;
}

/** What is to be said of this version; undefined where it was tried, or is older than one that was. */
export function untestedOf(
  version: string, { isKnown, current, needs }: Pick<KnownCapabilities, "isKnown" | "current" | "needs">,
): Untested | undefined {
  if (!isUntested(version)) return undefined;
  if (!isKnown) return { newestTested: newestTestedVersion, unexpected: undefined };
  // The newest that was tried can do all.
  const unexpected = [
    ...needRows.filter(({ name }) => needs[name] === false), ...capabilityRows.filter(({ name }) => !current[name]),
  ];
  return {
    newestTested: newestTestedVersion,
    unexpected: unexpected.map(({ name, without }) => ({ name: reportName(name), without })),
  };
}

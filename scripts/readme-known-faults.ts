/** The README's list of what is known to go up otherwise than the client said it, from the lists of the tests. Pure. */
import { breachesTold } from "../test/support/known-breaches.ts";
import { knownDifferences } from "../test/support/known-differences.ts";

export function knownFaultsText(): string {
  const sentences = new Set([...knownDifferences.map(({ name }) => name), ...Object.values(breachesTold)]);
  return [...sentences].map((sentence) => `- ${sentence}`).join("\n");
}

/** The table in test/README.md of the API's rules, and of the requests by which one is known to be broken. Pure. */
import { rules } from "../test/support/anthropic-rules/rules.ts";
import { knownBreaches } from "../test/support/known-breaches.ts";
import { table } from "./readme-table.ts";

export function rulesText(): string {
  const known: readonly (readonly [request: string, rule: string])[] = Object.entries(knownBreaches.real);
  const rows = rules.map(({ name, demands }) => {
    const requests = known.filter(([, rule]) => rule === name).map(([request]) => request);
    return [`\`${name}\``, demands, requests.join("; ")];
  });
  return table(["rule", "what the API demands", "broken by (`odd-requests.ts`)"], rows);
}

/** The table in test/README.md of what a client is told of each refusal, from test/support/refusals.ts. Pure. */
import { apis, type Moment, moments, type Refusal, refusals, toldOf, type Told } from "../test/support/refusals.ts";
import { table } from "./readme-table.ts";

/** The columns: whole and streamed answers of each API. */
const forms = apis.flatMap((api) => [false, true].map((isStreamed) => ({ api, isStreamed })));

export function refusalsText(): string {
  const head = forms.map(({ api, isStreamed }) => `${api}, ${isStreamed ? "streamed" : "whole"}`);
  return table(["refusal", "when", ...head], refusals.flatMap(rowsOf));
}

/** The rows of one refusal. Moments at which it is told alike are one row. */
function rowsOf(refusal: Refusal): string[][] {
  const rows = new Map<string, { readonly moments: Moment[]; readonly cells: readonly string[] }>();
  for (const moment of moments) {
    const cells = forms.map(({ api, isStreamed }) => cellText(toldOf(refusal, moment, api, isStreamed)));
    const key = cells.join("|");
    const row = rows.get(key) ?? { moments: [], cells };
    row.moments.push(moment);
    rows.set(key, row);
  }
  return [...rows.values()].map(({ moments: together, cells }) => [refusal.name, together.join(", "), ...cells]);
}

function cellText(told: Told | string): string {
  if (typeof told === "string") return `cannot be: ${told}`;
  const { status, code, retryAfter, shouldRetry, last } = told;
  const headers = [
    ...(retryAfter === null ? [] : [`\`retry-after: ${retryAfter}\``]),
    ...(shouldRetry === null ? [] : [`\`x-should-retry: ${shouldRetry}\``]),
  ];
  return [`${status} \`${code}\``, ...headers, `\`${last.replaceAll("\n", "⏎")}\``].join(" ");
}

/** Makes equal what differs from one recording to the next, and takes out what is the machine's. Pure. */
import type { Entry } from "./recorded-claude.ts";

/** Ids, each of which becomes a number in the order of their first appearance. */
const ids = /\b(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?:msg|toolu|req)_(?:stub_)?[A-Za-z0-9]{6,})\b/gu;
/** Numbers that are times, prices, or of the process. */
const measured = /^pid$|(?:_ms|Ms|_at|costUSD|_cost_usd|CostUSD)$/u;

/** The recording as lines of JSON. `folder`: what the machine calls the CLI's folder. */
export function scrubbed(entries: readonly Entry[], folder: string): string {
  const numbers = new Map<string, string>();
  const numbered = (id: string): string => {
    const kind = /^[a-z]+(?=_)/u.exec(id)?.[0] ?? "uuid";
    const before = [...numbers.values()].filter((one) => one.startsWith(`${kind}_`)).length;
    const known = numbers.get(id) ?? `${kind}_${before + 1}`;
    numbers.set(id, known);
    return known;
  };
  const scrub = (key: string, value: unknown): unknown => {
    if (typeof value === "number" && measured.test(key)) return 0;
    if (typeof value !== "string") return value;
    // The CLI makes a name of its folder's path.
    return value.replaceAll(folder, "/srv").replaceAll(folder.replaceAll(/[^A-Za-z\d]/gu, "-"), "-srv")
      .replaceAll(ids, numbered)
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/gu, "2026-01-01T00:00:00.000Z")
      .replaceAll(/(?<=\/cc-socks\/)\d+/gu, "0")
      .replaceAll(/127\.0\.0\.1:\d+/gu, "127.0.0.1:1");
  };
  return entries.map((entry) => `${JSON.stringify(entry, scrub)}\n`).join("");
}

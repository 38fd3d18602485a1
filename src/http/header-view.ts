import type { IncomingHttpHeaders } from "node:http";
import type { HeaderView } from "../api/dialect.ts";

/** Headers that no dialect sees: they have keys, and `access.ts` alone judges those. */
const hiddenHeaders: ReadonlySet<string> = new Set(["authorization", "cookie", "proxy-authorization", "x-api-key"]);

/** Makes what a dialect may see of a request's headers. */
export function headerView(headers: IncomingHttpHeaders): HeaderView {
  return (name) => {
    const lowerName = name.toLowerCase();
    const value = hiddenHeaders.has(lowerName) || !Object.hasOwn(headers, lowerName) ? undefined : headers[lowerName];
    return Array.isArray(value) ? value.join(", ") : value;
  };
}

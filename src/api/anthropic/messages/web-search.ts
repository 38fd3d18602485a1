import { BridgeError } from "../../../errors.ts";
import type { WebSearch } from "../../../turn/turn.ts";
import { isFields, objectAt, optionalWholeNumber } from "../../check.ts";
import { domainsAt, locationAt } from "../../web-search.ts";

/** Whether a tool's type is that of the API's web search, of whatever date. */
export function isSearchType(type: unknown): boolean {
  return typeof type === "string" && /^web_search_\d{8}$/u.test(type);
}

/**
 * Finds the web search among a request's tools; undefined where there is none. Throws `unsupported_parameter` where the
 * server does not allow it.
 */
export function parseWebSearch(tools: unknown, isAllowed: boolean): WebSearch | undefined {
  const entries: readonly unknown[] = Array.isArray(tools) ? tools : [];
  const isSearch = (tool: unknown): boolean => isFields(tool) && isSearchType(tool["type"]);
  const at = entries.findIndex(isSearch);
  if (at === -1) return undefined;
  const path = `tools[${at}]`;
  if (!isAllowed) {
    const words = "the web is not searched: this server was started without --allow-web-search.";
    throw new BridgeError("unsupported_parameter", `${path}.type: ${words}`, { field: `${path}.type` });
  }
  const other = entries.findLastIndex(isSearch);
  if (other !== at) {
    const field = `tools[${other}]`;
    throw new BridgeError("invalid_value", `${field}: the search of the web is among the tools already.`, { field });
  }
  const tool = objectAt(entries[at], path);
  const maxUses = optionalWholeNumber(tool["max_uses"], `${path}.max_uses`, 1);
  const allowedDomains = domainsAt(tool["allowed_domains"], `${path}.allowed_domains`);
  const blockedDomains = domainsAt(tool["blocked_domains"], `${path}.blocked_domains`);
  if (allowedDomains !== undefined && blockedDomains !== undefined) {
    const field = `${path}.blocked_domains`;
    throw new BridgeError("invalid_value", `${field}: the API takes none beside allowed_domains.`, { field });
  }
  return {
    ...(allowedDomains === undefined ? {} : { allowedDomains }),
    ...(blockedDomains === undefined ? {} : { blockedDomains }),
    ...locationAt(tool["user_location"], `${path}.user_location`),
    ...(maxUses === undefined ? {} : { maxUses }),
  };
}

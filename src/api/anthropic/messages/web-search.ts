import { BridgeError } from "../../../errors.ts";
import type { WebSearch } from "../../../turn/turn.ts";
import { arrayAt, type Fields, isAbsent, isFields, objectAt, optionalWholeNumber, stringAt } from "../../check.ts";

/** The API's name for its search, which no tool of the client's may have beside it. */
export const webSearchName = "web_search";

/** How many sites may be named, and the longest name that the DNS has. */
const domainsMax = 100;
const domainCharsMax = 253;
/** For a city, a region, a country or a time zone. */
const placeCharsMax = 100;

/** Whether a tool's type is the search of the web, of whatever date. */
export function isSearchType(type: unknown): boolean {
  return typeof type === "string" && /^web_search_\d{8}$/u.test(type);
}

/**
 * Finds the search among a request's tools; undefined where there is none. Throws `unsupported_parameter` where the
 * server does not allow it.
 */
export function parseWebSearch(tools: unknown, isAllowed: boolean): WebSearch | undefined {
  const entries: readonly unknown[] = Array.isArray(tools) ? tools : [];
  const at = entries.findIndex((tool) => isFields(tool) && isSearchType(tool["type"]));
  if (at === -1) return undefined;
  const path = `tools[${at}]`;
  if (!isAllowed) {
    const words = "the web is not searched: this server was started without --allow-web-search.";
    throw new BridgeError("unsupported_parameter", `${path}.type: ${words}`, { field: `${path}.type` });
  }
  const tool = objectAt(entries[at], path);
  const maxUses = optionalWholeNumber(tool["max_uses"], `${path}.max_uses`, 1);
  const allowedDomains = domains(tool["allowed_domains"], `${path}.allowed_domains`);
  const blockedDomains = domains(tool["blocked_domains"], `${path}.blocked_domains`);
  const userLocation = place(tool["user_location"], `${path}.user_location`);
  return {
    ...(allowedDomains === undefined ? {} : { allowedDomains }),
    ...(blockedDomains === undefined ? {} : { blockedDomains }),
    ...(userLocation === undefined ? {} : { userLocation }),
    ...(maxUses === undefined ? {} : { maxUses }),
  };
}

function domains(value: unknown, field: string): readonly string[] | undefined {
  const entries = isAbsent(value) ? [] : arrayAt(value, field);
  if (entries.length > domainsMax) {
    throw new BridgeError(
      "invalid_value", `${field}: expected at most ${domainsMax} domains, got ${entries.length}.`, { field },
    );
  }
  const names = entries.map((domain, index) => shortString(domain, `${field}[${index}]`, domainCharsMax));
  return names.length === 0 ? undefined : names;
}

function place(value: unknown, path: string): Readonly<Record<string, string>> | undefined {
  if (isAbsent(value)) return undefined;
  const fields: Fields = objectAt(value, path);
  const known = ["city", "region", "country", "timezone"].flatMap((name) => (
    isAbsent(fields[name]) || fields[name] === ""
      ? []
      : [[name, shortString(fields[name], `${path}.${name}`, placeCharsMax)] as const]));
  return known.length === 0 ? undefined : Object.fromEntries(known);
}

function shortString(value: unknown, field: string, charsMax: number): string {
  const text = stringAt(value, field);
  if (text.length <= charsMax) return text;
  throw new BridgeError(
    "invalid_value", `${field}: expected at most ${charsMax} characters, got ${text.length}.`, { field },
  );
}

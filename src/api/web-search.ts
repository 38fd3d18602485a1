/** What limits a web search, in the form that all APIs' clients share: domains, and roughly where the user is. */

import { BridgeError } from "../errors.ts";
import type { WebSearch } from "../turn/turn.ts";
import { arrayAt, isAbsent, objectAt, stringAt } from "./check.ts";

/**
 * The name under which Anthropic's API calls its web search. In a turn that may search no tool of the client's can have
 * it too: the API refuses two tools of one name.
 */
export const webSearchName = "web_search";

/** The most domains in one list: OpenAI's limit, held to for every API. */
const domainsMax = 100;
/** The longest domain name that the DNS allows. */
const domainCharsMax = 253;
/** The longest name of a city, a region, a country or a time zone. */
const placeCharsMax = 100;

/** Reads names of sites; undefined where there are none. Throws a BridgeError that names the field. */
export function domainsAt(value: unknown, field: string): readonly string[] | undefined {
  const entries = isAbsent(value) ? [] : arrayAt(value, field);
  if (entries.length > domainsMax) {
    throw new BridgeError(
      "invalid_value", `${field}: expected at most ${domainsMax} domains, got ${entries.length}.`, { field },
    );
  }
  const names = entries.map((domain, index) => shortStringAt(domain, `${field}[${index}]`, domainCharsMax));
  return names.length === 0 ? undefined : names;
}

/** Reads where the user is; nothing where no part of the place is known. */
export function locationAt(value: unknown, path: string): Pick<WebSearch, "userLocation"> {
  if (isAbsent(value)) return {};
  const place = objectAt(value, path);
  const known = ["city", "region", "country", "timezone"].flatMap((name) => (
    isAbsent(place[name]) || place[name] === ""
      ? []
      : [[name, shortStringAt(place[name], `${path}.${name}`, placeCharsMax)] as const]));
  return known.length === 0 ? {} : { userLocation: Object.fromEntries(known) };
}

function shortStringAt(value: unknown, field: string, charsMax: number): string {
  const text = stringAt(value, field);
  if (text.length <= charsMax) return text;
  throw new BridgeError(
    "invalid_value", `${field}: expected at most ${charsMax} characters, got ${text.length}.`, { field },
  );
}

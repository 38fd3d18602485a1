import { BridgeError } from "../../errors.ts";
import type { ServerToolBlock } from "../../turn/message.ts";
import type { WebSearch } from "../../turn/turn.ts";
import { arrayAt, type Fields, isAbsent, isFields, objectAt, optionalWholeNumber, stringAt } from "../check.ts";

/** The API's name for its own search, which no tool of the client's may have beside it. */
export const webSearchName = "web_search";

/** OpenAI's own limit. */
const domainsMax = 100;
/** The longest name that the DNS has. */
const domainCharsMax = 253;
/** For a city, a region, a country or a time zone. */
const placeCharsMax = 100;

/** OpenAI's tool types for the web search, dated ones too. */
const searchTypes = /^web_search(?:_preview)?(?:_\d{4}_\d{2}_\d{2})?$/u;

/**
 * Reads a chat request's `web_search_options`. `search_context_size` is ignored: the Messages API has no such setting.
 */
export function searchOfOptions(value: unknown): WebSearch | undefined {
  if (isAbsent(value)) return undefined;
  const path = "web_search_options";
  const location = objectAt(value, path)["user_location"];
  if (isAbsent(location)) return {};
  const place = objectAt(location, `${path}.user_location`);
  // In chat completions the place is a level below its type.
  return located(place["approximate"] ?? place, `${path}.user_location.approximate`);
}

/** Whether an entry of a Responses request's tools is the search of the web. */
export function isSearchTool(tool: unknown): boolean {
  return isFields(tool) && searchTypes.test(String(tool["type"]));
}

/**
 * Reads the search among a Responses request's tools, and how often it may run; undefined where there is none. The
 * number is of OpenAI's own tools, so without a search it is ignored.
 */
export function searchOfTools(tools: unknown, maxToolCalls: unknown): WebSearch | undefined {
  const entries = Array.isArray(tools) ? tools : [];
  const at = entries.findIndex(isSearchTool);
  if (at === -1) return undefined;
  const maxUses = optionalWholeNumber(maxToolCalls, "max_tool_calls", 1);
  const path = `tools[${at}]`;
  const tool = objectAt(entries[at], path);
  return {
    ...located(tool["user_location"], `${path}.user_location`), ...filtered(tool["filters"], `${path}.filters`),
    ...(maxUses === undefined ? {} : { maxUses }),
  };
}

function located(value: unknown, path: string): WebSearch {
  if (isAbsent(value)) return {};
  const place = objectAt(value, path);
  const known = ["city", "region", "country", "timezone"].flatMap((name) => (
    isAbsent(place[name]) || place[name] === ""
      ? []
      : [[name, shortStringAt(place[name], `${path}.${name}`, placeCharsMax)]]));
  return known.length === 0 ? {} : { userLocation: Object.fromEntries(known) as Readonly<Record<string, string>> };
}

function filtered(value: unknown, path: string): WebSearch {
  const domains = isAbsent(value) ? undefined : objectAt(value, path)["allowed_domains"];
  if (isAbsent(domains)) return {};
  const field = `${path}.allowed_domains`;
  const entries = arrayAt(domains, field);
  if (entries.length > domainsMax) {
    throw new BridgeError(
      "invalid_value", `${field}: expected at most ${domainsMax} domains, got ${entries.length}.`, { field },
    );
  }
  const allowed = entries.map((domain, index) => shortStringAt(domain, `${field}[${index}]`, domainCharsMax));
  return allowed.length === 0 ? {} : { allowedDomains: allowed };
}

function shortStringAt(value: unknown, field: string, charsMax: number): string {
  const text = stringAt(value, field);
  if (text.length <= charsMax) return text;
  throw new BridgeError(
    "invalid_value", `${field}: expected at most ${charsMax} characters, got ${text.length}.`, { field },
  );
}

/** The turn's search, if its choice of tools allows one. None where the answer must be JSON. */
export function searchSettings(
  search: WebSearch | undefined, isAllowed: boolean, format: Fields,
): { readonly webSearch?: WebSearch } {
  const isFree = isAllowed && Object.keys(format).length === 0;
  return search === undefined || !isFree ? {} : { webSearch: search };
}

/** The blocks of a search that this server stored with its response; none for a search that OpenAI ran. */
export function searchBlocks({ blocks }: Fields): readonly ServerToolBlock[] {
  const [call, result] = Array.isArray(blocks) ? blocks as readonly unknown[] : [];
  // A client may have written them itself.
  return isFields(call) && call["type"] === "server_tool_use" && call["name"] === webSearchName
    && typeof call["id"] === "string" && isFields(call["input"])
    && isFields(result) && result["type"] === "web_search_tool_result" && result["tool_use_id"] === call["id"]
    ? [{ ...call, type: call["type"] }, { ...result, type: result["type"] }]
    : [];
}

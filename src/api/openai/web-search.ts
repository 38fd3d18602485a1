import type { ServerToolBlock } from "../../turn/message.ts";
import type { WebSearch } from "../../turn/turn.ts";
import { type Fields, isAbsent, isFields, objectAt, optionalWholeNumber } from "../check.ts";
import { faultOfSearchBlock, isSearchBlock } from "../search-blocks.ts";
import { domainsAt, locationAt } from "../web-search.ts";

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
  return locationAt(place["approximate"] ?? place, `${path}.user_location.approximate`);
}

/** Whether an entry of a Responses request's tools is OpenAI's web search. */
export function isSearchTool(tool: unknown): boolean {
  return isFields(tool) && searchTypes.test(String(tool["type"]));
}

/**
 * Reads the web search among a Responses request's tools, and from `max_tool_calls` how often it may run; undefined
 * where there is none. `max_tool_calls` counts calls of OpenAI's own tools, so without a search it is ignored.
 */
export function searchOfTools(tools: unknown, maxToolCalls: unknown): WebSearch | undefined {
  const entries = Array.isArray(tools) ? tools : [];
  const at = entries.findIndex(isSearchTool);
  if (at === -1) return undefined;
  const maxUses = optionalWholeNumber(maxToolCalls, "max_tool_calls", 1);
  const path = `tools[${at}]`;
  const tool = objectAt(entries[at], path);
  return {
    ...locationAt(tool["user_location"], `${path}.user_location`), ...filtered(tool["filters"], `${path}.filters`),
    ...(maxUses === undefined ? {} : { maxUses }),
  };
}

function filtered(value: unknown, path: string): WebSearch {
  const field = `${path}.allowed_domains`;
  const allowedDomains = isAbsent(value) ? undefined : domainsAt(objectAt(value, path)["allowed_domains"], field);
  return allowedDomains === undefined ? {} : { allowedDomains };
}

/** The turn's web search, if its tool choice allows one. None where the answer must be JSON. */
export function searchSettings(
  search: WebSearch | undefined, isAllowed: boolean, format: Fields,
): { readonly webSearch?: WebSearch } {
  const isFree = isAllowed && Object.keys(format).length === 0;
  return search === undefined || !isFree ? {} : { webSearch: search };
}

/** The blocks of a web search that this server stored with its response; none for a search that OpenAI ran. */
export function searchBlocks({ blocks }: Fields): readonly ServerToolBlock[] {
  const [call, result] = Array.isArray(blocks) ? blocks as readonly unknown[] : [];
  // The client may have written the blocks itself: check them.
  return isSound(call, "server_tool_use") && isSound(result, "web_search_tool_result")
    && result["tool_use_id"] === call["id"]
    ? [{ ...call, type: "server_tool_use" }, { ...result, type: "web_search_tool_result" }]
    : [];
}

function isSound(block: unknown, type: ServerToolBlock["type"]): block is Fields {
  return isFields(block) && block["type"] === type && isSearchBlock(block) && faultOfSearchBlock(block) === undefined;
}

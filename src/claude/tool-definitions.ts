import type { Tool, WebSearch } from "../turn/turn.ts";
import type { JsonObject } from "./protocol.ts";
import { descriptionCharsMax } from "./tool-server.ts";

/**
 * Whether the CLI would pass on a tool incompletely: it cuts a description at `descriptionCharsMax` characters, and
 * does not pass on `strict`.
 */
export function isCutByCli({ description, strictSchema }: Tool, isStrict: boolean): boolean {
  return description.length > descriptionCharsMax || (isStrict && strictSchema !== undefined);
}

/**
 * The client's tools as the API takes them, to be sent in place of the CLI's list: in the CLI's order, with the fields
 * that the CLI sends (2.1.197, 2.1.330). The CLI sends calls of these tools too to the tool server, by name.
 */
export function toolDefinitions(tools: readonly Tool[], isStrict: boolean): readonly JsonObject[] {
  const inOrder = [...tools].sort((one, other) => one.name.localeCompare(other.name));
  return inOrder.map(({ name, description, inputSchema, strictSchema }) => (
    isStrict && strictSchema !== undefined
      ? { name, description, input_schema: strictSchema, strict: true }
      : { name, description, input_schema: inputSchema }));
}

/** The API's name for its own web search, by which a tool choice can demand it. */
export const webSearchName = "web_search";

/** The API's web search as an entry of `tools`. This version of it runs on every model that can search at all. */
export function webSearchTool({ allowedDomains, blockedDomains, userLocation, maxUses }: WebSearch): JsonObject {
  return {
    type: "web_search_20250305", name: webSearchName,
    ...(maxUses === undefined ? {} : { max_uses: maxUses }),
    ...(allowedDomains === undefined ? {} : { allowed_domains: allowedDomains }),
    ...(blockedDomains === undefined ? {} : { blocked_domains: blockedDomains }),
    ...(userLocation === undefined ? {} : { user_location: { type: "approximate", ...userLocation } }),
  };
}

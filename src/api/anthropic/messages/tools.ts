import { BridgeError } from "../../../errors.ts";
import type { Tool, ToolChoice } from "../../../turn/turn.ts";
import {
  arrayAt, type Fields, isAbsent, objectAt, optionalBoolean, refuseUnless, stringAt,
} from "../../check.ts";
import { namedTool, toolNameAt, toolOfSchema } from "../../tool-definition.ts";
import { toolList } from "../../tool-list.ts";
import type { ToolNames } from "../../tool-names.ts";
import { webSearchName } from "../../web-search.ts";
import { isSearchType } from "./web-search.ts";

/** A request's `tool_choice`. */
export interface ParsedToolChoice {
  readonly choice: ToolChoice;
  readonly disableParallelToolUse: boolean;
}

/**
 * Parses the client's own tools. The web search is passed over: `web-search.ts` parses it. Other tools that Anthropic
 * defines are refused by their type.
 */
export function parseTools(value: unknown, names: ToolNames): Tool[] {
  return toolList(value, "tools", (entry, path) => {
    const tool = objectAt(entry, path);
    const { type } = tool;
    if (isSearchType(type)) return [];
    const typePath = `${path}.type`;
    if (!isAbsent(type) && stringAt(type, typePath) !== "custom") throw notServed(String(type), typePath);
    return [customTool(tool, path, names)];
  });
}

function customTool(tool: Fields, path: string, names: ToolNames): Tool {
  const named = namedTool(toolNameAt(tool["name"], `${path}.name`), tool, path, names);
  const callers = isAbsent(tool["allowed_callers"]) ? [] : arrayAt(tool["allowed_callers"], `${path}.allowed_callers`);
  refuseUnless(
    callers.length === 0 || callers.includes("direct"), `${path}.allowed_callers`, "the model itself calls each tool.",
  );
  const isStrict = optionalBoolean(tool["strict"], `${path}.strict`) === true;
  return toolOfSchema(named, tool["input_schema"], `${path}.input_schema`, isStrict, names);
}

/**
 * Parses `tool_choice`; a word alone is its type. `hasSearch`: the turn has the web search, which the choice may name.
 */
export function parseToolChoice(value: unknown, names: ToolNames, hasSearch: boolean): ParsedToolChoice {
  if (isAbsent(value)) return { choice: { type: "auto" }, disableParallelToolUse: false };
  const path = typeof value === "string" ? "tool_choice" : "tool_choice.type";
  const fields: Fields = typeof value === "string" ? { type: value } : objectAt(value, "tool_choice");
  const flag = "disable_parallel_tool_use";
  const disableParallelToolUse = optionalBoolean(fields[flag], `tool_choice.${flag}`) === true;
  switch (fields["type"]) {
    case "auto": case "any": case "none": return { choice: { type: fields["type"] }, disableParallelToolUse };
    case "tool": {
      const name = stringAt(fields["name"], "tool_choice.name");
      const modelName = hasSearch && name === webSearchName ? name : names.toModel(name);
      return { choice: { type: "tool", name: modelName }, disableParallelToolUse };
    }
    default:
      throw new BridgeError("invalid_value", `${path}: expected auto, any, tool or none.`, { field: path });
  }
}

function notServed(type: string, path: string): BridgeError {
  const shown = /^\w{1,64}$/u.test(type) ? `${type} is` : "this tool is";
  const words = `${shown} not served here: only custom tools are, and the search of the web.`;
  return new BridgeError("unsupported_parameter", `${path}: ${words}`, { field: path });
}

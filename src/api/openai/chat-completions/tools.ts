import { BridgeError } from "../../../errors.ts";
import type { Message } from "../../../turn/message.ts";
import type { Tool } from "../../../turn/turn.ts";
import { type Fields, isAbsent, objectAt, optionalBoolean, stringAt } from "../../check.ts";
import { type ChosenTools, chooseTools, type ParsedChoice } from "../../chosen-tools.ts";
import { toolList } from "../../tool-list.ts";
import type { ToolNames } from "../../tool-names.ts";
import { webSearchName } from "../../web-search.ts";
import { endpoints, flatShape, nestedShape } from "../shapes.ts";
import { allowsOneCall, chatForm, functionTool, parseToolChoice, toolShapeOf } from "../tools.ts";

/** The settings of a request that concern tools. */
export interface ParsedTools extends ChosenTools {
  readonly disableParallelToolUse: boolean;
  /** True: the client sent the deprecated `functions`, so calls are written as `function_call`. */
  readonly isLegacy: boolean;
}

/**
 * Parses `tools` and `tool_choice`, or the deprecated `functions` and `function_call`. `messages` is searched for
 * earlier calls: a history with calls needs tools. `hasSearch`: whether the turn has the web search.
 */
export function parseTools(
  fields: Fields, messages: readonly Message[], names: ToolNames, hasSearch = false,
): ParsedTools {
  const tools = toolList(fields["tools"], "tools", (entry, path) => [parseTool(entry, path, names)]);
  const functions = tools.length > 0
    ? []
    : toolList(fields["functions"], "functions", (entry, path) => [parseFunction(objectAt(entry, path), path, names)]);
  const isLegacy = functions.length > 0;
  const offered = isLegacy ? functions : tools;
  const isLegacyChoice = tools.length === 0 && !isAbsent(fields["function_call"]);
  const choice = isLegacyChoice
    ? parseLegacyChoice(fields["function_call"], names)
    : parseToolChoice(fields["tool_choice"], names, chatForm, hasSearch);
  const path = isLegacyChoice ? "function_call" : "tool_choice";
  return {
    ...chooseTools(offered, choice, messages, path, hasSearch ? webSearchName : undefined),
    disableParallelToolUse: isLegacy || allowsOneCall(fields["tool_choice"])
      || optionalBoolean(fields["parallel_tool_calls"], "parallel_tool_calls") === false,
    isLegacy,
  };
}

function parseTool(entry: unknown, path: string, names: ToolNames): Tool {
  const tool = objectAt(entry, path);
  const shape = toolShapeOf(tool, endpoints.chat);
  if (shape !== undefined) return functionTool(tool, shape, path, names);
  if (isAbsent(tool["type"]) || tool["type"] === "function") return functionTool(tool, nestedShape, path, names);
  throw new BridgeError(
    "unsupported_parameter", `${path}.type: only function tools are served.`, { field: `${path}.type` },
  );
}

/** An entry of `functions` is a definition without a tool around it. */
function parseFunction(definition: Fields, path: string, names: ToolNames): Tool {
  return functionTool(definition, toolShapeOf(definition, endpoints.responses) ?? flatShape, path, names);
}

function parseLegacyChoice(value: unknown, names: ToolNames): ParsedChoice {
  if (isAbsent(value)) return { choice: { type: "auto" } };
  if (value === "auto" || value === "none") return { choice: { type: value } };
  return {
    choice: {
      type: "tool", name: names.toModel(stringAt(objectAt(value, "function_call")["name"], "function_call.name")),
    }
  };
}

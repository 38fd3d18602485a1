import { BridgeError } from "../../../errors.ts";
import { freeInputText, grammarTexts } from "../../../own-words.ts";
import type { Message } from "../../../turn/message.ts";
import type { Tool } from "../../../turn/turn.ts";
import { arrayAt, type Fields, isAbsent, objectAt, optionalBoolean, stringAt } from "../../check.ts";
import { type ChosenTools, chooseTools } from "../../chosen-tools.ts";
import { refuseTooMany, toolList } from "../../tool-list.ts";
import type { ModelNames, ToolNames } from "../../tool-names.ts";
import { qualifiedName } from "../namespaces.ts";
import { functionTool, nameAt, namedTool, parseToolChoice } from "../tools.ts";
import { customInput, type PlacedItem } from "./items.ts";

/** The settings of a request that concern tools. */
export interface ParsedTools extends ChosenTools {
  readonly disableParallelToolUse: boolean;
  /** The custom tools, which take free text instead of JSON, by the names that the model sees. */
  readonly customTools: ReadonlySet<string>;
}

/**
 * Parses `tools`, the tools in `additional_tools` items, and `tool_choice`. Tools that OpenAI runs itself (web search
 * and the like) are skipped, not refused: clients list them for whichever model can use them.
 */
export function parseTools(
  fields: Fields, items: readonly PlacedItem[], messages: readonly Message[], names: ToolNames,
): ParsedTools {
  const customTools = new Set<string>();
  const parse = (entry: unknown, path: string): readonly Tool[] => parseTool(entry, path, names, customTools);
  const offered = new Map(toolList(fields["tools"], "tools", parse).map((tool) => [tool.name, tool]));
  for (const { item, path } of items) {
    // For some models Codex sends all its tools this way. A history may repeat such an item: the last definition wins.
    if (item["type"] === "additional_tools") {
      for (const tool of toolList(item["tools"], `${path}.tools`, parse)) offered.set(tool.name, tool);
    }
  }
  refuseTooMany(offered.size, "tools");
  return {
    ...chooseTools(
      [...offered.values()],
      parseToolChoice(fields["tool_choice"], names, { kinds: ["function", "custom"], isNested: false }), messages,
      "tool_choice",
    ),
    disableParallelToolUse: optionalBoolean(fields["parallel_tool_calls"], "parallel_tool_calls") === false,
    customTools,
  };
}

function parseTool(entry: unknown, path: string, names: ModelNames, customTools: Set<string>): readonly Tool[] {
  const tool = objectAt(entry, path);
  if (tool["type"] !== "namespace") return callable(tool, path, names, customTools);
  const namespace = nameAt(tool["name"], `${path}.name`);
  const within: ModelNames = {
    toModel: (name) => names.toModel(qualifiedName(namespace, name)),
    noteKeys: (name, keys) => names.noteKeys(name, keys),
  };
  return arrayAt(tool["tools"], `${path}.tools`).flatMap((inner, index) => {
    const innerPath = `${path}.tools[${index}]`;
    return callable(objectAt(inner, innerPath), innerPath, within, customTools);
  });
}

function callable(tool: Fields, path: string, names: ModelNames, customTools: Set<string>): readonly Tool[] {
  switch (stringAt(tool["type"], `${path}.type`)) {
    case "function": {
      // Some clients nest the definition under `function`, as in chat completions.
      const parsed = tool["name"] === undefined && tool["function"] !== undefined
        ? functionTool(objectAt(tool["function"], `${path}.function`), `${path}.function`, names)
        : functionTool(tool, path, names);
      // It may replace an earlier custom tool of the same name.
      customTools.delete(parsed.name);
      return [parsed];
    }
    case "custom": {
      const custom = customTool(tool, path, names);
      customTools.add(custom.name);
      return [custom];
    }
    default:
      return [];
  }
}

/**
 * Makes a tool whose input is a JSON object with one property, which holds the free text. The tool's description states
 * the grammar; nothing enforces it.
 */
function customTool(tool: Fields, path: string, names: ModelNames): Tool {
  const named = namedTool(tool, path, names);
  const format = isAbsent(tool["format"])
    ? {}
    : objectAt(tool["format"], `${path}.format`);
  const grammar = grammarOf(format, `${path}.format`);
  return {
    ...named,
    description: [named.description, grammar].filter((part) => part !== "").join("\n\n"),
    inputSchema: {
      type: "object", properties: { [customInput]: { type: "string", description: freeInputText } },
      required: [customInput], additionalProperties: false,
    },
  };
}

function grammarOf(format: Fields, path: string): string {
  switch (format["type"]) {
    case undefined: case "text":
      return "";
    case "grammar": {
      const syntax = stringAt(format["syntax"], `${path}.syntax`);
      return `${grammarTexts.join(syntax)}${stringAt(format["definition"], `${path}.definition`)}`;
    }
    default:
      throw new BridgeError(
        "unsupported_parameter", `${path}.type: expected text or grammar.`, { field: `${path}.type` },
      );
  }
}

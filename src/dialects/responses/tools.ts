import { BridgeError } from "../../errors.ts";
import type { Message, Tool } from "../../turn.ts";
import { type Fields, objectAt, optionalBoolean, stringAt } from "../check.ts";
import type { ToolNames } from "../tool-names.ts";
import { type ChosenTools, chooseTools, functionTool, namedTool, parseToolChoice, toolList } from "../tools.ts";
import { customInput } from "./items.ts";

/** What a request says of tools. */
export interface ParsedTools extends ChosenTools {
  readonly parallelToolCalls: boolean;
  /** The model's names of those that take free text instead of JSON. */
  readonly customTools: ReadonlySet<string>;
}

/** `tools` and `tool_choice`. Tools that OpenAI runs itself (web search and the like) are passed over: clients list them for models that may have them. */
export function parseTools(fields: Fields, messages: readonly Message[], names: ToolNames): ParsedTools {
  const customTools = new Set<string>();
  const offered = toolList(fields["tools"], "tools", (entry, path) => {
    const tool = objectAt(entry, path);
    switch (stringAt(tool["type"], `${path}.type`)) {
      case "function":
        // Some clients nest it as chat completions do.
        return tool["name"] === undefined && tool["function"] !== undefined
          ? functionTool(objectAt(tool["function"], `${path}.function`), `${path}.function`, names)
          : functionTool(tool, path, names);
      case "custom": {
        const custom = customTool(tool, path, names);
        customTools.add(custom.name);
        return custom;
      }
      default:
        return undefined;
    }
  });
  return {
    ...chooseTools(offered, parseToolChoice(fields["tool_choice"], names, { kinds: ["function", "custom"], isNested: false }), messages, "tool_choice"),
    parallelToolCalls: optionalBoolean(fields["parallel_tool_calls"], "parallel_tool_calls") ?? true,
    customTools,
  };
}

/** The model gives its text in a JSON object's one property, and reads of the grammar in the description: nothing holds it to one. */
function customTool(tool: Fields, path: string, names: ToolNames): Tool {
  const { name, description } = namedTool(tool, path, names);
  const format = tool["format"] === undefined || tool["format"] === null ? {} : objectAt(tool["format"], `${path}.format`);
  const grammar = grammarOf(format, `${path}.format`);
  return {
    name,
    description: [description, grammar].filter((part) => part !== "").join("\n\n"),
    inputSchema: { type: "object", properties: { [customInput]: { type: "string", description: "The tool's whole input, as plain text." } }, required: [customInput], additionalProperties: false },
  };
}

function grammarOf(format: Fields, path: string): string {
  switch (format["type"]) {
    case undefined: case "text":
      return "";
    case "grammar":
      return `The input must match this ${stringAt(format["syntax"], `${path}.syntax`)} grammar:\n${stringAt(format["definition"], `${path}.definition`)}`;
    default:
      throw new BridgeError("unsupported_parameter", `${path}.type: expected text or grammar.`, { param: `${path}.type` });
  }
}

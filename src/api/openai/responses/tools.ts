import { BridgeError } from "../../../errors.ts";
import { freeInputText, grammarTexts } from "../../../own-words.ts";
import type { Message } from "../../../turn/message.ts";
import type { Tool } from "../../../turn/turn.ts";
import { arrayAt, type Fields, isAbsent, objectAt, optionalBoolean, stringAt } from "../../check.ts";
import { type ChosenTools, chooseTools, type ParsedChoice } from "../../chosen-tools.ts";
import { refuseTooMany, toolList } from "../../tool-list.ts";
import type { ModelNames, ToolNames } from "../../tool-names.ts";
import { webSearchName } from "../../web-search.ts";
import { customInput, type PlacedEntry } from "../conversation.ts";
import { qualifiedName } from "../namespaces.ts";
import { addsTools, endpoints, flatShape, searchToolName } from "../shapes.ts";
import {
  allowsOneCall, functionTool, nameAt, parseToolChoice, responsesForm, toolNamedIn, toolShapeOf,
} from "../tools.ts";

/** The settings of a request that concern tools. */
export interface ParsedTools extends ChosenTools {
  readonly disableParallelToolUse: boolean;
  /** The custom tools, which take free text instead of JSON, by the names that the model sees. */
  readonly customTools: ReadonlySet<string>;
  /** The model's name for the client's own tool `tool_search`, if there is one. */
  readonly searchTool?: string;
}

/** The tools whose calls are no `function_call` items, by the model's names. `parseTool` fills both sets. */
interface Kinds { readonly custom: Set<string>; readonly search: Set<string> }

/**
 * Parses `tools`, the tools in the items that add some, and `tool_choice`. Tools that OpenAI runs itself (web search
 * and the like) are skipped, not refused: clients list them for whichever model can use them. `hasSearch`: whether the
 * turn has the web search, which the Messages API runs.
 */
export function parseTools(
  fields: Fields, items: readonly PlacedEntry[], messages: readonly Message[], names: ToolNames, hasSearch = false,
): ParsedTools {
  const kinds: Kinds = { custom: new Set(), search: new Set() };
  const parse = (entry: unknown, path: string): readonly Tool[] => parseTool(entry, path, names, kinds);
  const offered = new Map(toolList(fields["tools"], "tools", parse).map((tool) => [tool.name, tool]));
  for (const { item, path } of items) {
    // In such items Codex sends the tools that its tool search has found, and for some models all its tools. A history
    // may repeat one: the last definition of a tool wins.
    if (addsTools(item["type"])) {
      for (const tool of toolList(item["tools"], `${path}.tools`, parse)) offered.set(tool.name, tool);
    }
  }
  refuseTooMany(offered.size, "tools");
  const [searchTool] = kinds.search;
  const parsed = parseToolChoice(fields["tool_choice"], names, responsesForm, hasSearch);
  // With a web search, `none` comes from `allowed_tools` that list the search and nothing that the client runs.
  const isSearchAlone = hasSearch && parsed.choice.type === "none";
  const choice: ParsedChoice = isSearchAlone ? { choice: { type: "auto" }, allowed: [] } : parsed;
  return {
    ...chooseTools([...offered.values()], choice, messages, "tool_choice", hasSearch ? webSearchName : undefined),
    disableParallelToolUse: allowsOneCall(fields["tool_choice"])
      || optionalBoolean(fields["parallel_tool_calls"], "parallel_tool_calls") === false,
    customTools: kinds.custom,
    ...(searchTool === undefined ? {} : { searchTool }),
  };
}

function parseTool(entry: unknown, path: string, names: ModelNames, kinds: Kinds): readonly Tool[] {
  const tool = objectAt(entry, path);
  if (tool["type"] !== "namespace") return callable(tool, path, names, kinds);
  const namespace = nameAt(tool["name"], `${path}.name`);
  const within: ModelNames = {
    toModel: (name) => names.toModel(qualifiedName(namespace, name)),
    noteKeys: (name, keys) => names.noteKeys(name, keys),
  };
  return arrayAt(tool["tools"], `${path}.tools`).flatMap((inner, index) => {
    const innerPath = `${path}.tools[${index}]`;
    return callable(objectAt(inner, innerPath), innerPath, within, kinds);
  });
}

function callable(tool: Fields, path: string, names: ModelNames, kinds: Kinds): readonly Tool[] {
  const shape = toolShapeOf(tool, endpoints.responses);
  const type = shape === undefined ? stringAt(tool["type"], `${path}.type`) : "function";
  switch (type) {
    case "function": {
      const parsed = functionTool(tool, shape ?? flatShape, path, names);
      // This tool may replace an earlier custom tool of the same name.
      kinds.custom.delete(parsed.name);
      return [parsed];
    }
    case "custom": {
      const custom = customTool(tool, path, names);
      kinds.custom.add(custom.name);
      return [custom];
    }
    case searchToolName: {
      if (tool["execution"] !== "client") return [];
      // A `tool_search` has no `name`.
      const search = functionTool({ ...tool, name: searchToolName }, flatShape, path, names);
      kinds.search.add(search.name);
      return [search];
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
  const named = toolNamedIn(tool, path, names);
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

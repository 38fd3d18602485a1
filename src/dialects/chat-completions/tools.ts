import { BridgeError } from "../../errors.ts";
import type { Message, Tool, ToolChoice } from "../../turn.ts";
import { arrayAt, type Fields, objectAt, optionalBoolean, stringAt } from "../check.ts";
import { objectSchema } from "../json-schema.ts";
import type { ToolNames } from "../tool-names.ts";

/** The most tools that one request may bring. */
export const toolsMax = 1_000;
const nameCharsMax = 512;

/** What a request says of tools. */
export interface ParsedTools {
  readonly tools: readonly Tool[];
  readonly toolChoice: ToolChoice;
  readonly parallelToolCalls: boolean;
  /** The deprecated `functions`: the answer has a `function_call` in place of `tool_calls`. */
  readonly isLegacy: boolean;
}

/** `tools` and `tool_choice`, or the deprecated `functions` and `function_call`. `messages` shows whether earlier calls need them. */
export function parseTools(fields: Fields, messages: readonly Message[], names: ToolNames): ParsedTools {
  const tools = list(fields["tools"], "tools", (entry, path) => parseTool(entry, path, names));
  const functions = tools.length > 0 ? [] : list(fields["functions"], "functions", (entry, path) => parseFunction(entry, path, names));
  const isLegacy = functions.length > 0;
  const offered = isLegacy ? functions : tools;
  const isLegacyChoice = tools.length === 0 && isPresent(fields["function_call"]);
  const { choice, allowed } = isLegacyChoice ? parseFunctionCall(fields["function_call"], names) : parseToolChoice(fields["tool_choice"], names);
  const path = isLegacyChoice ? "function_call" : "tool_choice";
  if (offered.length === 0 && (choice.type === "required" || choice.type === "tool")) {
    throw new BridgeError("invalid_value", `${path}: a call is asked for, but there are no tools.`, { param: path });
  }
  for (const name of choice.type === "tool" ? [choice.name] : allowed ?? []) {
    if (!offered.some((tool) => tool.name === name)) throw new BridgeError("invalid_value", `${path}: it names a tool that is not among the tools.`, { param: path });
  }
  return {
    ...choose(offered, choice, allowed, messages),
    parallelToolCalls: !isLegacy && (optionalBoolean(fields["parallel_tool_calls"], "parallel_tool_calls") ?? true),
    isLegacy,
  };
}

/** The tools that the model sees. A history with calls must come with tools, also where none is wanted or the client sent none. */
function choose(offered: readonly Tool[], toolChoice: ToolChoice, allowed: readonly string[] | undefined, messages: readonly Message[]): Pick<ParsedTools, "tools" | "toolChoice"> {
  const called = new Set(messages.flatMap(({ content }) => content.flatMap((block) => (block.type === "tool_use" ? [block.name] : []))));
  if (offered.length === 0 && called.size > 0) {
    const tools = [...called].map((name) => ({ name, description: "Not available any more.", inputSchema: { type: "object", properties: {} } }));
    return { tools, toolChoice: { type: "none" } };
  }
  switch (toolChoice.type) {
    case "none":
      return { tools: called.size === 0 ? [] : offered, toolChoice: called.size === 0 ? { type: "auto" } : toolChoice };
    case "tool":
      return { tools: offered.filter(({ name }) => name === toolChoice.name), toolChoice };
    default:
      return { tools: allowed === undefined ? offered : offered.filter(({ name }) => allowed.includes(name)), toolChoice };
  }
}

function list(value: unknown, path: string, parse: (entry: unknown, path: string) => Tool): Tool[] {
  if (!isPresent(value)) return [];
  const entries = arrayAt(value, path);
  if (entries.length > toolsMax) throw new BridgeError("invalid_value", `${path}: expected at most ${toolsMax} tools, got ${entries.length}.`, { param: path });
  const tools = entries.map((entry, index) => parse(entry, `${path}[${index}]`));
  const seen = new Set<string>();
  for (const [index, { name }] of tools.entries()) {
    if (seen.has(name)) throw new BridgeError("invalid_value", `${path}[${index}]: another tool has the same name.`, { param: `${path}[${index}]` });
    seen.add(name);
  }
  return tools;
}

function parseTool(entry: unknown, path: string, names: ToolNames): Tool {
  const tool = objectAt(entry, path);
  const type = tool["type"] ?? "function";
  if (type !== "function") {
    throw new BridgeError("unsupported_parameter", `${path}.type: only function tools are served.`, { param: `${path}.type` });
  }
  return parseFunction(tool["function"], `${path}.function`, names);
}

function parseFunction(value: unknown, path: string, names: ToolNames): Tool {
  const definition = objectAt(value, path);
  const name = stringAt(definition["name"], `${path}.name`);
  if (name === "" || name.length > nameCharsMax) {
    throw new BridgeError("invalid_value", `${path}.name: expected 1 to ${nameCharsMax} characters.`, { param: `${path}.name` });
  }
  const description = isPresent(definition["description"]) ? stringAt(definition["description"], `${path}.description`) : "";
  return { name: names.toModel(name), description, inputSchema: objectSchema(definition["parameters"], `${path}.parameters`) };
}

interface ParsedChoice {
  readonly choice: ToolChoice;
  /** The names of `allowed_tools`. */
  readonly allowed?: readonly string[];
}

function parseToolChoice(value: unknown, names: ToolNames): ParsedChoice {
  if (!isPresent(value)) return { choice: { type: "auto" } };
  if (value === "auto" || value === "none" || value === "required") return { choice: { type: value } };
  // Anthropic's word, which some clients use here.
  if (value === "any") return { choice: { type: "required" } };
  if (typeof value === "string") throw wrongChoice("tool_choice");
  const choice = objectAt(value, "tool_choice");
  switch (choice["type"]) {
    case "auto": case "none": case "required":
      return { choice: { type: choice["type"] } };
    case "function":
      return { choice: { type: "tool", name: functionName(choice, "tool_choice", names) } };
    case "allowed_tools": {
      const allowed = isPresent(choice["allowed_tools"]) ? objectAt(choice["allowed_tools"], "tool_choice.allowed_tools") : choice;
      const mode = allowed["mode"] ?? "auto";
      if (mode !== "auto" && mode !== "required") throw wrongChoice("tool_choice.allowed_tools.mode");
      const entries = arrayAt(allowed["tools"], "tool_choice.allowed_tools.tools");
      if (entries.length === 0 || entries.length > toolsMax) {
        const path = "tool_choice.allowed_tools.tools";
        throw new BridgeError("invalid_value", `${path}: expected 1 to ${toolsMax} tools, got ${entries.length}.`, { param: path });
      }
      return {
        choice: { type: mode },
        allowed: entries.map((entry, index) => functionName(objectAt(entry, `tool_choice.allowed_tools.tools[${index}]`), `tool_choice.allowed_tools.tools[${index}]`, names)),
      };
    }
    default:
      throw wrongChoice("tool_choice.type");
  }
}

function parseFunctionCall(value: unknown, names: ToolNames): ParsedChoice {
  if (!isPresent(value)) return { choice: { type: "auto" } };
  if (value === "auto" || value === "none") return { choice: { type: value } };
  return { choice: { type: "tool", name: names.toModel(stringAt(objectAt(value, "function_call")["name"], "function_call.name")) } };
}

/** Chat completions nest the name under `function`, the responses dialect does not; clients mix them up. */
function functionName(choice: Fields, path: string, names: ToolNames): string {
  return names.toModel(isPresent(choice["function"])
    ? stringAt(objectAt(choice["function"], `${path}.function`)["name"], `${path}.function.name`)
    : stringAt(choice["name"], `${path}.function.name`));
}

function wrongChoice(path: string): BridgeError {
  return new BridgeError("invalid_value", `${path}: expected auto, none, required, a function or allowed_tools.`, { param: path });
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

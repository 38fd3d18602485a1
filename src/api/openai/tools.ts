import { BridgeError } from "../../errors.ts";
import { goneToolText } from "../../own-words.ts";
import type { Message } from "../../turn/message.ts";
import type { Tool, ToolChoice } from "../../turn/turn.ts";
import { arrayAt, type Fields, isAbsent, objectAt, stringAt } from "../check.ts";
import { objectSchema } from "./json-schema.ts";
import { namespaceSeparator, qualifiedName, type ToolNames } from "./tool-names.ts";

/** The most tools that one request may define. */
export const toolsMax = 1_000;
const nameCharsMax = 512;

/** Maps a client's tool name to the model's. */
export type ModelNames = Pick<ToolNames, "toModel">;

/** A parsed `tool_choice`. */
export interface ParsedChoice {
  readonly choice: ToolChoice;
  /** The tools in `allowed_tools`, by the model's names. */
  readonly allowed?: readonly string[];
}

/** The tools that the model sees, and the turn's tool choice. */
export interface ChosenTools {
  readonly tools: readonly Tool[];
  readonly toolChoice: ToolChoice;
}

/**
 * Applies a request's tool choice to its tools; `path` is the field of the choice. The Messages API takes a history
 * with calls only together with tools. So if `messages` has calls, tools are kept even if the choice is `none`; if the
 * client sent none, placeholders with the called names are made.
 */
export function chooseTools(
  offered: readonly Tool[], { choice, allowed }: ParsedChoice, messages: readonly Message[], path: string,
): ChosenTools {
  if (offered.length === 0 && (choice.type === "any" || choice.type === "tool")) {
    throw new BridgeError("invalid_value", `${path}: a call is asked for, but there are no tools.`, { field: path });
  }
  for (const name of choice.type === "tool" ? [choice.name] : allowed ?? []) {
    if (!offered.some((tool) => tool.name === name)) {
      throw new BridgeError("invalid_value", `${path}: it names a tool that is not among the tools.`, { field: path });
    }
  }
  const called = new Set(
    messages.flatMap(({ content }) => content.flatMap((block) => (block.type === "tool_use" ? [block.name] : [])))
  );
  if (offered.length === 0 && called.size > 0) {
    const tools = [...called].map(
      (name) => ({ name, description: goneToolText, inputSchema: { type: "object", properties: {} } })
    );
    return { tools, toolChoice: { type: "none" } };
  }
  switch (choice.type) {
    case "none":
      return { tools: called.size === 0 ? [] : offered, toolChoice: called.size === 0 ? { type: "auto" } : choice };
    case "tool":
      return { tools: offered.filter(({ name }) => name === choice.name), toolChoice: choice };
    default:
      return {
        tools: allowed === undefined ? offered : offered.filter(({ name }) => allowed.includes(name)),
        toolChoice: choice,
      };
  }
}

/** Parses a list of tools; refuses a repeated name. `parse` may return several tools for an entry, or none. */
export function toolList(
  value: unknown, path: string, parse: (entry: unknown, path: string) => readonly Tool[],
): Tool[] {
  if (isAbsent(value)) return [];
  const entries = arrayAt(value, path);
  refuseTooMany(entries.length, path);
  const tools: Tool[] = [];
  const seen = new Set<string>();
  for (const [index, entry] of entries.entries()) {
    for (const tool of parse(entry, `${path}[${index}]`)) {
      if (seen.has(tool.name)) {
        throw new BridgeError(
          "invalid_value", `${path}[${index}]: another tool has the same name.`, { field: `${path}[${index}]` },
        );
      }
      seen.add(tool.name);
      tools.push(tool);
    }
  }
  refuseTooMany(tools.length, path);
  return tools;
}

/** Throws `invalid_value` for more than `toolsMax` tools. */
export function refuseTooMany(count: number, path: string): void {
  if (count > toolsMax) {
    throw new BridgeError(
      "invalid_value", `${path}: expected at most ${toolsMax} tools, got ${count}.`, { field: path },
    );
  }
}

/** Makes a tool from a function's definition: `name`, `description`, `parameters`. */
export function functionTool(definition: Fields, path: string, names: ModelNames): Tool {
  return {
    ...namedTool(definition, path, names), inputSchema: objectSchema(definition["parameters"], `${path}.parameters`)
  };
}

/** Checks the name of a tool or a namespace. */
export function nameAt(value: unknown, path: string): string {
  const name = stringAt(value, path);
  if (name === "" || name.length > nameCharsMax) {
    throw new BridgeError("invalid_value", `${path}: expected 1 to ${nameCharsMax} characters.`, { field: path });
  }
  if (name.includes(namespaceSeparator)) {
    throw new BridgeError("invalid_value", `${path}: a name cannot hold the character U+0000.`, { field: path });
  }
  return name;
}

/** Reads the name of a called or chosen tool, qualified with its `namespace` if it has one. */
export function qualifiedNameAt(holder: Fields, path: string): string {
  const namespace = !isAbsent(holder["namespace"]) ? nameAt(holder["namespace"], `${path}.namespace`) : undefined;
  return qualifiedName(namespace, nameAt(holder["name"], `${path}.name`));
}

/** Reads the fields that every kind of tool has: name and description. */
export function namedTool(definition: Fields, path: string, names: ModelNames): Omit<Tool, "inputSchema"> {
  const name = nameAt(definition["name"], `${path}.name`);
  const description = !isAbsent(definition["description"])
    ? stringAt(definition["description"], `${path}.description`)
    : "";
  return { name: names.toModel(name), description, source: { name, path } };
}

/** How a dialect writes an object as `tool_choice`. */
export interface ChoiceForm {
  /** The values of `type` with which a tool may be named. */
  readonly kinds: readonly unknown[];
  /** True for chat completions: the name is in `function.name`. In the Responses API it is in `name`. */
  readonly isNested: boolean;
}

const chatForm: ChoiceForm = { kinds: ["function"], isNested: true };

/**
 * Parses `tool_choice`. Either dialect's form is accepted, because clients mix them up. An error names the field in the
 * form that the client used; if that is not clear, in the dialect's own form.
 */
export function parseToolChoice(value: unknown, names: ToolNames, form: ChoiceForm = chatForm): ParsedChoice {
  if (isAbsent(value)) return { choice: { type: "auto" } };
  if (value === "auto" || value === "none") return { choice: { type: value } };
  // `any` is Anthropic's word for OpenAI's `required`; some clients send it here.
  if (value === "required" || value === "any") return { choice: { type: "any" } };
  if (typeof value === "string") throw wrongChoice("tool_choice");
  const choice = objectAt(value, "tool_choice");
  if (form.kinds.includes(choice["type"])) {
    return { choice: { type: "tool", name: toolName(choice, "tool_choice", names, form) } };
  }
  switch (choice["type"]) {
    case "auto": case "none":
      return { choice: { type: choice["type"] } };
    case "required":
      return { choice: { type: "any" } };
    case "allowed_tools":
      return allowedTools(choice, names, form);
    default:
      throw wrongChoice("tool_choice.type");
  }
}

function allowedTools(choice: Fields, names: ToolNames, form: ChoiceForm): ParsedChoice {
  const nested = choice["allowed_tools"];
  const path = form.isNested || !isAbsent(nested) ? "tool_choice.allowed_tools" : "tool_choice";
  const holder = !isAbsent(nested) ? objectAt(nested, path) : choice;
  const mode = holder["mode"] ?? "auto";
  if (mode !== "auto" && mode !== "required") throw wrongChoice(`${path}.mode`);
  const entries = arrayAt(holder["tools"], `${path}.tools`);
  if (entries.length === 0 || entries.length > toolsMax) {
    throw new BridgeError(
      "invalid_value", `${path}.tools: expected 1 to ${toolsMax} tools, got ${entries.length}.`,
      { field: `${path}.tools` },
    );
  }
  const allowed = entries.flatMap((value, index) => {
    const entryPath = `${path}.tools[${index}]`;
    const entry = objectAt(value, entryPath);
    // Tools that OpenAI runs itself: the Responses API skips them in `tools`, so they are skipped here too.
    const isPassedOver = !form.isNested && typeof entry["type"] === "string" && !form.kinds.includes(entry["type"]);
    return isPassedOver ? [] : [toolName(entry, entryPath, names, form)];
  });
  if (allowed.length > 0) return { choice: { type: mode === "required" ? "any" : mode }, allowed };
  if (mode === "auto") return { choice: { type: "none" } };
  throw new BridgeError(
    "invalid_value", `${path}.tools: a call is asked for, but of no tool that can be called here.`,
    { field: `${path}.tools` },
  );
}

function toolName(choice: Fields, path: string, names: ToolNames, { isNested }: ChoiceForm): string {
  if (!isAbsent(choice["function"])) {
    return names.toModel(stringAt(objectAt(choice["function"], `${path}.function`)["name"], `${path}.function.name`));
  }
  return names.toModel(isNested ? stringAt(choice["name"], `${path}.function.name`) : qualifiedNameAt(choice, path));
}

function wrongChoice(path: string): BridgeError {
  return new BridgeError(
    "invalid_value", `${path}: expected auto, none, required, a function or allowed_tools.`, { field: path },
  );
}

import { BridgeError } from "../../errors.ts";
import { clientSchema } from "../../schema/client-schema.ts";
import type { Tool } from "../../turn/turn.ts";
import { arrayAt, type Fields, isAbsent, objectAt, stringAt } from "../check.ts";
import type { ParsedChoice } from "../chosen-tools.ts";
import { toolsMax } from "../tool-list.ts";
import type { ModelNames, ToolNames } from "../tool-names.ts";
import { namespaceSeparator, qualifiedName } from "./namespaces.ts";

const nameCharsMax = 512;

/** Makes a tool from a function's definition: `name`, `description`, `parameters`. */
export function functionTool(definition: Fields, path: string, names: ModelNames): Tool {
  const named = namedTool(definition, path, names);
  const subject = { path: `${path}.parameters`, whose: `tool ${JSON.stringify(named.source.name)}` };
  const { schema, keys } = clientSchema(definition["parameters"], subject);
  names.noteKeys(named.name, keys);
  return { ...named, inputSchema: schema };
}

/**
 * Returns the name of a tool or a namespace. Throws `invalid_value` for one that is empty, too long, or holds the
 * separator of namespaces.
 */
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
export function namedTool(
  definition: Fields, path: string, names: ModelNames,
): Omit<Tool, "inputSchema"> & Required<Pick<Tool, "source">> {
  const name = nameAt(definition["name"], `${path}.name`);
  const description = !isAbsent(definition["description"])
    ? stringAt(definition["description"], `${path}.description`)
    : "";
  return { name: names.toModel(name), description, source: { name, path } };
}

/** How one of OpenAI's APIs writes a `tool_choice` that is an object. */
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

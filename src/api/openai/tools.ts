import { BridgeError } from "../../errors.ts";
import type { Tool } from "../../turn/turn.ts";
import { arrayAt, type Fields, isAbsent, isFields, objectAt, stringAt } from "../check.ts";
import type { ParsedChoice } from "../chosen-tools.ts";
import { namedTool, type NamedTool, toolNameAt, toolOfSchema } from "../tool-definition.ts";
import { toolsMax } from "../tool-list.ts";
import type { ModelNames, ToolNames } from "../tool-names.ts";
import { webSearchName } from "../web-search.ts";
import { namespaceSeparator, qualifiedName } from "./namespaces.ts";
import { type ChoiceShape, choiceShapes, type ToolShape, toolShapes, type Whose } from "./shapes.ts";
import { isSearchTool } from "./web-search.ts";

/**
 * The shape of a function tool, whichever API it comes from; undefined for any other tool. Where two shapes fit, the
 * one of the endpoint `own` is meant.
 */
export function toolShapeOf(tool: Fields, own: Whose): ToolShape | undefined {
  const fitting = toolShapes.filter((shape) => isOfShape(tool, shape));
  return fitting.find(({ whose }) => whose === own) ?? fitting[0];
}

function isOfShape(tool: Fields, { holder, schema, types }: ToolShape): boolean {
  if (!isAbsent(tool["type"]) && !types.some((type) => type === tool["type"])) return false;
  if (holder !== undefined) return !isAbsent(tool[holder]);
  if (!isAbsent(tool[schema])) return true;
  const hasOtherSchema = toolShapes.some((other) => !isAbsent(tool[other.schema]));
  return schema === "parameters" && !isAbsent(tool["name"]) && !hasOtherSchema;
}

/** Makes a tool from a function's definition: `name`, `description`, and its schema in the field of its shape. */
export function functionTool(tool: Fields, shape: ToolShape, path: string, names: ModelNames): Tool {
  const { holder, schema: field } = shape;
  const definitionPath = holder === undefined ? path : `${path}.${holder}`;
  const definition = holder === undefined ? tool : objectAt(tool[holder], definitionPath);
  const named = toolNamedIn(definition, definitionPath, names);
  return toolOfSchema(named, definition[field], `${definitionPath}.${field}`, definition["strict"] === true, names);
}

/**
 * Returns the name of a tool or a namespace. Throws `invalid_value` for one that is empty, too long, or holds the
 * separator of namespaces.
 */
export function nameAt(value: unknown, path: string): string {
  const name = toolNameAt(value, path);
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
export function toolNamedIn(definition: Fields, path: string, names: ModelNames): NamedTool {
  return namedTool(nameAt(definition["name"], `${path}.name`), definition, path, names);
}

/** How one of OpenAI's APIs writes a `tool_choice` that is an object. */
export interface ChoiceForm {
  /** The values of `type` with which a tool may be named. */
  readonly kinds: readonly unknown[];
  /** True for chat completions: the name is in `function.name`. In the Responses API it is in `name`. */
  readonly isNested: boolean;
}

export const chatForm: ChoiceForm = { kinds: ["function"], isNested: true };
export const responsesForm: ChoiceForm = { kinds: ["function", "custom"], isNested: false };

/** What a choice asks for; undefined where no shape has its `type`. */
function meansOf(choice: Fields): ChoiceShape["means"] | undefined {
  if (isSearchTool(choice)) return "search";
  return choiceShapes.find(({ type }) => type === choice["type"])?.means;
}

/**
 * Parses `tool_choice`, whichever API's shape it has. An error names the field in the form that the client used; if
 * that is not clear, in the dialect's own form. `hasSearch`: the turn has the web search, which the choice may demand.
 */
export function parseToolChoice(
  value: unknown, names: ToolNames, form: ChoiceForm = chatForm, hasSearch = false,
): ParsedChoice {
  if (isAbsent(value)) return { choice: { type: "auto" } };
  const choice = typeof value === "string" ? { type: value } : objectAt(value, "tool_choice");
  const path = typeof value === "string" ? "tool_choice" : "tool_choice.type";
  const means = meansOf(choice);
  switch (means) {
    case "auto": case "none": case "any":
      return { choice: { type: means } };
    case "tool":
      if (typeof value === "string" || !isServed(choice["type"], form)) throw wrongChoice(path);
      return { choice: { type: "tool", name: toolName(choice, "tool_choice", names, form) } };
    case "allowed":
      if (typeof value === "string") throw wrongChoice(path);
      return allowedTools(choice, names, form, hasSearch);
    case "search":
      if (!hasSearch) throw noSearch(path);
      return { choice: { type: "tool", name: webSearchName } };
    case undefined:
      throw wrongChoice(path);
  }
}

/** Whether a choice may name a tool with this `type`: one of the endpoint's own, or Anthropic's `tool`. */
function isServed(type: unknown, { kinds }: ChoiceForm): boolean {
  return type === "tool" || kinds.includes(type);
}

/** Anthropic's way to say `parallel_tool_calls: false`. */
export function allowsOneCall(choice: unknown): boolean {
  return isFields(choice) && choice["disable_parallel_tool_use"] === true;
}

/**
 * Whether a tool choice lets the model search the web, where the request asks for a search. In chat completions the
 * search is no entry of `tools`, so `allowed_tools` does not concern it.
 */
export function allowsSearch(value: unknown, { isNested }: ChoiceForm = chatForm): boolean {
  const choice = isFields(value) ? value : { type: value };
  const means = meansOf(choice);
  if (means === "none") return false;
  return isNested || means !== "allowed" || allowedEntries(choice).some(isSearchTool);
}

/** What `allowed_tools` lists; nothing where it is malformed. */
function allowedEntries(choice: Fields): readonly unknown[] {
  const { tools } = isFields(choice["allowed_tools"]) ? choice["allowed_tools"] : choice;
  return Array.isArray(tools) ? tools : [];
}

function allowedTools(choice: Fields, names: ToolNames, form: ChoiceForm, hasSearch: boolean): ParsedChoice {
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
  if (hasSearch && entries.some(isSearchTool)) return { choice: { type: "any" }, allowed };
  throw new BridgeError(
    "invalid_value", `${path}.tools: a call is asked for, but of no tool that can be called here.`,
    { field: `${path}.tools` },
  );
}

function toolName(choice: Fields, path: string, names: ToolNames, { isNested }: ChoiceForm): string {
  if (!isAbsent(choice["function"])) {
    return names.toModel(stringAt(objectAt(choice["function"], `${path}.function`)["name"], `${path}.function.name`));
  }
  const isFlat = !isNested || choice["type"] === "tool";
  return names.toModel(isFlat ? qualifiedNameAt(choice, path) : stringAt(choice["name"], `${path}.function.name`));
}

function noSearch(path: string): BridgeError {
  return new BridgeError(
    "unsupported_parameter", `${path}: the model can be made to search the web only on a server with `
    + "--allow-web-search, in a request that has the search, and where the answer need not be JSON.", { field: path },
  );
}

function wrongChoice(path: string): BridgeError {
  return new BridgeError(
    "invalid_value", `${path}: expected auto, none, required, a function or allowed_tools.`, { field: path },
  );
}

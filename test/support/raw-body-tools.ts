/** Accounts for the tools of a raw body: each of the client's, whole, and no other but the CLI's for JSON answers. */
import { clientAnswerSchema, clientSchema } from "../../src/schema/client-schema.ts";
import { compiledSchema } from "../../src/schema/compiled.ts";
import { freeInputText, goneToolText, grammarTexts } from "../../src/own-words.ts";
import { schemaTool } from "./added-words.ts";
import type { Sent } from "./chat-transcript.ts";
import { isSameJson } from "./exact-json.ts";
import { show } from "./raw-body-blocks.ts";
import { isSchemaFor, withoutFormats } from "./raw-body-schemas.ts";

export interface JudgedTools {
  readonly findings: readonly string[];
  /** The client's tools as they are named upstream. */
  readonly names: readonly string[];
  /** The one that must be called, as it is named upstream. */
  readonly chosen: string | undefined;
}

/** How the calls of the history are named by the client, and how upstream. */
export interface CallNames { readonly called: readonly string[]; readonly names: readonly string[] }

interface ExpectedTool {
  readonly name: string;
  readonly description: string;
  readonly schema: unknown;
  /** As the API compiles it, where the client asks for a strict tool. */
  readonly strict?: object;
}

/** How tools go up beside the client's: the schema of the CLI's own for the answer, where there is to be one. */
export interface ToolsSetting {
  readonly schema: unknown;
  readonly hasPolicy: boolean;
  /** Of the machine, whole: they go up beside the client's. */
  readonly ownersTools: readonly Sent[];
}

/** From this length on the CLI would cut a description. */
const descriptionCharsMax = 2_000;

export function judgeTools(
  tools: readonly Sent[], request: Sent, { called, names }: CallNames, { schema, hasPolicy, ownersTools }: ToolsSetting,
): JudgedTools {
  const findings: string[] = [];
  const left = [...tools];
  const offered = expectedTools(request, called);
  const mayBeWhole = schema === undefined && !hasPolicy;
  const isWhole = mayBeWhole && offered.some(({ description, strict }) => (
    strict !== undefined || description.length > descriptionCharsMax));
  const findingsOf = (tool: Sent, expected: ExpectedTool): string[] => (
    isWhole ? findingsOfWhole(tool, expected) : findingsOfServed(tool, expected));
  const all = [...new Set([...offered.map(({ name }) => name), ...called])];
  const take = (expected: ExpectedTool, isNamed = (name: string): boolean => isNameFor(name, expected.name, all)): string | undefined => {
    const candidates = left.filter(({ name }) => isNamed(name));
    const best = candidates.find((tool) => findingsOf(tool, expected).length === 0) ?? candidates[0];
    if (best === undefined) {
      findings.push(`tools: ${show(expected.name)} is missing`);
      return undefined;
    }
    left.splice(left.indexOf(best), 1);
    findings.push(...findingsOf(best, expected));
    return best["name"];
  };
  const served = offered.map((tool) => ({ client: tool.name, upstream: take(tool) }));
  if (schema !== undefined) take({ ...schemaTool, schema: withoutFormats(schema) }, (name) => name === schemaTool.name);
  for (const owners of ownersTools) {
    const place = left.findIndex(({ cache_control: _mark, ...tool }) => isSameJson(tool, owners));
    if (place === -1) findings.push(`tools: the owner's ${show(owners["name"])} is missing`);
    else left.splice(place, 1);
  }
  for (const { name } of left) findings.push(`tools: ${show(name)} is nobody's`);
  const pairs = new Map(served.map(({ client, upstream }) => [client, upstream]));
  const others = new Set(pairs.values());
  for (const [index, name] of called.entries()) {
    const told = names[index];
    // Of a tool that is no longer offered: a name of its own, the same in each call.
    if (!pairs.has(name) && told !== undefined && isNameFor(told, name, all) && !others.has(told)) pairs.set(name, told);
    others.add(told);
    if (told === undefined || told !== pairs.get(name)) findings.push(`messages: a call of ${show(name)} is named ${show(told)}`);
  }
  const chosen = nameOf(choiceOf(request).mode);
  return {
    findings, names: served.flatMap(({ upstream }) => upstream ?? []),
    chosen: served.find(({ client }) => client === chosen)?.upstream,
  };
}

/** With a number behind it where that is another tool's. */
function isNameFor(upstream: string, name: string, all: readonly string[]): boolean {
  const fitting = fittingName(name);
  if (upstream === fitting) return true;
  const kept = fitting.slice(0, keptCharsMax);
  const isNumbered = upstream.startsWith(kept) && /^_\d+$/u.test(upstream.slice(kept.length));
  return isNumbered && all.some((other) => other !== name && fittingName(other) === fitting);
}

const keptCharsMax = 120;
/** The CLI has uses of its own for them. */
const ofTheCli: ReadonlySet<string> = new Set(["ToolSearch", "StructuredOutput", "Agent"]);

/** A name that the API does not take becomes one that it takes; one that the CLI does not serve gets `_tool` behind it. */
function fittingName(name: string): string {
  if (!/^[a-zA-Z0-9_-]{1,128}$/u.test(name)) return name.replace(/[^a-zA-Z0-9_-]/gu, "_").slice(0, keptCharsMax) || "tool";
  const isServed = !ofTheCli.has(name) && !(name in Object.prototype);
  return isServed ? name : `${name.slice(0, keptCharsMax)}_tool`;
}

export interface Choice {
  /** Of `tool_choice` or `function_call`; the name is an object's. */
  readonly mode: unknown;
  readonly isLegacy: boolean;
  readonly mustCall: boolean;
}

/** What a request says of calls, in either form. */
export function choiceOf(request: Sent): Choice {
  const { tools, functions, tool_choice: toolChoice, function_call: functionCall } = request;
  const isLegacy = !(tools?.length > 0);
  const choice = isLegacy && functionCall != null ? functionCall : toolChoice;
  const mode = choice?.allowed_tools?.mode ?? choice?.mode ?? choice;
  const hasOffered = (tools?.length ?? 0) + (functions?.length ?? 0) > 0;
  const isNamed = typeof mode === "object" && mode !== null;
  return { mode: hasOffered ? mode : "none", isLegacy, mustCall: hasOffered && (mode === "required" || mode === "any" || isNamed) };
}

/** The tool that a choice names. */
function nameOf(mode: unknown): unknown {
  const { function: named, name } = (typeof mode === "object" ? mode ?? {} : {}) as Sent;
  return named?.name ?? name;
}

/** Those that the request serves, by what README says of `tools` and `tool_choice`. */
function expectedTools(request: Sent, called: readonly string[]): ExpectedTool[] {
  const definitions: readonly Sent[] = request["tools"]?.length > 0
    ? request["tools"] : (request["functions"] ?? []).map((definition: Sent) => ({ function: definition }));
  const offered = definitions.map((tool): ExpectedTool => {
    if (tool["type"] === "custom") return customTool(tool["custom"]);
    const { name, description, parameters: schema, strict } = tool["function"];
    const compiled = strict === true ? compiledSchema(clientSchema(schema, { path: "" }).schema) : undefined;
    return { name, description: description ?? "", schema, ...(compiled === undefined ? {} : { strict: compiled }) };
  });
  const gone = (name: string): ExpectedTool => ({ name, description: goneToolText, schema: undefined });
  if (offered.length === 0) return [...new Set(called)].map(gone);
  const isLegacyChoice = !(request["tools"]?.length > 0) && request["function_call"] != null;
  const choice = isLegacyChoice ? request["function_call"] : request["tool_choice"];
  const allowed: readonly Sent[] | undefined = choice?.allowed_tools?.tools;
  if (allowed === undefined) return offered;
  const names = allowed.map((tool) => tool["function"]?.name ?? tool["name"]);
  return offered.filter(({ name }) => names.includes(name));
}

/** A tool that takes text: one argument has it, and the grammar is told in words. */
function customTool({ name, description, format }: Sent): ExpectedTool {
  const { syntax, definition } = format?.type === "grammar" ? format.grammar : {};
  const grammar = syntax === undefined ? [] : [`${grammarTexts.join(syntax)}${definition}`];
  const words = [description ?? "", ...grammar].filter((text) => text !== "").join("\n\n");
  const properties = { input: { type: "string", description: freeInputText } };
  const schema = { type: "object", properties, required: ["input"], additionalProperties: false };
  return { name, description: words, schema };
}

/** How an answer is held to its schema: by the CLI's tool, or by the API as it compiles the schema. */
export interface AnswerForm { readonly tool?: unknown; readonly format?: object }

/** Under a policy all goes by the tool. What is compiled and what not, `test/schema` shows to be right. */
export function answerFormOf(request: Sent, hasPolicy: boolean): AnswerForm {
  const schema = answerSchemaOf(request);
  if (schema === undefined) return {};
  const given = request["response_format"]?.json_schema?.schema;
  const compiled = hasPolicy || given === undefined ? undefined : clientAnswerSchema(given, { path: "" }).compiled;
  return compiled === undefined ? { tool: schema } : { format: { type: "json_schema", schema: compiled } };
}

/** By which the answer is to be; undefined also where it must be a call, which is held to no schema. */
export function answerSchemaOf(request: Sent): unknown {
  return choiceOf(request).mustCall ? undefined : formatOf(request);
}

function formatOf({ response_format: format }: Sent): unknown {
  if (format?.type === "json_schema") return withoutDraft(format.json_schema.schema);
  return format?.type === "json_object" ? withoutDraft(format.schema) : undefined;
}

/** The draft's name is no word for the model; the CLI refuses an answer's schema with it. */
function withoutDraft(schema: unknown): unknown {
  const { $schema: _draft, ...rest } = (schema ?? { type: "object", properties: {} }) as Sent;
  return rest;
}

/** Of a tool that goes up as the client defines it. */
function findingsOfWhole({ strict, ...tool }: Sent, expected: ExpectedTool): string[] {
  const findings = findingsOfServed(tool, { ...expected, schema: expected.strict ?? expected.schema });
  const isRight = strict === (expected.strict === undefined ? undefined : true)
    && (tool["description"] ?? "") === expected.description;
  return isRight ? findings : [...findings, `tools: ${show(tool["name"])} is not whole: ${show({ strict, ...tool })}`];
}

/** Of a tool that goes up as the CLI makes it of what is served to it. */
function findingsOfServed(tool: Sent, expected: ExpectedTool): string[] {
  const { name, description = "", input_schema: schema, cache_control: _mark, ...rest } = tool;
  const where = `tools: ${show(name)}`;
  const { whole, given } = joined(description, schema, expected.description);
  const findings = Object.keys(rest).map((field) => `${where} has ${field}: ${show(rest[field])}`);
  if (whole !== expected.description) findings.push(`${where} is described ${show(whole)}`);
  if (!isSchemaFor(given, expected.schema)) findings.push(`${where} has ${show(given)} for ${show(expected.schema)}`);
  return findings;
}

/** A long description goes on in the schema's: the two as they were. */
function joined(description: string, schema: Sent, sent: string): { readonly whole: string; readonly given: Sent } {
  const { description: goesOn, ...others } = schema;
  const isSplit = description !== sent && goesOn !== undefined && sent.startsWith(description);
  if (!isSplit) return { whole: description, given: schema };
  const restChars = sent.length - description.length;
  const own = String(goesOn).slice(restChars).replace(/^\n\n/u, "");
  const whole = `${description}${String(goesOn).slice(0, restChars)}`;
  return { whole, given: own === "" ? others : { ...others, description: own } };
}

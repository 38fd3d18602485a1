/** A model for the stub that does what a request asks for: JSON, a call where one is a must, else words or thoughts. */
import { anyCallText, namedCallTexts, noCallText } from "../../src/own-words.ts";
import {
  formatOf, type StubAnswer, type StubRequestBody, type StubToolUse, textAnswer, textOf, toolUseAnswer,
} from "./anthropic-stub.ts";
import type { Random } from "./random.ts";
import { fitsSchema } from "./schema-sources/judge.ts";

export interface ObligingModel {
  readonly answer: (body: StubRequestBody) => StubAnswer;
  /** All that it has thought, in order. */
  readonly thoughts: readonly string[];
}

/** What no client says. */
const answerTexts = ["So be it.", "  As you wish.\n", "“Yes” \\ and <no>", "日本 😀 \u2028 end"];

export function obligingModel(random: Random): ObligingModel {
  const thoughts: string[] = [];
  let answers = 0;
  const think = (mustThink: boolean): readonly string[] | undefined => {
    if (!mustThink && random.below(3) > 0) return undefined;
    const thought = `thought ${++answers}, “hm” \\n`;
    thoughts.push(thought);
    return [thought];
  };
  const answer = (body: StubRequestBody): StubAnswer => {
    const tools = body.tools ?? [];
    // With a budget a model begins its answer to a question by thinking, always.
    const hasBudget = (body["thinking"] as { readonly type?: string } | undefined)?.type === "enabled";
    const thinking = body["thinking"] === undefined ? undefined : think(hasBudget && lastIsClients(body));
    const options = thinking === undefined ? {} : { thinking };
    const schemaTool = tools.find(({ name }) => name === "StructuredOutput");
    const format = formatOf(body);
    if (format !== undefined) return textAnswer([JSON.stringify(callOf({ name: "", input_schema: format }).input)], options);
    if (schemaTool !== undefined) return toolUseAnswer([callOf(schemaTool)], options);
    const system = textOf(body.system);
    const choice = (body.tool_choice ?? { type: "auto" }) as { readonly type: string; readonly name?: string };
    const must = choice.type === "any" || system.includes(anyCallText);
    const named = tools.filter(({ name }) => (
      name === choice.name || system.includes(namedCallTexts.join(name))
    ));
    const mayCall = choice.type !== "none" && !system.includes(noCallText) && tools.length > 0 && lastIsClients(body);
    if (must || named.length > 0 || (mayCall && random.below(3) === 0)) {
      const before = random.below(2) === 0 ? { textBefore: "Looking." } : {};
      return toolUseAnswer([callOf(random.pick(named.length > 0 ? named : tools))], { ...options, ...before });
    }
    return textAnswer([random.pick(answerTexts)], options);
  };
  return { answer, thoughts };
}

/** A made-up model that would call again and again is of no use. */
function lastIsClients({ messages }: StubRequestBody): boolean {
  const last = messages.findLast(({ role }) => role === "user");
  return last === undefined || !JSON.stringify(last.content).includes('"tool_result"');
}

interface ToolSchema {
  readonly properties?: Readonly<Record<string, { readonly type?: string }>>;
  readonly required?: unknown;
  readonly additionalProperties?: unknown;
}

const valueOf: Readonly<Record<string, unknown>> = {
  string: "Zürich", integer: 1, number: 1.5, array: [], object: {},
};

/**
 * An input that fits the schema: what its top demands, and where that does not do, one more of the names that any part
 * of it demands. Where none of these fits, as none can fit a schema that nothing satisfies, it is what the top demands.
 */
function callOf({ name, input_schema: schema }: NonNullable<StubRequestBody["tools"]>[number]): StubToolUse {
  const { properties = {}, required, additionalProperties } = (schema ?? {}) as ToolSchema;
  const valueFor = (key: string): unknown => valueOf[properties[key]?.type ?? "string"];
  const city = "city" in properties ? { city: "Zürich", ...(additionalProperties === false ? {} : { at: 1.5 }) } : {};
  const demanded = { ...Object.fromEntries(namesIn(required).map((key) => [key, valueFor(key)])), ...city };
  const further = demandedIn(schema).map((key) => ({ [key]: valueFor(key), ...demanded }));
  return { name, input: [demanded, ...further].find((input) => fits(schema, input)) ?? demanded };
}

/** Every name that a schema in it demands, each once. */
function demandedIn(schema: unknown): readonly string[] {
  if (typeof schema !== "object" || schema === null) return [];
  const { required } = schema as ToolSchema;
  return [...new Set([...namesIn(required), ...Object.values(schema).flatMap(demandedIn)])];
}

function namesIn(required: unknown): readonly string[] {
  return Array.isArray(required) ? required.filter((name) => typeof name === "string") : [];
}

/** A schema that cannot be judged is one that everything fits. */
function fits(schema: unknown, input: object): boolean {
  try {
    return fitsSchema(schema ?? {}, input, "2020-12");
  } catch {
    return true;
  }
}

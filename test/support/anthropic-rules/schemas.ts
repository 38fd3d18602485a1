/** Schemas that the API enforces: an answer's format, and strict tools. */
import { asking, each } from "./examples.ts";
import { takesSchemas } from "./models.ts";
import { firstOf, isRecord, type Rule } from "./rule.ts";
import { unsupportedIn } from "./schema-subset.ts";
import { clientTools } from "./tools.ts";

const strictToolsMax = 20;

const object = (properties: object, more: object = {}): object => ({
  type: "object",
  properties,
  required: [],
  additionalProperties: false,
  ...more,
});
const formatted = (schema: object, more: object = {}): object =>
  asking({ output_config: { format: { type: "json_schema", schema } }, ...more });
const strict = (input_schema: object, more: object = {}): object =>
  asking({ tools: [{ name: "look", input_schema, strict: true }], ...more });

/** Schemas that are not compiled, by what is in them. */
const uncompiled: Readonly<Record<string, object>> = {
  "an open object": { type: "object", properties: {} },
  "an object that says it is open": object({}, { additionalProperties: true }),
  "an open object further in": object({ a: { type: "array", items: { type: "object", properties: {} } } }),
  "an open object in a definition": object({ a: { $ref: "#/$defs/b" } }, { $defs: { b: { type: "object" } } }),
  minimum: object({ a: { type: "integer", minimum: 1 } }),
  exclusiveMaximum: object({ a: { type: "number", exclusiveMaximum: 1 } }),
  multipleOf: object({ a: { type: "number", multipleOf: 2 } }),
  maxLength: object({ a: { type: "string", maxLength: 5 } }),
  "minItems of 2": object({ a: { type: "array", items: {}, minItems: 2 } }),
  maxItems: object({ a: { type: "array", items: {}, maxItems: 2 } }),
  uniqueItems: object({ a: { type: "array", items: {}, uniqueItems: true } }),
  minProperties: object({}, { minProperties: 1 }),
  patternProperties: object({}, { patternProperties: { "^a": {} } }),
  oneOf: object({ a: { oneOf: [{ type: "string" }, { type: "null" }] } }),
  not: object({ a: { not: { type: "string" } } }),
  "a format of nobody": object({ a: { type: "string", format: "color" } }),
  recursion: object({ a: { $ref: "#/$defs/b" } }, { $defs: { b: object({ next: { $ref: "#/$defs/b" } }) } }),
  "recursion to the root": object({ next: { $ref: "#" } }),
  "an external reference": object({ a: { $ref: "https://example.com/a.json" } }),
  "a reference to nothing": object({ a: { $ref: "#/$defs/b" } }),
};
const compiled: Readonly<Record<string, object>> = {
  "a closed object": object({ a: { type: "string", enum: ["x"] }, b: { type: ["integer", "null"] } }),
  "what is compiled": object(
    {
      a: { anyOf: [{ type: "string", format: "date", pattern: "^2" }, { type: "null" }] },
      b: { type: "array", items: { $ref: "#/$defs/c" }, minItems: 1 },
    },
    { $defs: { c: object({}) } },
  ),
  "a property that is named as a keyword": object({ minimum: { type: "integer" }, not: { type: "string" } }),
  "one definition twice": object(
    { a: { $ref: "#/$defs/c" }, b: { $ref: "#/$defs/c" } },
    { $defs: { c: { type: "string" } } },
  ),
};

export const answerFormat: Rule = {
  name: "answer-format",
  demands: "output_config.format (models since 4.5): every object closed, no recursion, no external $ref, no bounds.",
  words: "output_config.format",
  find({ body, model }) {
    const format = isRecord(body["output_config"]) ? body["output_config"]["format"] : undefined;
    if (format === undefined || format === null) return null;
    if (!isRecord(format) || format["type"] !== "json_schema" || !isRecord(format["schema"]))
      return `${this.words}: Input should be a json_schema with a schema`;
    if (!takesSchemas(model)) return `${this.words}: This model does not support output_config.format`;
    const found = unsupportedIn(format["schema"]);
    return found === null ? null : `${this.words}.schema: ${found}`;
  },
  broken: {
    ...each(uncompiled, formatted),
    "a model of 4.1": () => formatted(object({}), { model: "claude-opus-4-1" }),
    "OpenAI's form": () => asking({ output_config: { format: { type: "json_object" } } }),
  },
  kept: {
    ...each(compiled, formatted),
    "a model of 4.5": () => formatted(object({}), { model: "claude-haiku-4-5" }),
    "effort alone": () => asking({ output_config: { effort: "low" } }),
  },
};

export const strictTools: Rule = {
  name: "strict-tools",
  demands: "The schema of a tool with strict: true keeps the same limits; there are at most 20 such tools.",
  words: "custom: ",
  otherWords: ["Too many strict tools", "does not support strict tools"],
  find(request) {
    const asked = [...clientTools(request)].filter(({ tool }) => tool["strict"] === true);
    if (asked.length > 0 && !takesSchemas(request.model)) return "tools: This model does not support strict tools";
    if (asked.length > strictToolsMax)
      return `Too many strict tools (${asked.length}). The maximum number supported is ${strictToolsMax}.`;
    return firstOf(asked, ({ at, tool: { input_schema: schema } }) => {
      const found = isRecord(schema) ? unsupportedIn(schema) : null;
      return found === null ? null : `${at}: ${found}`;
    });
  },
  broken: {
    ...each(uncompiled, strict),
    "21 of them": () =>
      asking({
        tools: Array.from({ length: strictToolsMax + 1 }, (_, index) => ({
          name: `f${index}`,
          input_schema: object({}),
          strict: true,
        })),
      }),
    "a model of 4.1": () => strict(object({}), { model: "claude-opus-4-1" }),
  },
  kept: {
    ...each(compiled, strict),
    ...each({ "an open one that is not strict": { type: "object" } }, (schema) =>
      asking({ tools: [{ name: "look", input_schema: schema }] }),
    ),
  },
};

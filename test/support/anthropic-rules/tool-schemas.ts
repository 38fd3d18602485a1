/** The schemas of the tools that a request defines. */
import { each, withProperty, withSchema } from "./examples.ts";
import { isJsonSchema } from "./json-schema.ts";
import { type ApiRequest, type Fields, firstOf, isRecord, type Rule } from "./rule.ts";
import { clientTools } from "./tools.ts";

const propertyNamePattern = /^[a-zA-Z0-9_.-]{1,64}$/;
const unions = ["oneOf", "allOf", "anyOf"] as const;

/** Those whose schema is an object's. */
function* schemas(request: ApiRequest): Generator<{ readonly at: string; readonly schema: Fields }> {
  for (const {
    at,
    tool: { input_schema: schema },
  } of clientTools(request))
    if (isRecord(schema)) yield { at: `${at}.input_schema`, schema };
}

export const schemaIsObject: Rule = {
  name: "schema-is-object",
  demands: "A tool's input_schema is there, and its type is object.",
  words: "input_schema.type: Input should be 'object'",
  otherWords: ["Field required", "Input should be a valid dictionary"],
  find: (request) =>
    firstOf(clientTools(request), ({ at, tool: { input_schema: schema } }) => {
      if (schema === undefined) return `${at}.input_schema: Field required`;
      if (!isRecord(schema)) return `${at}.input_schema: Input should be a valid dictionary`;
      if (schema["type"] === undefined) return `${at}.input_schema.type: Field required`;
      return schema["type"] === "object" ? null : `${at}.input_schema.type: Input should be 'object'`;
    }),
  broken: each(
    {
      none: undefined,
      "a string": "{}",
      "no type": { properties: {} },
      "an array's": { type: "array" },
      "a list of types": { type: ["object", "null"] },
    },
    withSchema,
  ),
  kept: { "an object's": () => withSchema({ type: "object" }) },
};

export const schemaTopUnion: Rule = {
  name: "schema-top-union",
  demands: "No oneOf, allOf or anyOf stands at the top level of an input_schema.",
  words: "input_schema does not support oneOf, allOf, or anyOf at the top level",
  find: (request) =>
    firstOf(schemas(request), ({ at, schema }) =>
      unions.some((keyword) => Object.hasOwn(schema, keyword)) ? `${at}: ${schemaTopUnion.words}` : null,
    ),
  broken: each({ oneOf: "oneOf", allOf: "allOf", anyOf: "anyOf" }, (keyword) =>
    withSchema({ type: "object", [keyword]: [{}] }),
  ),
  kept: { "one further in": () => withProperty({ anyOf: [{ type: "string" }, { type: "null" }] }) },
};

export const propertyNames: Rule = {
  name: "property-names",
  demands: "The property names of an input_schema match ^[a-zA-Z0-9_.-]{1,64}$, at its top level.",
  words: "Property keys should match pattern '^[a-zA-Z0-9_.-]{1,64}$'",
  find: (request) =>
    firstOf(schemas(request), ({ at, schema: { properties } }) =>
      isRecord(properties) && Object.keys(properties).some((name) => !propertyNamePattern.test(name))
        ? `${at}.properties: ${propertyNames.words}`
        : null,
    ),
  broken: each(
    {
      "a dollar": "$top",
      brackets: "filter[id]",
      "a letter of German": "Straße",
      "70 letters": "x".repeat(70),
      "a space": "a b",
      none: "",
    },
    (name) => withSchema({ type: "object", properties: { [name]: {} } }),
  ),
  kept: {
    "64 letters, a dot and a hyphen": () =>
      withSchema({ type: "object", properties: { ["x".repeat(64)]: {}, "a.b-c": {} } }),
    "further in": () => withProperty({ type: "object", properties: { "a b": {} } }),
  },
};

const draft =
  "JSON schema is invalid. It must match JSON Schema draft 2020-12 (https://json-schema.org/draft/2020-12)";

export const schemaDraft: Rule = {
  name: "schema-draft",
  demands: "An input_schema is valid by JSON Schema 2020-12.",
  words: "JSON schema is invalid. It must match JSON Schema draft 2020-12",
  find: (request) =>
    firstOf(schemas(request), ({ at, schema }) =>
      isJsonSchema(schema)
        ? null
        : `${at}: ${draft}. Learn more about tool use at https://docs.claude.com/en/docs/tool-use.`,
    ),
  broken: {
    ...each(
      {
        "required: null": { type: "object", properties: {}, required: null },
        "required: a string": { type: "object", required: "x" },
        "required twice": { type: "object", required: ["a", "a"] },
        "properties: null": { type: "object", properties: null },
        "properties as a list": { type: "object", properties: [] },
        "$defs that hold a string": { type: "object", $defs: { a: "string" } },
      },
      withSchema,
    ),
    ...each(
      {
        "a property that is a string": "string",
        "a property that is null": null,
        "required: true, as in draft 3": { required: true },
        "exclusiveMinimum: true, as in draft 4": { minimum: 1, exclusiveMinimum: true },
        "items as a list, as in draft 4": { items: [{}] },
        "type: any": { type: "any" },
        "type: a list of none": { type: [] },
        "type: the same twice": { type: ["string", "string"] },
        "type: a number": { type: 3 },
        "type: null": { type: null },
        "anyOf: none": { anyOf: [] },
        "a length below none": { minLength: -1 },
        "a length in halves": { maxItems: 1.5 },
        "enum: a string": { enum: "x" },
        "enum: null": { enum: null },
        "pattern: a number": { pattern: 3 },
        "pattern: no expression": { pattern: "(" },
        "description: null": { description: null },
        "default is anything, title is not": { title: 3 },
        "multipleOf: 0": { multipleOf: 0 },
        "uniqueItems: a string": { uniqueItems: "true" },
        "additionalProperties: null": { additionalProperties: null },
        "items: null": { items: null },
        "dependentRequired: a string": { dependentRequired: { a: "b" } },
        "readOnly: a number": { readOnly: 1 },
        "$ref: null": { $ref: null },
        "format: null": { format: null },
        "patternProperties: no expression": { patternProperties: { "[": {} } },
        "minContains: a string": { minContains: "1" },
        "deep inside": { items: { anyOf: [{ properties: { b: { type: "str" } } }] } },
      },
      withProperty,
    ),
  },
  kept: each(
    {
      "unions, references and bounds": {
        anyOf: [{ type: "string" }, { $ref: "#/$defs/b" }],
        minLength: 1,
        enum: ["x"],
        exclusiveMinimum: 1,
        prefixItems: [true],
        items: false,
      },
      "a boolean": true,
      "a pattern of Python's": { pattern: "(?i)^(?P<a>x)\\Z" },
      "keywords of nobody": { nullable: true, "x-order": 3, example: null },
      "what is const or default": { const: null, default: [] },
    },
    withProperty,
  ),
};

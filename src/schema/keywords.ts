/** A JSON Schema that is an object. The others are `true` and `false`. */
export type Schema = Readonly<Record<string, unknown>>;

/** How a keyword holds schemas: as its value, in a list, or by names. */
export type Holding = "one" | "list" | "map";

/** The keywords of JSON Schema 2020-12 that hold schemas. */
const holdings: ReadonlyMap<string, Holding> = new Map([
  ...(
    [
      "additionalProperties", "items", "contains", "propertyNames", "not", "if", "then", "else", "unevaluatedItems",
      "unevaluatedProperties", "contentSchema",
    ] as const
  ).map((keyword) => [keyword, "one"] as const),
  ...(["allOf", "anyOf", "oneOf", "prefixItems"] as const).map((keyword) => [keyword, "list"] as const),
  ...(["properties", "patternProperties", "$defs", "dependentSchemas"] as const).map(
    (keyword) => [keyword, "map"] as const
  ),
]);

export function holdingOf(keyword: string): Holding | undefined {
  return holdings.get(keyword);
}

/** True for a schema that is an object. */
export function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A schema with each of its direct subschemas replaced by what `change` makes of it. */
export function withChildren(schema: Schema, change: (child: unknown, keyword: string) => unknown): Schema {
  const keywords = Object.keys(schema);
  if (!keywords.some((keyword) => holdings.has(keyword))) return schema;
  return Object.fromEntries(keywords.map((keyword) => {
    const value = schema[keyword];
    switch (holdings.get(keyword)) {
      case "one":
        return [keyword, change(value, keyword)];
      case "list":
        return [keyword, Array.isArray(value) ? value.map((child) => change(child, keyword)) : value];
      case "map": {
        const entries = Object.entries(isSchema(value) ? value : {});
        return [keyword, Object.fromEntries(entries.map(([name, child]) => [name, change(child, keyword)]))];
      }
      default:
        return [keyword, value];
    }
  }));
}

/** The direct subschemas of a schema, each with the steps of the JSON Pointer that lead to it. */
export function childrenOf(schema: Schema): readonly (readonly [steps: readonly string[], child: Schema])[] {
  const children: (readonly [readonly string[], Schema])[] = [];
  for (const keyword of Object.keys(schema)) {
    const holding = holdings.get(keyword);
    const value = schema[keyword];
    if (holding === undefined) continue;
    if (holding === "one") {
      if (isSchema(value)) children.push([[keyword], value]);
    } else if (typeof value === "object" && value !== null && Array.isArray(value) === (holding === "list")) {
      for (const [name, child] of Object.entries(value)) if (isSchema(child)) children.push([[keyword, name], child]);
    }
  }
  return children;
}

/** The keywords that can make a value invalid. A keyword that is not known here cannot. */
const assertions: ReadonlySet<string> = new Set([
  ...holdings.keys(), "type", "enum", "const", "multipleOf", "maximum", "exclusiveMaximum", "minimum",
  "exclusiveMinimum", "maxLength", "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "maxContains",
  "minContains", "maxProperties", "minProperties", "required", "dependentRequired", "dependencies", "additionalItems",
  "$dynamicRef", "$recursiveRef",
]);

/** True for a keyword that can make a value invalid; false for `$ref`, `$defs` and `definitions`. */
export function isAssertion(keyword: string): boolean {
  return keyword !== "$defs" && assertions.has(keyword);
}

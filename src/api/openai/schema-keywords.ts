/**
 * JSON Schema keywords that constrain an answer but are left out of its schema; the README lists them. With one of
 * them the CLI would drop the whole schema, or the upstream would read the keyword in another sense.
 */
export const ignoredKeywords: readonly string[] = [
  "if", "then", "else", "dependencies", "dependentRequired", "dependentSchemas", "unevaluatedProperties",
  "unevaluatedItems", "minContains", "maxContains",
];

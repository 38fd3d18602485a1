/**
 * JSON Schema keywords that constrain an answer but are left out of its schema; the README lists them. With one of them
 * the CLI would drop the whole schema, or the Messages API would give the keyword another meaning.
 */
export const ignoredKeywords: readonly string[] = [
  "if", "then", "else", "dependencies", "dependentRequired", "dependentSchemas", "unevaluatedProperties",
  "unevaluatedItems", "minContains", "maxContains",
];

/** Forms of older drafts, and of generators, that a keyword's value alone does not tell. */

import { patternTexts } from "../own-words.ts";
import { flagIn, isPattern, type Refuse } from "./keyword-values.ts";
import { isSchema, type Schema } from "./keywords.ts";

/** `required` in a property's own schema, as draft-03 has it; undefined for a list of names. */
export function requiredFlag(value: unknown): boolean | undefined {
  return typeof value === "boolean" || value === "true" || value === "false" ? flagIn(value) : undefined;
}

/** The properties that say of themselves that they are required, as in draft-03. */
export function requiredOf({ properties }: Schema): string[] {
  return Object.entries(isSchema(properties) ? properties : {}).flatMap(([name, property]) => (
    isSchema(property) && requiredFlag(property["required"]) === true ? [name] : []));
}

/** A pattern. What is no expression is put into `words`, for the model, as no validator could take it. */
export function patternIn(value: unknown, words: string[], refuse: Refuse): string | undefined {
  if (value === null) return undefined;
  if (typeof value !== "string") return refuse("a regular expression");
  if (isPattern(value)) return value;
  words.push(patternTexts.join(value));
  return undefined;
}

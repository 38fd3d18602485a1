/**
 * Forms of older drafts, and of generators, which need more than the repair of a keyword's value (`keyword-values.ts`).
 */

import { patternTexts } from "../own-words.ts";
import { flagIn, isPattern, type Refuse } from "./keyword-values.ts";
import { isSchema, type Schema } from "./keywords.ts";

/** Reads a `required` that is a flag in a property's own schema, as in draft-03; undefined for a list of names. */
export function requiredFlag(value: unknown): boolean | undefined {
  return typeof value === "boolean" || value === "true" || value === "false" ? flagIn(value) : undefined;
}

/** The properties whose own schemas say that they are required, as in draft-03. */
export function requiredOf({ properties }: Schema): string[] {
  return Object.entries(isSchema(properties) ? properties : {}).flatMap(([name, property]) => (
    isSchema(property) && requiredFlag(property["required"]) === true ? [name] : []));
}

/** Reads a `pattern`. One that is no regular expression is left out, and put into `words`, which the model is told. */
export function patternIn(value: unknown, words: string[], refuse: Refuse): string | undefined {
  if (value === null) return undefined;
  if (typeof value !== "string") return refuse("a regular expression");
  if (isPattern(value)) return value;
  words.push(patternTexts.join(value));
  return undefined;
}

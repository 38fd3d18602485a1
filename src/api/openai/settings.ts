/** Settings of a turn that every dialect has, in the words that it has for them. */

import { BridgeError } from "../../errors.ts";
import type { Effort, Turn } from "../../turn/turn.ts";
import { answerSchema } from "./answer-schema.ts";
import { type Fields, objectAt, stringAt } from "../check.ts";
import { objectSchema } from "./json-schema.ts";

/** A model name as a client may write it is this long at most, in characters. */
const modelNameCharsMax = 256;

/** Clients send null for what they do not set. */
export function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

/** The model as the client names it, or the default. Throws `invalid_value` for a name that is too long to be one. */
export function modelName(value: unknown, defaultModel: string): string {
  if (value === undefined || value === null || value === "") return defaultModel;
  const name = stringAt(value, "model");
  if (name.length > modelNameCharsMax) {
    throw new BridgeError(
      "invalid_value", `model: expected at most ${modelNameCharsMax} characters, got ${name.length}.`,
      { field: "model" },
    );
  }
  return name;
}

/** A map, not an object: a client's word may be `constructor`. */
const efforts: ReadonlyMap<unknown, Effort> = new Map([
  ["minimal", "low"], ["low", "low"], ["medium", "medium"], ["high", "high"], ["xhigh", "xhigh"], ["max", "max"],
]);

/** The word for how hard the model is to think, whatever it is; undefined when there is none. */
export function effortWord(value: unknown, path: string): string | undefined {
  return isAbsent(value) ? undefined : stringAt(value, path);
}

/** What such a word asks for. Words that nobody knows are left to the model. */
export function effortSettings(word: string | undefined): Pick<Turn, "effort" | "thinkingTokens"> {
  if (word === "none") return { thinkingTokens: 0 };
  const effort = efforts.get(word);
  return effort === undefined ? {} : { effort };
}

/**
 * The schema that the answer's format asks for; that of `json_schema` stands in `holder`. Throws
 * `unsupported_parameter` for a format that is none of OpenAI's.
 */
export function schemaOfFormat(
  format: Fields | undefined, holder: unknown, path: string, holderPath: string,
): Turn["responseSchema"] {
  switch (format?.["type"]) {
    case undefined: case "text":
      return undefined;
    case "json_object":
      return answerSchema(objectSchema(format?.["schema"], `${path}.schema`));
    case "json_schema":
      return answerSchema(
        objectSchema(objectAt(objectAt(holder, holderPath)["schema"], `${holderPath}.schema`), `${holderPath}.schema`)
      );
    default:
      throw new BridgeError(
        "unsupported_parameter", `${path}.type: expected text, json_object or json_schema.`, { field: `${path}.type` },
      );
  }
}

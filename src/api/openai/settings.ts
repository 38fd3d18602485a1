/** Parsers for settings that both OpenAI dialects have. */

import { BridgeError } from "../../errors.ts";
import { clientSchema } from "../../schema/client-schema.ts";
import type { Effort, Turn } from "../../turn/turn.ts";
import { type Fields, isAbsent, objectAt, stringAt } from "../check.ts";
import type { ToolNames } from "../tool-names.ts";

/** Maps OpenAI's effort words to Anthropic's. A Map, not an object: a client's word may be `constructor`. */
const efforts: ReadonlyMap<unknown, Effort> = new Map([
  ["minimal", "low"], ["low", "low"], ["medium", "medium"], ["high", "high"], ["xhigh", "xhigh"], ["max", "max"],
]);

/** Returns the client's effort word, which may be unknown; undefined when absent or null. */
export function effortWord(value: unknown, path: string): string | undefined {
  return isAbsent(value) ? undefined : stringAt(value, path);
}

/** Translates an effort word; `none` turns thinking off. An unknown word sets nothing, so the model decides. */
export function effortSettings(word: string | undefined): Pick<Turn, "effort" | "thinking"> {
  if (word === "none") return { thinking: { type: "disabled" } };
  const effort = efforts.get(word);
  return effort === undefined ? {} : { effort };
}

/**
 * Returns the schema that the answer must fit; undefined for text. For `json_schema`, the schema is in `holder`, the
 * field at `holderPath`. Throws `unsupported_parameter` for a type that is not one of OpenAI's.
 */
export function schemaOfFormat(
  format: Fields | undefined, holder: unknown, path: string, holderPath: string, names: ToolNames,
): Turn["responseSchema"] {
  const schemaAt = (value: unknown, schemaPath: string): Turn["responseSchema"] => {
    const { schema, keys } = clientSchema(value, { path: schemaPath });
    names.noteAnswerKeys(keys);
    return schema;
  };
  switch (format?.["type"]) {
    case undefined: case "text":
      return undefined;
    case "json_object":
      return schemaAt(format?.["schema"], `${path}.schema`);
    case "json_schema":
      return schemaAt(
        objectAt(objectAt(holder, holderPath)["schema"], `${holderPath}.schema`), `${holderPath}.schema`,
      );
    default:
      throw new BridgeError(
        "unsupported_parameter", `${path}.type: expected text, json_object or json_schema.`, { field: `${path}.type` },
      );
  }
}

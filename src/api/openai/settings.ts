/** Parsers for settings that OpenAI's endpoints share. */

import { BridgeError } from "../../errors.ts";
import type { Effort, Turn } from "../../turn/turn.ts";
import { answerSchemaSettings } from "../answer-schema.ts";
import { type Fields, isAbsent, objectAt, stringAt } from "../check.ts";
import type { ToolNames } from "../tool-names.ts";
import { type FormatShape, formatShapes, type Whose } from "./shapes.ts";

/** Maps OpenAI's effort words to Anthropic's. A Map, not an object: a client may send the word `constructor`. */
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

/** The README's note on a sampling field; `note` is added to it. */
export function samplingNote(note?: string): string {
  const own = note === undefined ? "" : `; ${note}`;
  return `without thinking (\`reasoning_effort: "none"\`, a call that is demanded), else left out: the API takes none `
    + `then${own}; left out too where the model refuses it`;
}

/** What is added to it for `top_p`. */
export const topPNote = "nor where the model takes no `temperature` beside it: the CLI sends one of its own";

/** The README's note on `tool_choice`; `taken` are the values that the endpoint takes. */
export function choiceNote(taken: string): string {
  return `${taken}; the API holds the model to it, but for \`allowed_tools\`: the model sees no others; a call that is `
    + "demanded turns thinking off, unless chat's `thinking` or the model's alias asks for it: then words ask for the "
    + "call";
}

/** OpenAI's highest `temperature`; the Messages API's is 1. */
export const temperatureMax = 2;

/**
 * Returns the schema that the answer must fit; nothing for text. A format of `json_schema` may have either endpoint's
 * shape, first that of `own`. Throws `unsupported_parameter` for a type that is not one of OpenAI's.
 */
export function formatSettings(
  format: Fields | undefined, path: string, names: ToolNames, own: Whose,
): Pick<Turn, "responseSchema" | "outputFormat"> {
  switch (format?.["type"]) {
    case undefined: case "text":
      return {};
    case "json_object":
      return { responseSchema: answerSchemaSettings(format?.["schema"], `${path}.schema`, names).responseSchema };
    case "json_schema": {
      const { value, path: holderPath } = schemaHolder(format, path, own);
      const given = objectAt(objectAt(value, holderPath)["schema"], `${holderPath}.schema`);
      return answerSchemaSettings(given, `${holderPath}.schema`, names);
    }
    default:
      throw new BridgeError(
        "unsupported_parameter", `${path}.type: expected text, json_object or json_schema.`, { field: `${path}.type` },
      );
  }
}

/** What has the field `schema`. Where no shape fits it is where the endpoint `own` has it. */
function schemaHolder(format: Fields, path: string, own: Whose): { readonly value: unknown; readonly path: string } {
  const owns = ({ whose }: FormatShape): boolean => whose === own;
  const fitting = formatShapes.filter(({ holder = "schema" }) => !isAbsent(format[holder]));
  const holder = (fitting.find(owns) ?? fitting[0] ?? formatShapes.find(owns))?.holder;
  return holder === undefined ? { value: format, path } : { value: format[holder], path: `${path}.${holder}` };
}

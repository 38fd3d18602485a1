/** Parsers for settings that OpenAI's endpoints share. */

import { BridgeError } from "../../errors.ts";
import { clientAnswerSchema } from "../../schema/client-schema.ts";
import type { Effort, Turn } from "../../turn/turn.ts";
import { type Fields, isAbsent, objectAt, optionalNumber, optionalWholeNumber, stringAt } from "../check.ts";
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

/** The README's note on `tool_choice`; `taken` are the values that the endpoint takes. */
export function choiceNote(taken: string): string {
  return `${taken}; the API holds the model to it, but for \`allowed_tools\`: the model sees no others; a call that is `
    + "demanded turns thinking off, unless chat's `thinking` or the model's alias asks for it: then words ask for the "
    + "call";
}

/** OpenAI's highest `temperature`; the Messages API's is 1. */
const temperatureMax = 2;

/**
 * Reads `temperature`, `top_p` and `top_k`. A temperature above 1 counts as 1, the most that the Messages API takes. A
 * value that is that API's default is left out, and so is a `top_k` of 0.
 */
export function samplingSettings(fields: Fields): Pick<Turn, "sampling"> {
  const temperature = optionalNumber(fields["temperature"], "temperature", 0, temperatureMax);
  const topP = optionalNumber(fields["top_p"], "top_p", 0, 1);
  const topK = optionalWholeNumber(fields["top_k"], "top_k", 0);
  const sampling = {
    ...(temperature === undefined || temperature >= 1 ? {} : { temperature }),
    ...(topP === undefined || topP === 1 ? {} : { topP }),
    ...(topK === undefined || topK === 0 ? {} : { topK }),
  };
  return Object.keys(sampling).length === 0 ? {} : { sampling };
}

/**
 * Returns the schema that the answer must fit; nothing for text. A format of `json_schema` may have either endpoint's
 * shape, first that of `own`. Throws `unsupported_parameter` for a type that is not one of OpenAI's.
 */
export function formatSettings(
  format: Fields | undefined, path: string, names: ToolNames, own: Whose,
): Pick<Turn, "responseSchema" | "responseFormat"> {
  const schemaAt = (value: unknown, schemaPath: string): ReturnType<typeof clientAnswerSchema> => {
    const made = clientAnswerSchema(value, { path: schemaPath });
    names.noteAnswerKeys(made.keys);
    return made;
  };
  switch (format?.["type"]) {
    case undefined: case "text":
      return {};
    case "json_object":
      return { responseSchema: schemaAt(format?.["schema"], `${path}.schema`).schema };
    case "json_schema": {
      const { value, path: holderPath } = schemaHolder(format, path, own);
      const given = objectAt(objectAt(value, holderPath)["schema"], `${holderPath}.schema`);
      const { schema, compiled } = schemaAt(given, `${holderPath}.schema`);
      return { responseSchema: schema, ...(compiled === undefined ? {} : { responseFormat: compiled }) };
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

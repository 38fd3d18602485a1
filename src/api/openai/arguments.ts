import { BridgeError } from "../../errors.ts";
import { isAbsent, isNestedTooDeep, jsonDepthMax, stringAt } from "../check.ts";
import { type NumberFields, withLongNumbersQuoted } from "../long-numbers.ts";

/**
 * The request fields that hold the data of calls and results where clients send it as JSON values, not as JSON text;
 * and the fields with tools, whose schemas keep their numbers.
 */
export const numberFields: NumberFields = {
  // The `input` of a request to the Responses API is a list of items; that of a call is an object.
  objects: new Set(["arguments", "input"]), values: new Set(["output"]), schemas: new Set(["tools", "functions"]),
};

/**
 * Parses a call's arguments, which clients send back as the JSON text that the model wrote. Text that is not a JSON
 * object (another model may have written it) becomes `{ arguments: text }`, so that the model still sees it. A whole
 * number that JavaScript would round, such as an id of 19 digits, becomes a string of its digits: the CLI would round
 * it too.
 */
export function parseArguments(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (isAbsent(value) || value === "") return {};
  const text = typeof value === "object" ? JSON.stringify(value) : stringAt(value, path);
  try {
    const parsed: unknown = JSON.parse(text);
    if (isNestedTooDeep(parsed)) {
      throw new BridgeError(
        "invalid_value", `${path}: it is nested deeper than ${jsonDepthMax} levels.`, { field: path },
      );
    }
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) {
      const quoted = withLongNumbersQuoted(text);
      return (quoted === text ? parsed : JSON.parse(quoted)) as Record<string, unknown>;
    }
  } catch (error) {
    if (error instanceof BridgeError) throw error;
  }
  return { arguments: text };
}

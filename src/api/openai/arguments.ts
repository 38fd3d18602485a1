import { BridgeError } from "../../errors.ts";
import { isAbsent, isNestedTooDeep, jsonDepthMax, stringAt } from "../check.ts";

/**
 * Parses a call's arguments, which clients send back as the JSON text that the model wrote. Text that is not a JSON
 * object (another model may have written it) becomes `{ arguments: text }`, so that the model still sees it.
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
      return parsed as Record<string, unknown>;
    }
  } catch (error) {
    if (error instanceof BridgeError) throw error;
  }
  return { arguments: text };
}

/** Checks of request fields from `unknown`. Each throws a BridgeError that names the field and what was expected. */

import { BridgeError } from "../errors.ts";

/** An object of a request body: its fields are checked where they are read. */
export type Fields = Readonly<Record<string, unknown>>;

/** What a value is, in the words of an error message; never its content. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  switch (typeof value) {
    case "undefined": return "nothing";
    case "object": return "an object";
    case "string": return "a string";
    case "number": return "a number";
    default: return "a boolean";
  }
}

function wrongType(value: unknown, path: string, expected: string): BridgeError {
  return new BridgeError("invalid_type", `${path}: expected ${expected}, got ${kindOf(value)}.`, { field: path });
}

/** The value as an object. Throws `invalid_type`, as do the next. */
export function objectAt(value: unknown, path: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrongType(value, path, "an object");
  return value as Fields;
}

/** The value as a string, which may be empty. */
export function stringAt(value: unknown, path: string): string {
  if (typeof value !== "string") throw wrongType(value, path, "a string");
  return value;
}

/** The value as an array, which may be empty. */
export function arrayAt(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw wrongType(value, path, "an array");
  return value;
}

/** Absent and null are the same to most clients; undefined for both. */
export function optionalObject(value: unknown, path: string): Fields | undefined {
  return value === undefined || value === null ? undefined : objectAt(value, path);
}

/** True or false; undefined when absent or null. */
export function optionalBoolean(value: unknown, path: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "boolean") throw wrongType(value, path, "true or false");
  return value;
}

/** A whole number of at least `min`; undefined when absent or null. Throws `invalid_type` or `invalid_value`. */
export function optionalWholeNumber(value: unknown, path: string, min: number): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number") throw wrongType(value, path, `a whole number of at least ${min}`);
  if (!Number.isSafeInteger(value) || value < min) {
    throw new BridgeError(
      "invalid_value", `${path}: expected a whole number of at least ${min}, got ${value}.`, { field: path },
    );
  }
  return value;
}

/** JSON that stands inside a string of the body may be nested this deep, like the body itself. */
export const nestedDepthMax = 200;

/** Whether a value is nested deeper than that. Without recursion: it may be far deeper. */
export function isNestedTooDeep(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > nestedDepthMax) return true;
    level = level.flatMap((item) => (typeof item === "object" && item !== null ? Object.values(item) : []));
  }
  return false;
}

/** What may be sent in a field that can be honoured only in its trivial form: anything else is refused by name. */
export function refuseUnless(harmless: boolean, path: string, why: string): void {
  if (!harmless) throw new BridgeError("unsupported_parameter", `${path} is not supported: ${why}`, { field: path });
}

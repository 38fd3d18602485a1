/** Checks for request fields of type `unknown`. Each throws a BridgeError that names the field and what it expected. */

import { BridgeError } from "../errors.ts";

/** An object in a request body. Its fields are still `unknown`, and are checked where they are read. */
export type Fields = Readonly<Record<string, unknown>>;

/** Names a value's type for an error message; never shows its content. */
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

/** True for undefined and null: many clients send null for a field that they do not set. */
export function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

/** True for an object that is no array. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns the value if it is an object. Throws `invalid_type` otherwise, as the functions below do. */
export function objectAt(value: unknown, path: string): Fields {
  if (!isFields(value)) throw wrongType(value, path, "an object");
  return value;
}

/** Returns the value if it is a string, which may be empty. */
export function stringAt(value: unknown, path: string): string {
  if (typeof value !== "string") throw wrongType(value, path, "a string");
  return value;
}

/** Returns the value if it is an array, which may be empty. */
export function arrayAt(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw wrongType(value, path, "an array");
  return value;
}

/** Returns the value if it is an object, and undefined if it is absent or null. */
export function optionalObject(value: unknown, path: string): Fields | undefined {
  return isAbsent(value) ? undefined : objectAt(value, path);
}

/** Returns the value if it is true or false, and undefined if it is absent or null. */
export function optionalBoolean(value: unknown, path: string): boolean | undefined {
  if (isAbsent(value)) return undefined;
  if (typeof value !== "boolean") throw wrongType(value, path, "true or false");
  return value;
}

/**
 * Returns the value if it is a whole number of at least `min`, and undefined if it is absent or null. Throws
 * `invalid_type` for what is no number, and `invalid_value` for any other number.
 */
export function optionalWholeNumber(value: unknown, path: string, min: number): number | undefined {
  if (isAbsent(value)) return undefined;
  if (typeof value !== "number") throw wrongType(value, path, `a whole number of at least ${min}`);
  if (!Number.isSafeInteger(value) || value < min) {
    throw new BridgeError(
      "invalid_value", `${path}: expected a whole number of at least ${min}, got ${value}.`, { field: path },
    );
  }
  return value;
}

/**
 * Returns the value if it is a number from `min` to `max`, and undefined if it is absent or null. Throws `invalid_type`
 * for what is no number, and `invalid_value` for any other number.
 */
export function optionalNumber(value: unknown, path: string, min: number, max: number): number | undefined {
  if (isAbsent(value)) return undefined;
  if (typeof value !== "number") throw wrongType(value, path, `a number from ${min} to ${max}`);
  if (!(value >= min && value <= max)) {
    throw new BridgeError(
      "invalid_value", `${path}: expected a number from ${min} to ${max}, got ${value}.`, { field: path },
    );
  }
  return value;
}

/**
 * How deep JSON of a client's may be nested, in a body or in a string of one: far deeper than any tool schema, far
 * shallower than the call stack allows.
 */
export const jsonDepthMax = 200;

/** True for a value nested deeper than `jsonDepthMax`. Not recursive: a client's value could overflow the stack. */
export function isNestedTooDeep(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > jsonDepthMax) return true;
    level = level.flatMap((item) => (typeof item === "object" && item !== null ? Object.values(item) : []));
  }
  return false;
}

/**
 * Throws `unsupported_parameter` for the field at `path` unless `harmless` is true: then the client's value asks for
 * nothing that is not done anyway. `why` completes the error's message.
 */
export function refuseUnless(harmless: boolean, path: string, why: string): void {
  if (!harmless) throw new BridgeError("unsupported_parameter", `${path} is not supported: ${why}`, { field: path });
}

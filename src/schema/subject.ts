import { BridgeError } from "../errors.ts";
import { stepsOf } from "./pointer.ts";

/** What a schema belongs to, for error messages. */
export interface Subject {
  /** The request's field that holds the schema. */
  readonly path: string;
  /** Names the schema's owner, such as `tool "look"`; undefined where the path says it all. */
  readonly whose?: string;
}

/** The error of a schema that can neither be passed on nor repaired; `pointer` is the place in the schema. */
export function faultAt(
  { path, whose }: Subject, pointer: string, words: string, code: "invalid_type" | "invalid_value" = "invalid_value",
): BridgeError {
  const place = stepsOf(pointer).map((step) => (/^\d+$/u.test(step) ? `[${step}]` : `.${step}`)).join("");
  const field = `${path}${place}`;
  const named = whose === undefined ? "" : ` (${whose})`;
  return new BridgeError(code, `${field}: ${words}${named}`, { field });
}

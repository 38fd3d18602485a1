import { compiledSchema } from "./compiled.ts";
import { isSchema, type Schema } from "./keywords.ts";
import { isPlain } from "./plain.ts";
import { objectAtTop } from "./object-top.ts";
import { type FittingSchema, fittingProperties } from "./property-names.ts";
import { repairedSchema } from "./repair.ts";
import { faultAt, type Subject } from "./subject.ts";

/**
 * A client's schema of a tool's input, or of an answer, as the Messages API takes it: JSON Schema 2020-12, an object at
 * the top, property names that fit. It means what the client's meant. A schema that is so already is returned as it is.
 * Throws a BridgeError that names the place, where that cannot be.
 */
export function clientSchema(value: unknown, subject: Subject): FittingSchema {
  if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) {
    return { schema: anyObject, keys: undefined };
  }
  if (value === true) return { schema: anyObject, keys: undefined };
  if (!isSchema(value)) throw faultAt(subject, "", "expected a JSON Schema object.", "invalid_type");
  // The draft makes no difference to a schema that is the same in all.
  const { $schema: draft, ...rest } = value;
  const plain = draft === undefined ? value : rest;
  if (isPlain(plain)) return { schema: plain, keys: undefined };
  return fittingProperties(objectAtTop(repairedSchema(value, subject), subject), subject);
}

/** A client's schema of an answer. */
export interface AnswerSchema extends FittingSchema {
  /** The same as the API compiles it; undefined where it cannot. */
  readonly compiled: Schema | undefined;
}

/** A client's schema of an answer, also as the API compiles it. */
export function clientAnswerSchema(value: unknown, subject: Subject): AnswerSchema {
  const fitting = clientSchema(value, subject);
  const { schema, keys } = fitting;
  // The API compiles a union at the top of an answer's schema, so compile the schema as it was before `objectAtTop`
  // moved it.
  const isMoved = keys === undefined && schema["$ref"] !== undefined && isSchema(value);
  return { ...fitting, compiled: compiledSchema(isMoved ? repairedSchema(value, subject) : schema) };
}

const anyObject: Schema = { type: "object", properties: {} };

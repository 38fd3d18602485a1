import { compiledSchema } from "./compiled.ts";
import { isSchema, type Schema } from "./keywords.ts";
import { isPlain } from "./plain.ts";
import { objectAtTop } from "./object-top.ts";
import { type FittingSchema, fittingProperties } from "./property-names.ts";
import { repairedSchema } from "./repair.ts";
import { faultAt, type Subject } from "./subject.ts";

/**
 * A client's schema of a tool's input, or of an answer, as the Messages API takes it: JSON Schema 2020-12, an object at
 * the top, property names that fit. It means the same as the client's, which is returned as it is if it fits already.
 * Throws a BridgeError that names the place in the schema that cannot be made to fit.
 */
export function clientSchema(value: unknown, subject: Subject): FittingSchema {
  if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) {
    return { schema: anyObject, keys: undefined };
  }
  if (value === true) return { schema: anyObject, keys: undefined };
  if (!isSchema(value)) throw faultAt(subject, "", "expected a JSON Schema object.", "invalid_type");
  // A plain schema means the same in every draft, so `$schema` can be left out of it.
  const { $schema: draft, ...rest } = value;
  const plain = draft === undefined ? value : rest;
  if (isPlain(plain)) return { schema: plain, keys: undefined };
  return fittingProperties(objectAtTop(repairedSchema(value, subject), subject), subject);
}

/** A client's schema of an answer. */
export interface AnswerSchema extends FittingSchema {
  /** The schema in the form that the API can compile (`compiledSchema`); undefined where there is none. */
  readonly compiled: Schema | undefined;
}

/** Does as `clientSchema` for the schema of an answer, and makes the form that the API can compile. */
export function clientAnswerSchema(value: unknown, subject: Subject): AnswerSchema {
  const fitting = clientSchema(value, subject);
  const { schema, keys } = fitting;
  // The API compiles a union at the top of an answer's schema, so compile the schema as it was before `objectAtTop`
  // moved it.
  const isMoved = keys === undefined && schema["$ref"] !== undefined && isSchema(value);
  return { ...fitting, compiled: compiledSchema(isMoved ? repairedSchema(value, subject) : schema) };
}

const anyObject: Schema = { type: "object", properties: {} };

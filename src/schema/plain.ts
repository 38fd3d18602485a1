import { isAssertion, isSchema, type Schema } from "./keywords.ts";
import { isFittingName } from "./property-names.ts";
import { isType } from "./type-words.ts";

const definition = /^#\/\$defs\/([\w.-]+)$/u;

/**
 * True for a schema that is plainly one of JSON Schema 2020-12 with an object at the top, so that it needs no change:
 * it has only common keywords, each in its usual form. Nearly all are so. False does not mean that a schema needs a
 * change.
 */
export function isPlain(root: Schema): boolean {
  if (root["type"] !== "object") return false;
  const definitions = root["$defs"];
  const isKnown = (reference: unknown): boolean => {
    const [, name = ""] = typeof reference === "string" ? definition.exec(reference) ?? [] : [];
    return isSchema(definitions) && Object.hasOwn(definitions, name);
  };
  const visit = (schema: unknown): boolean => {
    if (!isSchema(schema)) return false;
    for (const keyword in schema) {
      const value = schema[keyword];
      switch (keyword) {
        case "type": if (!isType(value) && !isTypeList(value)) return false; break;
        case "title": case "description": case "format": if (typeof value !== "string") return false; break;
        case "default": case "const": break;
        case "enum": if (!Array.isArray(value) || value.length === 0 || hasTwice(value)) return false; break;
        case "required": if (!Array.isArray(value) || !value.every(isString) || hasTwice(value)) return false; break;
        case "examples": if (!Array.isArray(value)) return false; break;
        case "uniqueItems": case "deprecated": if (typeof value !== "boolean") return false; break;
        case "minimum": case "maximum": case "exclusiveMinimum": case "exclusiveMaximum":
          if (!Number.isFinite(value)) return false;
          break;
        case "minLength": case "maxLength": case "minItems": case "maxItems":
          if (!Number.isInteger(value) || Number(value) < 0) return false;
          break;
        case "items": if (!visit(value)) return false; break;
        case "additionalProperties": if (typeof value !== "boolean" && !visit(value)) return false; break;
        case "anyOf": case "oneOf": case "allOf":
          if (schema === root || !Array.isArray(value) || value.length === 0 || !value.every(visit)) return false;
          break;
        case "properties": if (!isMap(value, true)) return false; break;
        case "$defs": if (schema !== root || !isMap(value, false)) return false; break;
        case "$ref": if (schema === root || !isKnown(value) || !isAlone(schema)) return false; break;
        default: return false;
      }
    }
    return true;
  };
  const isMap = (value: unknown, areNamed: boolean): boolean => {
    if (!isSchema(value)) return false;
    for (const name in value) if ((areNamed && !isFittingName(name)) || !visit(value[name])) return false;
    return true;
  };
  return visit(root);
}

/** True if nothing beside the reference constrains a value: older drafts would ignore that. */
function isAlone(schema: Schema): boolean {
  return !Object.keys(schema).some(isAssertion);
}

function isTypeList(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isType) && !hasTwice(value);
}

function isString(value: unknown): boolean {
  return typeof value === "string";
}

function hasTwice(values: readonly unknown[]): boolean {
  return new Set(values).size !== values.length;
}

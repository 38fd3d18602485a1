import { childrenOf, isSchema, type Schema, withChildren } from "./keywords.ts";
import { faultAt, type Subject } from "./subject.ts";

/** The longest name that a pattern is tried on, and the longest pattern that is tried, in characters. */
const triedCharsMax = 128;
const patternCharsMax = 200;
/**
 * Matches a pattern that cannot take long: characters, classes and escapes, of which at most three are repeated. A
 * client can send others that backtrack for ever.
 */
const atom = String.raw`(?:\\[^0-9bBkpPu]|\[(?:\\.|[^\]\\])*\]|[^\\[\](){}*+?|^$])`;
const quickPattern = new RegExp(String.raw`^\^?${atom}*(?:${atom}[*+?]${atom}*){0,3}\$?$`, "u");

/** The rules of a schema for the names of properties: its patterns, and its `propertyNames`. */
export class NameRules {
  readonly #subject: Subject;
  readonly #patterns = new Set<string>();
  readonly #hasNames: boolean;

  constructor(schema: Schema, subject: Subject) {
    this.#subject = subject;
    let hasNames = false;
    const visit = (next: Schema): void => {
      const { patternProperties, propertyNames } = next;
      for (const pattern of Object.keys(isSchema(patternProperties) ? patternProperties : {})) {
        this.#patterns.add(pattern);
      }
      if (isSchema(propertyNames)) hasNames = true;
      for (const [, child] of childrenOf(next)) visit(child);
    };
    visit(schema);
    this.#hasNames = hasNames;
  }

  /**
   * The first candidate that exactly those patterns match which match `name`. Throws a BridgeError if none of the first
   * ten is one, or if a pattern may not be tried.
   */
  fitting(name: string, candidates: Iterable<string>): string {
    const patterns = [...this.#patterns];
    const matched = patterns.map((pattern) => this.#matches(pattern, name));
    let tried = 0;
    for (const candidate of candidates) {
      if (patterns.every((pattern, index) => this.#matches(pattern, candidate) === matched[index])) return candidate;
      if (++tried === 10) break;
    }
    throw this.#fault(name);
  }

  /**
   * The schema, with each `propertyNames` changed so that it allows a new name exactly where it allowed the client's.
   */
  applied(schema: Schema, toModel: ReadonlyMap<string, string>): Schema {
    if (!this.#hasNames) return schema;
    const whole = withChildren(schema, (child, keyword) => (
      isSchema(child) && keyword !== "propertyNames" ? this.applied(child, toModel) : child));
    const { propertyNames } = whole;
    return isSchema(propertyNames) ? { ...whole, propertyNames: this.#names(propertyNames, toModel) } : whole;
  }

  #names(rule: Schema, toModel: ReadonlyMap<string, string>): Schema {
    const renamed = [...toModel];
    const valid = renamed.flatMap(([client, model]) => (this.#allows(rule, client) ? [model] : []));
    const invalid = renamed.flatMap(([, model]) => (valid.includes(model) ? [] : [model]));
    const others = invalid.length === 0 ? rule : { allOf: [rule, { not: { enum: invalid } }] };
    return valid.length === 0 ? others : { anyOf: [others, { enum: valid }] };
  }

  #allows(rule: Schema, name: string): boolean {
    return Object.entries(rule).every(([keyword, value]) => {
      switch (keyword) {
        case "type": return [value].flat().includes("string");
        case "const": return value === name;
        case "enum": return Array.isArray(value) && value.includes(name);
        case "pattern": return this.#matches(String(value), name);
        case "minLength": return [...name].length >= Number(value);
        case "maxLength": return [...name].length <= Number(value);
        case "title": case "description": case "$comment": return true;
        default: throw this.#fault(name);
      }
    });
  }

  #matches(pattern: string, name: string): boolean {
    const isQuick = name.length <= triedCharsMax && pattern.length <= patternCharsMax && quickPattern.test(pattern);
    if (!isQuick) throw this.#fault(name);
    return new RegExp(pattern, "u").test(name);
  }

  #fault(name: string): Error {
    const words = `Claude takes property names of 1 to 64 letters, digits, "_", "." and "-", and ${
      JSON.stringify(name.slice(0, 100))} cannot be renamed here, because of a rule for the names.`;
    return faultAt(this.#subject, "/properties", words);
  }
}

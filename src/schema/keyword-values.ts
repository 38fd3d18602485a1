/** Repairs the values of keywords in a client's schema, so that they are as JSON Schema 2020-12 wants them. */

/** Refuses a value; the words complete "expected …". */
export type Refuse = (expected: string) => never;

/** Gives the value that a keyword has in JSON Schema 2020-12. Undefined leaves the keyword out. */
export type ValueRepair = (value: unknown, refuse: Refuse) => unknown;

const numeral = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/iu;

/** Reads a number, which some generators write as a string. Undefined for null. */
function numberIn(value: unknown, refuse: Refuse): number | undefined {
  if (value === null) return undefined;
  const number = typeof value === "string" && numeral.test(value) ? Number(value) : value;
  return typeof number === "number" ? number : refuse("a number");
}

/**
 * Repairs a bound, such as `minimum`. An infinite one (`1e400`) is left out if it forbids nothing (`nothing` is that
 * infinity), and refused if it forbids everything.
 */
function bound(nothing: number): ValueRepair {
  return (value, refuse) => {
    const number = numberIn(value, refuse);
    if (number === nothing) return undefined;
    return number === -nothing ? refuse("a finite number") : number;
  };
}

const leastCount: ValueRepair = (value, refuse) => {
  const number = numberIn(value, refuse);
  if (number === undefined) return undefined;
  return number === Infinity ? refuse("a finite number") : Math.max(0, Math.ceil(number));
};

const mostCount: ValueRepair = (value, refuse) => {
  const number = numberIn(value, refuse);
  if (number === undefined || number === Infinity) return undefined;
  return number < 0 ? refuse("a number that is not negative") : Math.floor(number);
};

const divisor: ValueRepair = (value, refuse) => {
  const number = Math.abs(numberIn(value, refuse) ?? NaN);
  if (Number.isNaN(number)) return undefined;
  return number > 0 && number < Infinity ? number : refuse("a number above 0");
};

/** Reads true and false, also written as text or as 1 and 0; undefined for any other value. */
export function flagIn(value: unknown): boolean | undefined {
  if (typeof value === "boolean") return value;
  const word = String(value).toLowerCase();
  if (word === "true" || value === 1) return true;
  return word === "false" || value === 0 ? false : undefined;
}

const flag: ValueRepair = (value, refuse) => (value === null ? undefined : flagIn(value) ?? refuse("true or false"));

/** Repairs text that the model reads. A value that is no string is written as JSON. */
const text: ValueRepair = (value) => {
  if (value === null) return undefined;
  return typeof value === "string" ? value : JSON.stringify(value);
};

const examples: ValueRepair = (value) => (value === null ? undefined : listIn(value) ?? [value]);

/**
 * The entries of a list. PHP writes a list as an object once an entry was removed from it. Undefined if it is no list.
 */
export function listIn(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value;
  if (typeof value !== "object" || value === null) return undefined;
  const keys = Object.keys(value);
  return keys.length > 0 && keys.every((key) => /^\d+$/u.test(key)) ? Object.values(value) : undefined;
}

/** A list of property names, each once. Undefined for none. */
export function namesIn(value: unknown, refuse: Refuse): readonly string[] | undefined {
  if (value === null) return undefined;
  if (typeof value === "object" && !Array.isArray(value) && Object.keys(value).length === 0) return undefined;
  const entries = typeof value === "string" ? [value] : listIn(value) ?? refuse("a list of property names");
  const names = entries.filter((entry) => entry !== null).map((entry) => (
    typeof entry === "string" || typeof entry === "number" ? String(entry) : refuse("a list of property names")));
  return [...new Set(names)];
}

const values: ValueRepair = (value, refuse) => {
  if (value === null) return undefined;
  const seen = new Map((listIn(value) ?? refuse("a list")).map((entry) => [JSON.stringify(entry), entry]));
  return [...seen.values()];
};

/** Repairs of values, by keyword. Not in it: keywords that hold schemas, or that older drafts write in another way. */
export const valueRepairs: ReadonlyMap<string, ValueRepair> = new Map([
  ["minimum", bound(-Infinity)], ["maximum", bound(Infinity)], ["multipleOf", divisor],
  ...["minLength", "minItems", "minProperties", "minContains"].map((keyword) => [keyword, leastCount] as const),
  ...["maxLength", "maxItems", "maxProperties", "maxContains"].map((keyword) => [keyword, mostCount] as const),
  ...["uniqueItems", "deprecated", "readOnly", "writeOnly"].map((keyword) => [keyword, flag] as const),
  ...["title", "description", "format", "$comment", "contentEncoding", "contentMediaType"].map(
    (keyword) => [keyword, text] as const
  ),
  ["examples", examples], ["enum", values],
]);

/** Repairs an `exclusiveMinimum` or `exclusiveMaximum` that is a number, as both are since draft-06. */
export function exclusiveBound(keyword: "exclusiveMinimum" | "exclusiveMaximum"): ValueRepair {
  return bound(keyword === "exclusiveMinimum" ? -Infinity : Infinity);
}

/** True for a regular expression of ECMA-262, also with forms of Python's own, such as `(?P<name>` and `\A`. */
export function isPattern(value: string): boolean {
  const plain = value.replace(/^\(\?[aimsux]+\)/u, "").replaceAll(/\(\?P</gu, "(?<").replaceAll(/\\[AZ]/gu, "");
  return ["u", ""].some((flags) => {
    try {
      return new RegExp(plain, flags) instanceof RegExp;
    } catch {
      return false;
    }
  });
}

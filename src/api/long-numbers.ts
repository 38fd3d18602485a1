/** Numbers in a client's JSON that JavaScript, and so the CLI, would round. */

import { isFields } from "./check.ts";

/** Matches text that may have a number that JavaScript rounds, as a member's value or as an element. */
const hasLongNumber = /[[:,]\s*-?(?:\d{16}|\d[\d.]*[eE]\+?\d{3})/u;
const numbers = /-?\d[\d.eE+-]*/gu;

/** JSON text with each whole number that JavaScript would round, such as an id of 19 digits, as a string. */
export function withLongNumbersQuoted(json: string): string {
  if (!hasLongNumber.test(json)) return json;
  let made = "";
  for (let at = 0; at < json.length;) {
    const quote = json.indexOf('"', at);
    const start = quote === -1 ? json.length : quote;
    const end = stringEnd(json, start + 1);
    made += json.slice(at, start).replaceAll(numbers, (token) => (isKept(token) ? token : JSON.stringify(token)));
    made += json.slice(start, end);
    at = end;
  }
  return made;
}

/** Where the string ends whose first character is at `from`: behind its quote. A string may be as long as a body. */
function stringEnd(json: string, from: number): number {
  for (let at = from; ;) {
    const quote = json.indexOf('"', at);
    if (quote === -1) return json.length;
    let slashes = 0;
    while (quote - slashes > at && json.charAt(quote - slashes - 1) === "\\") slashes++;
    if (slashes % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

/** Whether a number is the same after JavaScript has read and written it. A fraction's last digits do not count. */
function isKept(token: string): boolean {
  const number = Number(token);
  if (/[.eE]/u.test(token)) return Number.isFinite(number);
  const [, sign = "", first = "", rest = "", exponent] = /^(-?)(\d)(?:\.(\d+))?e\+(\d+)$/u.exec(String(number)) ?? [];
  const written = exponent === undefined ? String(number) : `${sign}${first}${rest.padEnd(Number(exponent), "0")}`;
  return written === token;
}

/** The names of the fields in an API's requests that have the data of calls and of their results, and schemas. */
export interface NumberFields {
  /**
   * Fields that are data if their value is an object. With a value of another type the same name means something else.
   */
  readonly objects: ReadonlySet<string>;
  /** Fields that are data, whatever their value is. */
  readonly values: ReadonlySet<string>;
  /** Fields with JSON Schemas, whose numbers are bounds and stay numbers. */
  readonly schemas: ReadonlySet<string>;
}

/** How many digits a number has at least that JavaScript would round. */
export const longNumberDigits = 16;

/**
 * Parses a request's body that has a long number. In the data of calls and of their results, whole numbers that
 * JavaScript would round are strings of their digits. Throws SyntaxError as `JSON.parse` does.
 */
export function parseWithLongNumbers(text: string, fields: NumberFields): unknown {
  const value: unknown = JSON.parse(text);
  const quoted = withLongNumbersQuoted(text);
  return quoted === text ? value : withData(value, JSON.parse(quoted), fields);
}

/** `value`, with the data of calls and results taken from `quoted`: the same JSON, with its long numbers as strings. */
function withData(value: unknown, quoted: unknown, fields: NumberFields): unknown {
  if (Array.isArray(value)) {
    return value.map((entry: unknown, index) => withData(entry, (quoted as readonly unknown[])[index], fields));
  }
  if (!isFields(value)) return value;
  const other = quoted as Readonly<Record<string, unknown>>;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => {
    if (fields.schemas.has(name)) return [name, entry];
    const isData = fields.values.has(name) || (fields.objects.has(name) && isFields(entry));
    return [name, isData ? other[name] : withData(entry, other[name], fields)];
  }));
}

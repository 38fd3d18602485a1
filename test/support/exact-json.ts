/** JSON whose numbers are read digit by digit: `JSON.parse` makes 1234567890123456800 of 1234567890123456789. */

const stringOrNumber = /"(?:\\.|[^"\\])*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gu;
const exactForm = /^number (0|-?\d+e-?\d+)$/u;
const numberParts = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/u;

/** The value, with each number as a string by which equal numbers are equal. Throws as `JSON.parse` does. */
export function parseExact(text: string): unknown {
  const exact = text.replaceAll(stringOrNumber, (token) => (token.startsWith('"') ? token : `"${exactNumber(token)}"`));
  return JSON.parse(exact);
}

/** Whether no object in it has a key twice: of such two `JSON.parse` knows the last alone. */
export function hasKeysOnce(text: string): boolean {
  const written = [...text.matchAll(/"(?:\\.|[^"\\])*"(\s*:)?/gu)].filter(([, colon]) => colon !== undefined).length;
  return written === keysIn(JSON.parse(text));
}

function keysIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const inner = Object.values(value).reduce((sum: number, one) => sum + keysIn(one), 0);
  return inner + (Array.isArray(value) ? 0 : Object.keys(value).length);
}

/** As `parseExact`, of a value that has been parsed already. */
export function exactOf(value: unknown): unknown {
  return value === undefined ? undefined : parseExact(JSON.stringify(value));
}

/** A value of `parseExact`, as `JSON.parse` would have read it. */
export function plainOf(exact: unknown): unknown {
  return JSON.parse(JSON.stringify(exact), (_key, value: unknown) => {
    const [, digits] = (typeof value === "string" ? exactForm.exec(value) : null) ?? [];
    return digits === undefined ? value : Number(digits);
  });
}

/** `1.50`, `15e-1` and `1.5` are all `number 15e-1`. */
function exactNumber(text: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = numberParts.exec(text) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/u, "");
  const significant = digits.replace(/0+$/u, "");
  if (significant === "") return "number 0";
  return `number ${sign}${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}

/** Whether two values are the same: the order of an object's keys says nothing. */
export function isSameJson(one: unknown, other: unknown): boolean {
  return JSON.stringify(keysSorted(exactOf(one))) === JSON.stringify(keysSorted(exactOf(other)));
}

/** The value with the keys of each object in one order, as lists. */
export function keysSorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(keysSorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name, keysSorted(inner)]);
}

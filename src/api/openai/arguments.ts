import { BridgeError } from "../../errors.ts";
import { isAbsent, isNestedTooDeep, jsonDepthMax, stringAt } from "../check.ts";

/** Matches text that may have a number which JavaScript cannot hold. */
const hasLongNumber = /\d{16}|\d[eE]\+?\d{3}/u;
/** Matches the strings and the numbers of a JSON text. */
const stringOrNumber = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/gu;

/**
 * Parses a call's arguments, which clients send back as the JSON text that the model wrote. Text that is not a JSON
 * object (another model may have written it) becomes `{ arguments: text }`, so that the model still sees it. A whole
 * number that JavaScript would round, such as an id of 19 digits, becomes a string of its digits: the CLI would round
 * it too.
 */
export function parseArguments(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (isAbsent(value) || value === "") return {};
  const text = typeof value === "object" ? JSON.stringify(value) : stringAt(value, path);
  try {
    const parsed: unknown = JSON.parse(text);
    if (isNestedTooDeep(parsed)) {
      throw new BridgeError(
        "invalid_value", `${path}: it is nested deeper than ${jsonDepthMax} levels.`, { field: path },
      );
    }
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) {
      return (hasLongNumber.test(text) ? JSON.parse(withLongNumbersQuoted(text)) : parsed) as Record<string, unknown>;
    }
  } catch (error) {
    if (error instanceof BridgeError) throw error;
  }
  return { arguments: text };
}

function withLongNumbersQuoted(json: string): string {
  return json.replaceAll(stringOrNumber, (token) => (
    token.startsWith('"') || isKept(token) ? token : JSON.stringify(token)));
}

/** Whether a number is the same after JavaScript has read and written it. A fraction's last digits do not count. */
function isKept(token: string): boolean {
  const number = Number(token);
  if (/[.eE]/u.test(token)) return Number.isFinite(number);
  const [, sign = "", first = "", rest = "", exponent] = /^(-?)(\d)(?:\.(\d+))?e\+(\d+)$/u.exec(String(number)) ?? [];
  const written = exponent === undefined ? String(number) : `${sign}${first}${rest.padEnd(Number(exponent), "0")}`;
  return written === token;
}

/** In what two transcripts differ: each difference a sentence of its own, so that one excuses no other. */
import type { Said } from "./chat-transcript.ts";
import { exactOf, keysSorted } from "./exact-json.ts";
import { show, wellFormed } from "./raw-body-blocks.ts";

/** How a sentence begins about a call that is the client's but for whole numbers that JavaScript would round. */
export const quotedDigits = "messages: digits are told as text: ";

export function saidDifferences(expected: readonly Said[], found: readonly Said[]): string[] {
  const common = lastingPairs(expected.map(textOf), found.map(textOf));
  const ends = [...common, [expected.length, found.length] as const];
  return ends.flatMap(([expectedEnd, foundEnd], index) => {
    const [expectedFrom, foundFrom] = ends[index - 1] ?? [-1, -1];
    return hunkFindings(expected.slice(expectedFrom + 1, expectedEnd), found.slice(foundFrom + 1, foundEnd));
  });
}

/** Of what stands in the same place: what one speaker said is held against what the same one should have said. */
function hunkFindings(expected: readonly Said[], found: readonly Said[]): string[] {
  const lost = [...expected];
  const findings: string[] = [];
  const strangers: Said[] = [];
  for (const said of found) {
    const place = lost.findIndex(({ who }) => who === said.who);
    if (place === -1) strangers.push(said);
    else findings.push(sentence(lost.splice(place, 1)[0], said));
  }
  for (let index = 0; index < Math.max(lost.length, strangers.length); index++) {
    findings.push(sentence(lost[index], strangers[index]));
  }
  return findings;
}

function sentence(expected: Said | undefined, found: Said | undefined): string {
  const isBoth = expected !== undefined && found !== undefined;
  const isQuoted = isBoth && textOf(quoted(expected)) === textOf(found);
  return `${isQuoted ? quotedDigits : "messages: "}${show(found)} in the place of ${show(expected)}`;
}

function textOf(said: unknown): string {
  const whole = (_key: string, value: unknown): unknown => (typeof value === "string" ? wellFormed(value) : value);
  return JSON.stringify(keysSorted(said), whole);
}

/** Whole numbers that a double has no room for as their digits. Numbers are written as `parseExact` does. */
function quoted(said: Said): unknown {
  return JSON.parse(JSON.stringify(said), (_key, value: unknown) => {
    const [, digits, zeros] = (typeof value === "string" ? /^number (-?\d+)e(\d+)$/u.exec(value) : null) ?? [];
    if (digits === undefined) return value;
    const whole = `${digits}${"0".repeat(Number(zeros))}`;
    return exactOf(Number(whole)) === value ? value : whole;
  });
}

/** The places of a longest common subsequence. */
function lastingPairs(one: readonly string[], other: readonly string[]): (readonly [number, number])[] {
  const lengths = Array.from({ length: one.length + 1 }, () => new Array<number>(other.length + 1).fill(0));
  const lengthAt = (i: number, j: number): number => lengths[i]?.[j] ?? 0;
  for (let i = one.length - 1; i >= 0; i--) {
    for (let j = other.length - 1; j >= 0; j--) {
      const isSame = one[i] === other[j];
      (lengths[i] ?? [])[j] = isSame ? lengthAt(i + 1, j + 1) + 1 : Math.max(lengthAt(i + 1, j), lengthAt(i, j + 1));
    }
  }
  const pairs: (readonly [number, number])[] = [];
  for (let i = 0, j = 0; i < one.length && j < other.length;) {
    if (one[i] === other[j]) pairs.push([i++, j++]);
    else if (lengthAt(i + 1, j) >= lengthAt(i, j + 1)) i++;
    else j++;
  }
  return pairs;
}

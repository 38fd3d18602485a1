import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LongStrings } from "../../src/claude/long-strings.ts";
import { seededRandom } from "../support/random.ts";
import { sampleOf } from "../support/sample.ts";

const linesCut = sampleOf({ what: "lines with long strings, cut anywhere", small: 4_000, whole: 20_000 });

/** What is kept of one line that comes in these pieces. */
function keep(pieces: readonly string[], bytesMax: number): { readonly line: string; readonly wasCut: boolean } {
  const longStrings = new LongStrings(bytesMax);
  const line = pieces.map((piece) => longStrings.keep(piece)).join("");
  return { line, wasCut: longStrings.wasCut };
}

/** The pieces of a line, none longer than `lengthMax`. */
function cut(line: string, lengthMax: number, random = seededRandom(1)): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < line.length;) {
    const length = 1 + random.below(lengthMax);
    pieces.push(line.slice(at, at + length));
    at += length;
  }
  return pieces;
}

describe("long strings", () => {
  it("below the bound are kept to the letter, wherever the line is cut", () => {
    const random = seededRandom(2);
    for (let round = 0; round < 500; round++) {
      const line = JSON.stringify({ [random.nastyText(5)]: [random.nastyText(20), { b: random.nastyText(20) }], c: 1 });
      assert.deepEqual(keep(cut(line, 8, random), 1_000), { line, wasCut: false });
    }
  });

  it("past the bound lose their ends, and nothing else of the line does", () => {
    const line = JSON.stringify({ a: "short", long: "x".repeat(100), n: 12, z: ["y".repeat(100), "w"] });
    const { line: kept, wasCut } = keep(cut(line, 1), 10);
    assert.deepEqual([JSON.parse(kept), wasCut], [{ a: "short", long: "x".repeat(10), n: 12, z: ["y".repeat(10), "w"] }, true]);
  });

  it("are bounded, however long the pieces are: what is kept passes the bound by less than a piece", () => {
    const [bytesMax, pieceMax] = [1_000, 64];
    const { line } = keep(cut(JSON.stringify("é".repeat(50_000)), pieceMax), bytesMax);
    assert.ok(line.length < bytesMax + pieceMax + 2, `${line.length} characters`);
  });

  it("leave a line that parses, whatever is in them and wherever it was cut", () => {
    const random = seededRandom(3);
    let cuts = 0;
    for (let round = 0; round < linesCut; round++) {
      const values = [random.nastyText(12), "\\".repeat(random.below(12)), "\u0001\ud83d\n\"".repeat(random.below(4))];
      const line = JSON.stringify(values);
      const pieces = cut(line, 1 + random.below(9), random);
      const { line: kept, wasCut } = keep(pieces, 1 + random.below(20));
      const why = JSON.stringify(pieces);
      let parsed: string[] = [];
      assert.doesNotThrow(() => (parsed = JSON.parse(kept) as string[]), `${why} became ${kept}`);
      assert.equal(parsed.length, values.length, why);
      for (const [index, value] of values.entries()) assert.ok(value.startsWith(parsed[index] ?? "-"), `${why}: ${kept}`);
      assert.equal(wasCut, kept !== line, `${why}: ${kept}`);
      if (wasCut) cuts++;
    }
    assert.ok(cuts > linesCut / 10 && cuts < linesCut * 0.95, `${cuts} were cut`);
  });

  it("of one line say nothing of the next", () => {
    const longStrings = new LongStrings(3);
    longStrings.keep('"abc');
    longStrings.keep('def\\');
    assert.equal(longStrings.wasCut, true);
    longStrings.reset();
    assert.deepEqual([longStrings.keep('"x"'), longStrings.wasCut], ['"x"', false]);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeJsonText, encodeJsonText, jsonBytes } from "../src/json-text.ts";
import type { JsonText } from "../src/turn/event.ts";
import { seededRandom } from "./support/random.ts";

const latin1 = (text: string): string => Buffer.from(text).toString("latin1");

describe("a JSON text", () => {
  it("stands for the same characters after the way there and back, lone surrogates included", () => {
    const random = seededRandom(2);
    for (let run = 0; run < 5_000; run++) {
      const text = random.nastyText(16);
      const encoded = encodeJsonText(text);
      assert.equal(decodeJsonText(encoded), text);
      // A byte a character, and no byte that would end a line or the string.
      assert.doesNotMatch(encoded, /[^\u0020-\u00ff]|(?<!\\)(?:\\\\)*"/u);
    }
  });

  it("stands for every UTF-16 code unit by itself", () => {
    for (let unit = 0; unit <= 0xffff; unit++) {
      const character = String.fromCharCode(unit);
      assert.equal(decodeJsonText(encodeJsonText(character)), character);
    }
  });

  it("is the inside of the string, in UTF-8 held as latin1", () => {
    assert.equal(encodeJsonText('é "\\\n😀'), latin1('é \\"\\\\\\n😀'));
    assert.equal(encodeJsonText("\ud83d"), "\\ud83d");
  });

  it("may be joined, even where a character is in two escaped halves", () => {
    assert.equal(decodeJsonText((encodeJsonText("\ud83d") + encodeJsonText("\ude00")) as JsonText), "😀");
  });

  for (const bad of ["\\", '"', "\n", "\\x", "\\ud8"]) {
    it(`is not ${JSON.stringify(bad)}`, () => assert.throws(() => decodeJsonText(bad as JsonText), SyntaxError));
  }
});

describe("JSON bytes", () => {
  it("are the value's JSON as latin1-held UTF-8", () => {
    const value = { a: ["é", "😀", null], "\ud83d": 1 };
    assert.equal(jsonBytes(value), latin1(JSON.stringify(value)));
    assert.deepEqual(JSON.parse(Buffer.from(jsonBytes(value), "latin1").toString("utf8")), value);
  });
});

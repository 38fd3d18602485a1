import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeJsonText, decodeWireText, encodeJsonText, encodeWireText, jsonLatin1, jsonMembers, joinedWireText, joinWireText, noText, wireNumber, wireText } from "../src/json-text.ts";
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

describe("wire text", () => {
  it("of a value is its JSON as latin1-held UTF-8", () => {
    const value = { a: ["é", "😀", null], "\ud83d": 1 };
    assert.equal(jsonLatin1(value), latin1(JSON.stringify(value)));
    assert.deepEqual(JSON.parse(decodeWireText(jsonLatin1(value))), value);
    assert.equal(`{${jsonMembers(value)}}`, jsonLatin1(value));
  });

  it("of a string is the string as latin1-held UTF-8, and back", () => {
    const random = seededRandom(3);
    for (const text of ["", "plain", "é 😀 \"\n", ...Array.from({ length: 500 }, () => random.nastyText(16).replace(/\p{Surrogate}/gu, ""))]) {
      assert.equal(encodeWireText(text), latin1(text));
      assert.equal(decodeWireText(encodeWireText(text)), text);
    }
  });

  it("of a template has its constant parts encoded, and the others as they are", () => {
    assert.equal(wireText`é ${encodeJsonText("ü\n")}${7}${encodeWireText("ö")} ä`, latin1('é ü\\n7ö ä'));
    assert.equal(wireText``, noText);
    assert.equal(joinWireText(wireText`a`, wireNumber(12), encodeJsonText("é")), latin1("a12é"));
    assert.equal(joinedWireText([wireText`a`, noText, encodeJsonText("é"), encodeWireText("ü")]), latin1("aéü"));
  });
});

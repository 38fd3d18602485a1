import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AnswerDocument } from "../../src/claude/answer-document.ts";
import type { JsonText } from "../../src/turn/event.ts";

const piece = (text: string): JsonText => text as JsonText;

describe("a document that may be held", () => {
  it("is held piece by piece, and released as one text, with every byte as it was", () => {
    const document = new AnswerDocument(true);
    const pieces = ['{\\"a\\":\\"', "\u00c3", "\u00a9", '\\"}'].map(piece);
    for (const one of pieces) assert.equal(document.hold(one), true);
    assert.deepEqual([document.isBegun, document.isHeld], [true, true]);
    assert.equal(document.release(), pieces.join(""));
    assert.deepEqual([document.isBegun, document.isHeld, document.restart()], [true, false, false]);
  });

  it("begins anew without what it had", () => {
    const document = new AnswerDocument(true);
    document.hold(piece("first"));
    assert.deepEqual([document.restart(), document.isBegun], [true, false]);
    document.hold(piece("second"));
    assert.equal(document.release(), "second");
  });

  it("is held no longer where it is longer than any model's: what was held goes out, and nothing replaces it", () => {
    const document = new AnswerDocument(true);
    const megabyte = piece("x".repeat(1024 * 1024));
    for (let count = 0; count < 16; count++) assert.equal(document.hold(megabyte), true);
    assert.equal(document.hold(piece("y")), false);
    assert.equal(document.release().length, 16 * 1024 * 1024);
    assert.deepEqual([document.hold(piece("z")), document.restart()], [false, false]);
  });
});

it("a document that may not be held goes out from its first piece on", () => {
  const document = new AnswerDocument(false);
  assert.deepEqual([document.restart(), document.isBegun, document.hold(piece("a")), document.isBegun, document.release(), document.restart()], [true, false, false, true, "", false]);
});

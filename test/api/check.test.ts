import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { arrayAt, kindOf, objectAt, optionalBoolean, optionalObject, optionalWholeNumber, refuseUnless, stringAt } from "../../src/api/check.ts";

const refuses = (check: () => unknown, code: string, words: RegExp): void => assert.throws(check, { code, field: "a[0].b", message: words });

describe("a check", () => {
  it("gives the value when it is what was expected", () => {
    const [object, array] = [{ x: 1 }, [1]];
    assert.equal(objectAt(object, "p"), object);
    assert.equal(arrayAt(array, "p"), array);
    assert.equal(stringAt("", "p"), "");
    assert.equal(optionalObject(object, "p"), object);
    assert.equal(optionalBoolean(false, "p"), false);
    assert.equal(optionalWholeNumber(0, "p", 0), 0);
    assert.equal(optionalWholeNumber(Number.MAX_SAFE_INTEGER, "p", 0), Number.MAX_SAFE_INTEGER);
  });

  for (const absent of [undefined, null]) {
    it(`takes ${absent} for absent where that may be`, () => {
      assert.deepEqual([optionalObject(absent, "p"), optionalBoolean(absent, "p"), optionalWholeNumber(absent, "p", 1)], [undefined, undefined, undefined]);
    });
  }

  it("names the field, what was expected and what came", () => {
    refuses(() => objectAt([], "a[0].b"), "invalid_type", /^a\[0\]\.b: expected an object, got an array\.$/u);
    refuses(() => objectAt(null, "a[0].b"), "invalid_type", /got null\.$/u);
    refuses(() => arrayAt({}, "a[0].b"), "invalid_type", /expected an array, got an object\.$/u);
    refuses(() => stringAt(1, "a[0].b"), "invalid_type", /expected a string, got a number\.$/u);
    refuses(() => optionalObject("x", "a[0].b"), "invalid_type", /expected an object, got a string\.$/u);
    refuses(() => optionalBoolean("true", "a[0].b"), "invalid_type", /expected true or false, got a string\.$/u);
    refuses(() => optionalWholeNumber(true, "a[0].b", 1), "invalid_type", /expected a whole number of at least 1, got a boolean\.$/u);
    for (const odd of [0, -3, 1.5, Number.NaN, Infinity, 2 ** 53]) {
      refuses(() => optionalWholeNumber(odd, "a[0].b", 1), "invalid_value", new RegExp(`of at least 1, got ${odd}\\.$`, "u"));
    }
    refuses(() => refuseUnless(false, "a[0].b", "because."), "unsupported_parameter", /^a\[0\]\.b is not supported: because\.$/u);
    refuseUnless(true, "a[0].b", "because.");
  });

  it("tells every kind of value that JSON knows", () => {
    assert.deepEqual([undefined, null, [], {}, "", 0, true].map(kindOf), ["nothing", "null", "an array", "an object", "a string", "a number", "a boolean"]);
  });
});

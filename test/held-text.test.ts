import assert from "node:assert/strict";
import { it } from "node:test";
import { HeldText } from "../src/held-text.ts";

it("a text that was gathered is the same, whatever came at once, and is given away once", () => {
  const held = new HeldText();
  const texts = ["", "a", "\u00e9\u0080\u00ff", "b".repeat(1_023), "c", "d".repeat(1_000_000), "", "e".repeat(300)];
  for (const text of texts) held.append(text);
  assert.equal(held.text, texts.join(""));
  assert.ok(Buffer.concat(held.release()).equals(Buffer.from(texts.join(""), "latin1")));
  assert.deepEqual([held.text, held.release()], ["", []]);
  held.append("f");
  assert.deepEqual(held.release().map(String), ["f"]);
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fillIn } from "../../scripts/readme-file.ts";

describe("writing between the marks of the README", () => {
  const [begin, end] = ["<!-- made-up:begin -->", "<!-- made-up:end -->"];
  const readme = `before\n${begin}\nold\n${end}\nafter\n`;
  const filledIn = (text: string) => fillIn(text, { "made-up": "new" });

  it("replaces what is there and nothing else", () => {
    assert.equal(filledIn(readme), `before\n${begin}\nnew\n${end}\nafter\n`);
  });

  it("twice is the same as once", () => assert.equal(filledIn(filledIn(readme)), filledIn(readme)));

  const wrong = [
    ["none", "x"],
    ["no end", begin],
    ["the wrong order", `${end}${begin}`],
    ["two", readme + readme],
  ] as const;
  for (const [what, text] of wrong) {
    it(`refuses marks of which there are ${what}`, () => assert.throws(() => filledIn(text), /once each/));
  }
});

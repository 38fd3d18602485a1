import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { backgrounds, barColours, contrast, contrastMin, drawResult, textColour } from "../../scripts/bench/chart.ts";
import { row, type BenchResult } from "../../scripts/bench/result.ts";

const result: BenchResult = {
  name: "made-up", title: "Less < more & \"quoted\"", method: "None.", date: "2026-01-01", isQuick: false, rounds: 3,
  machine: { cpu: "A CPU", cores: 2, memoryGigabytes: 4, os: "linux 6 x64", node: "v20.0.0" }, versions: {}, notes: [],
  rows: [row("one", "First", "ms", { ours: [10, 11, 12], reference: [100, 110, 120] }), row("two", "Second", "MB", { ours: [0], reference: [0] })],
};

describe("the chart", () => {
  const svg = drawResult(result);
  const widths = [...svg.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map((match) => Number(match[1]));

  it("draws one bar a side, each row on its own scale", () => {
    assert.equal(widths.length, 4);
    const [ours = 0, reference = 0] = widths;
    assert.ok(Math.abs(ours / reference - 0.1) < 0.01, `${ours} of ${reference}`);
  });

  it("draws nothing as a thin bar, not as none", () => assert.deepEqual(widths.slice(2), [1, 1]));

  it("escapes what XML would take for its own", () => {
    assert.ok(svg.includes("Less &lt; more &amp; &quot;quoted&quot;"));
    assert.ok(!/<text[^>]*>[^<]*<(?!\/text>)/.test(svg), "no stray tag inside a text");
  });

  it("is one closed element with a size", () => assert.match(svg, /^<svg [^>]*width="\d+" height="\d+"[^]*<\/svg>\n$/));

  it("says its figures beside the bars", () => assert.ok(svg.includes(">11.0 ms<") && svg.includes(">110 ms<")));

  for (const colour of [textColour, ...barColours]) {
    for (const background of backgrounds) {
      it(`has ${colour} stand out from ${background}`, () => assert.ok(contrast(colour, background) >= contrastMin));
    }
  }
});

describe("contrast", () => {
  it("is 21 between black and white, either way round, and 1 of a colour to itself", () => {
    assert.deepEqual([contrast("#000000", "#ffffff"), contrast("#ffffff", "#000000"), contrast("#123456", "#123456")].map(Math.round), [21, 21, 1]);
  });
});

/** How an engine is put together. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";

it("no part of an engine names one that is made after it, not even in what it calls later", () => {
  const source = readFileSync(new URL("../../src/engine/engine-parts.ts", import.meta.url), "utf8");
  const body = source.slice(source.indexOf("export function engineParts")).replaceAll(/\/\/.*/gu, "");
  const made = [...body.matchAll(/^  const (\w+)(?::| =)/gmu)].map(({ 1: name = "", index }) => ({ name, index }));
  assert.ok(made.length > 15, `${made.length} parts`);
  const early = made.filter(({ name, index }) => new RegExp(`(?<![\\w."])${name}(?![\\w":])`, "u").test(body.slice(0, index)));
  assert.deepEqual(early.map(({ name }) => name), []);
});

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { createConfig } from "../src/config/config.ts";
import { collectorAtRest, machineMemory } from "../src/memory.ts";
import { typescriptArguments } from "./support/typescript.ts";

/** Objects of which many survive, as those of many streams do, with turns of the event loop between them. Prints the size of the young generation. */
const survivors = `
  import { getHeapSpaceStatistics } from "node:v8";
  import { boundYoungGeneration } from "./src/memory.ts";
  if (process.argv[1] === "bounded") boundYoungGeneration();
  const kept = new Map();
  for (let round = 0; round < 60; round++) {
    for (let index = 0; index < 10_000; index++) kept.set((round * 10_000 + index) % 100_000, { index });
    await new Promise(setImmediate);
  }
  console.log(getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space").space_size);
`;

function youngBytesOf(word: string): number {
  const { stdout, stderr } = spawnSync(process.execPath, [...typescriptArguments, "--input-type=module", "-e", survivors, word], { cwd: fileURLToPath(new URL("..", import.meta.url)), encoding: "utf8" });
  assert.match(stdout, /^\d+\n$/u, stderr);
  return Number(stdout);
}

it("the young generation stays small once it is bounded, whatever survives", () => {
  assert.ok(youngBytesOf("bounded") < 10_000_000);
  assert.ok(youngBytesOf("free") > 16_000_000, "it would have grown");
});

it("this machine has the memory that a container leaves it: so the program and who embeds the server read it", (t) => {
  t.mock.method(process, "constrainedMemory", () => 1_000_000_000);
  assert.equal(machineMemory().memoryLimitBytes, 1_000_000_000);
  assert.equal(createConfig({}, machineMemory()).maxProcesses, 2);
  const source = (name: string): string => readFileSync(new URL(`../src/${name}`, import.meta.url), "utf8");
  for (const name of ["main.ts", "index.ts"]) assert.match(source(name), /machineMemory\(\)/u, name);
});

describe("the collector at rest", () => {
  it("gives back what is not used any more once the process has grown", () => {
    const collect = collectorAtRest();
    let held: object[] = Array.from({ length: 1_500_000 }, (_, index) => ({ index }));
    const grownBytes = process.memoryUsage().heapUsed;
    assert.equal(held.length, 1_500_000);
    held = [];
    collect();
    assert.ok(process.memoryUsage().heapUsed < grownBytes / 2, "half of it, at least");
  });

  it("leaves no way to collect behind", () => {
    collectorAtRest()();
    assert.equal(typeof (globalThis as { gc?: unknown }).gc, "undefined");
  });
});

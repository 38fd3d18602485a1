import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { longSuites, needsInterop, offline, sharedProcesses, type TestFile } from "../../scripts/suites.ts";

const sampled = 'import { sampleOf } from "../support/sample.ts";';
const suitesOf = (file: string): (string | undefined)[] =>
  [offline, ...longSuites].flatMap((suite) => (suite.has(file) ? [suite.name ?? "offline"] : []));

describe("the suites", () => {
  for (const [file, suites] of [
    ["test/http/access.test.ts", ["offline", "soak"]],
    ["test/real/any.test.ts", ["real"]],
    ["test/interop/any.test.ts", ["clients"]],
    ["test/soak/any.test.ts", ["soak"]],
    ["test/bench/any.test.ts", ["bench"]],
  ] as const) {
    it(`${file} is in ${suites.join(" and ")}`, () => {
      assert.deepEqual(suitesOf(file), suites);
    });
  }

  it("hold every offline file to its share of covered lines in the soak alone", () => {
    const covered = [offline, ...longSuites].filter(({ isCovered }) => isCovered);
    assert.deepEqual(covered.map(({ name, has }) => [name, has("test/log.test.ts")]), [["soak", true]]);
  });

  it("install the real CLIs and clients for those files alone that run them", () => {
    const files = ["test/http/a.test.ts", "test/soak/a.test.ts", "test/real/a.test.ts", "test/interop/a.test.ts"];
    assert.deepEqual(files.map(needsInterop), [false, false, true, true]);
  });

  const file = (path: string, source: string): TestFile => ({ path: `test/${path}.test.ts`, source });
  const pathsOf = (files: readonly TestFile[]): string[] => files.map(({ path }) => path);
  const calm = [file("log", sampled), file("http/body", 'import { createServer } from "node:http";')];
  /** In two parts, as this file would be taken for one that measures. */
  const measuring = file("memory", `assert.ok(process.${"memoryUsage().rss"} < 1);`);

  it("run the files that start nothing in one process", () => {
    assert.deepEqual(sharedProcesses(calm), [pathsOf(calm)]);
  });

  it("run a file in a process of its own that sets its process up or measures it", () => {
    const alone = [measuring, file("index", `process.env["A"]${" = "}"1";`)];
    assert.deepEqual(sharedProcesses([...alone, ...calm]), [pathsOf(calm)]);
  });

  it("run the files that start processes in a few, of about the same length, each in one of them", () => {
    const starting = Array.from({ length: 40 }, (_, index) => file(`http/${index}`, [
      'import { spawn } from "node:child_process";',
      'import { startEmbedded } from "../support/embedded-server.ts";',
      'import { listProcesses } from "./processes.ts";',
      'import { fakeProgram } from "../support/fake-claude.ts";',
    ][index % 4] + "\n".repeat(100 * index)));
    const [first, ...groups] = sharedProcesses([...starting, ...calm]);
    assert.deepEqual(first, pathsOf(calm));
    assert.deepEqual(groups.flat().sort(), pathsOf(starting).sort());
    const lengths = groups.map((paths) => starting.filter(({ path }) => paths.includes(path))
      .reduce((sum, { source }) => sum + source.length, 0));
    assert.ok(groups.length > 1 && groups.length < 10, `${groups.length} processes`);
    assert.ok(Math.max(...lengths) < 1.2 * Math.min(...lengths), lengths.join());
  });

  it("run each file of the real CLIs, the clients and the loads in a process of its own", () => {
    const others = ["real/a", "real/b", "interop/a", "interop/b", "soak/a", "soak/b", "bench/a", "bench/b"];
    assert.deepEqual(sharedProcesses(others.map((path) => file(path, sampled))), []);
  });
});

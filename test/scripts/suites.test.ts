import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { longSuites, needsInterop, offline, sharesProcess } from "../../scripts/suites.ts";

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

  for (const [source, isShared] of [
    ['import { createServer } from "node:http";', true],
    [sampled, true],
    ['import { spawn } from "node:child_process";', false],
    ['import { startEmbedded } from "../support/embedded-server.ts";', false],
    ['import { listProcesses } from "./processes.ts";', false],
    ["assert.ok(process.memoryUsage().rss < 1);", false],
  ] as const) {
    it(`run a file with ${source} in a process ${isShared ? "with others" : "of its own"}`, () => {
      assert.equal(sharesProcess("test/http/any.test.ts", source), isShared);
    });
  }

  it("run each file of the real CLIs, the clients and the loads in a process of its own", () => {
    const files = ["test/real/a.test.ts", "test/interop/a.test.ts", "test/soak/a.test.ts", "test/bench/a.test.ts"];
    assert.deepEqual(files.map((file) => sharesProcess(file, "")), [false, false, false, false]);
  });
});

/** What the benchmarks count of a contestant's processes. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { contestantEnvironment } from "../../scripts/bench/environment.ts";
import { withScope } from "../../scripts/bench/scope.ts";
import { treeCpuMs, treeMemory } from "../../scripts/bench/tree-usage.ts";

describe("the processes of a contestant", { skip: process.platform !== "linux" && "there is no /proc" }, () => {
  it("are charged for the CPU time of those that have ended", () => {
    const before = treeCpuMs(process.pid);
    spawnSync(process.execPath, ["-e", "while (process.cpuUsage().user < 200_000);"]);
    assert.ok(treeCpuMs(process.pid) - before >= 200, "the child's 200 ms are there");
  });

  it("are counted with their memory", () => {
    const { processes, megabytes } = treeMemory(process.pid);
    assert.ok(processes >= 1 && megabytes > 10, `${processes} processes, ${megabytes} MB`);
  });
});

describe("the starts of a contestant's CLI", { skip: process.platform === "win32" && "the counting script is sh's" }, () => {
  it("are counted when it is to answer, and it gets its arguments as they are", () => withScope(async (scope) => {
    const startsFile = join(await scope.folder(), "starts");
    const env = await contestantEnvironment(scope, { claude: process.execPath, startsFile });
    const run = (...args: string[]) => spawnSync("claude", args, { env, encoding: "utf8" }).stdout.trim();
    assert.equal(run("-p", "'two words'"), "two words");
    assert.equal(run("--print", "7"), "7");
    assert.equal(run("--version"), process.version);
    assert.equal(readFileSync(startsFile, "utf8"), "started\nstarted\n");
  }));
});

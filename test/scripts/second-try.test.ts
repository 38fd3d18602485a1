import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { failureOf, failuresIn, filesToRepeat, type RunnerEvent, secondTryLine } from "../../scripts/second-try.ts";
import { longSuites } from "../../scripts/suites.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const fails = (name: string, file?: string, failureType = "testCodeFailure"): RunnerEvent => (
  { type: "test:fail", data: { name, ...(file === undefined ? {} : { file }), details: { error: { failureType } } } }
);

describe("the second try of test:all", () => {
  it("knows each test that failed by its file, and a file that broke off", () => {
    assert.deepEqual(failureOf(fails("adds", "/p/test/a.test.ts")), { file: "/p/test/a.test.ts", test: "adds" });
    assert.deepEqual(failureOf(fails("/p/test/b.test.ts")), { file: "/p/test/b.test.ts", test: "/p/test/b.test.ts" });
    assert.equal(failureOf(fails("all", "/p/test/a.test.ts", "subtestsFailed")), undefined);
    assert.equal(failureOf({ type: "test:pass", data: { name: "adds" } }), undefined);
  });

  it("reads what the reporter wrote of a run", async (t) => {
    const root = await temporaryFolder(t);
    const [adds, breaks, failures] = ["adds.test.mjs", "breaks.test.mjs", "failures"].map((name) => join(root, name));
    writeFileSync(adds ?? "", 'import { describe, it } from "node:test";\n'
      + 'describe("all", () => { it("adds", () => { throw new Error("planted"); }); it("subtracts", () => {}); });\n');
    writeFileSync(breaks ?? "", 'throw new Error("planted");\n');
    const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
    const reporter = new URL("../../scripts/failures-reporter.mjs", import.meta.url).href;
    const options = ["--test", `--test-reporter=${reporter}`, `--test-reporter-destination=${failures}`];
    const { status } = spawnSync(process.execPath, [...options, adds ?? "", breaks ?? ""], { env });
    assert.equal(status, 1);
    const found = failuresIn(failures ?? "", root);
    assert.deepEqual(found.map(({ file }) => file), ["adds.test.mjs", "breaks.test.mjs"]);
    assert.equal(found[0]?.test, "adds");
    assert.deepEqual(failuresIn(join(root, "none"), root), []);
  });

  it("is one of the failed files of the real CLIs and the clients alone", () => {
    const failures = ["adds", "subtracts"].map((test) => ({ file: "test/real/a.test.ts", test }));
    const files = ["test/real/a.test.ts", "test/real/b.test.ts"];
    const repeated = longSuites.map((suite) => [suite.name, filesToRepeat(suite, files, failures).length]);
    assert.deepEqual(repeated, [["real", 1], ["clients", 1], ["soak", 0], ["soak", 0], ["bench", 0]]);
  });

  it("is none where what failed is no file of the suite, or nobody knows what it was", () => {
    const [real] = longSuites;
    assert.ok(real?.hasSecondTry);
    assert.deepEqual(filesToRepeat(real, ["test/real/a.test.ts"], []), []);
    assert.deepEqual(filesToRepeat(real, ["test/real/a.test.ts"], [{ file: "elsewhere", test: "adds" }]), []);
  });

  it("is told at the end", () => {
    const file = "test/real/a.test.ts";
    const line = (test: string): string => secondTryLine({ file, test });
    assert.equal(line("adds"), `passed at the second try: ${file}: adds`);
    assert.equal(line(`/p/${file}`), `passed at the second try: ${file}: all of it`);
  });
});

/** Where this Node has no SQLite, the long suites run the tests of `--state-dir` on the Node of test/interop. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { sampleOf } from "../support/sample.ts";
import { nodeWithSqlite, withoutSqlite } from "../support/sqlite-node.ts";

const folder = fileURLToPath(new URL(".", import.meta.url));
const root = fileURLToPath(new URL("../../", import.meta.url));
const runs = withoutSqlite === false ? 0 : sampleOf({ what: "runs of the state's tests on a newer Node", small: 0, large: 1, whole: 1 });
const skip = withoutSqlite === false ? "they run on this Node, each by itself"
  : runs === 0 ? "for the long suites"
  : nodeWithSqlite === undefined && "test/interop, which has a newer Node, is not installed: npm run test:real installs it";

it("the state's tests pass on a Node that has SQLite, and none of them is skipped", { skip }, () => {
  const files = readdirSync(folder).filter((name) => name.endsWith(".test.ts") && name !== basename(fileURLToPath(import.meta.url))).map((name) => `${folder}${name}`);
  assert.ok(files.length >= 3);
  // Without it the inner run would take itself for a part of this one, and tell nothing of what it did.
  const { NODE_TEST_CONTEXT: _context, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(nodeWithSqlite ?? "", ["--import", "tsx", "--test", "--test-isolation=none", "--test-reporter=tap", ...files], { cwd: root, encoding: "utf8", env: { ...env, SAMPLE: "small" } });
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /^# skipped 0$/mu);
  assert.ok(Number(/^# pass (\d+)$/mu.exec(stdout)?.[1]) >= 20, stdout);
});

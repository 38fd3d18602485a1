/** Here, not in `npm test`: npm runs five times, and each costs seconds. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { installInterop, InteropInstallError } from "../../scripts/interop-install.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** A project with one local dependency named as a CLI is: nothing is fetched. */
async function project(t: TestContext, installScript: string) {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, "cli"));
  const write = (name: string, value: unknown) => writeFile(join(folder, name), typeof value === "string" ? value : JSON.stringify(value));
  await write("cli/package.json", { name: "claude-code-test", version: "1.0.0" });
  await write("cli/install.cjs", installScript);
  await write("package.json", { name: "interop-test", version: "0.0.0", private: true, dependencies: { "claude-code-test": "file:cli" } });
  await write("package-lock.json", {
    name: "interop-test", version: "0.0.0", lockfileVersion: 3, requires: true,
    packages: {
      "": { name: "interop-test", version: "0.0.0", dependencies: { "claude-code-test": "file:cli" } },
      cli: { name: "claude-code-test", version: "1.0.0" },
      "node_modules/claude-code-test": { resolved: "cli", link: true },
    },
  });
  return { folder, write };
}

const countRuns = "const fs = require('fs'); fs.appendFileSync(require('path').join(__dirname, 'runs'), 'x')";
const runs = (folder: string) => readFile(join(folder, "cli", "runs"), "utf8");

test("it installs once, and again when the lock changed or node_modules is gone", async (t) => {
  const { folder, write } = await project(t, countRuns);
  installInterop(folder);
  assert.equal(await runs(folder), "x");
  installInterop(folder);
  assert.equal(await runs(folder), "x");
  await write("package-lock.json", `${await readFile(join(folder, "package-lock.json"), "utf8")}\n`);
  installInterop(folder);
  assert.equal(await runs(folder), "xx");
  await rm(join(folder, "node_modules"), { recursive: true });
  installInterop(folder);
  assert.equal(await runs(folder), "xxx");
});

test("an install script that fails is named in one line, and the next run tries again", async (t) => {
  const { folder } = await project(t, "process.exit(3)");
  const failure = (error: unknown) => error instanceof InteropInstallError && /^install\.cjs of claude-code-test failed \(exit code 3\)[^\n]*$/.test(error.message);
  assert.throws(() => installInterop(folder), failure);
  assert.equal(existsSync(join(folder, "node_modules", ".installed-lock")), false);
  assert.throws(() => installInterop(folder), failure);
});

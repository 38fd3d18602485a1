import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, renameSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { describe, it } from "node:test";
import { makeWorkingFolder } from "../../src/engine/working-folder.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** The pid of a process that has ended and was waited for. */
function gonePid(): number {
  return spawnSync(process.execPath, ["--version"]).pid;
}

describe("the working folder", () => {
  it("is two empty folders in one that carries this server's pid", async (t) => {
    const parent = await temporaryFolder(t);
    const { cwd, temporary } = await makeWorkingFolder(parent);
    assert.deepEqual([readdirSync(cwd), readdirSync(temporary)], [[], []]);
    assert.notEqual(cwd, temporary);
    assert.equal(dirname(cwd), dirname(temporary));
    assert.match(basename(dirname(cwd)), new RegExp(`^claude-max-api-${process.pid}-\\w{6}$`, "u"));
  });

  it("is another one each time, and each is removed with all that is in it", async (t) => {
    const parent = await temporaryFolder(t);
    const [first, second] = [await makeWorkingFolder(parent), await makeWorkingFolder(parent)];
    assert.notEqual(first.cwd, second.cwd);
    await mkdir(join(first.temporary, "deep"));
    await writeFile(join(first.temporary, "deep", "file"), "left over");
    await first.remove();
    assert.equal(existsSync(dirname(first.cwd)), false);
    assert.equal(existsSync(second.cwd), true);
    await first.remove();
    await second.remove();
    assert.deepEqual(readdirSync(parent), []);
  });

  it("is there until either of the two is gone, or is another of the same name", async (t) => {
    const parent = await temporaryFolder(t);
    for (const place of ["cwd", "temporary"] as const) {
      const folder = await makeWorkingFolder(parent);
      assert.equal(await folder.isThere(), true);
      // Kept beside it, so that its number is not given to the next.
      renameSync(folder[place], `${folder[place]}-before`);
      assert.equal(await folder.isThere(), false, place);
      await mkdir(folder[place]);
      assert.equal(await folder.isThere(), false, place);
    }
  });

  it("takes away what a server left that is gone, and nothing else", async (t) => {
    const parent = await temporaryFolder(t);
    const left = `claude-max-api-${gonePid()}-abc123`;
    const others = [
      `claude-max-api-${process.ppid}-abc123`, `claude-max-api-${gonePid()}`, `claude-max-api-${gonePid()}-abc1234`, `claude-max-api-${gonePid()}-../..`.replaceAll("/", "_"),
      `x-claude-max-api-${gonePid()}-abc123`, "claude-max-api--abc123", "claude-max-api-test-abc123", "something else",
    ];
    for (const name of [left, ...others]) await mkdir(join(parent, name, "empty"), { recursive: true });
    await writeFile(join(parent, left, "empty", "file"), "left over");
    const { cwd } = await makeWorkingFolder(parent);
    assert.deepEqual(readdirSync(parent).sort(), [...others, basename(dirname(cwd))].sort());
  });

  it("cannot be made where there is no parent", async (t) => {
    const parent = await temporaryFolder(t);
    await assert.rejects(makeWorkingFolder(join(parent, "missing")), { code: "ENOENT" });
  });
});

import assert from "node:assert/strict";
import { chown, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parentFolder } from "../../src/engine/folder-place.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const onlyPosix = process.platform === "win32" ? "keeps its temporary files in the home" : false;
const onlyRoot = process.geteuid?.() === 0 ? false : "only root can give a folder away";

describe("the place of the working folder", () => {
  it("is the user's runtime folder, else where temporary files are", async (t) => {
    const [runtime, temporary] = [await temporaryFolder(t), await temporaryFolder(t)];
    assert.equal(await parentFolder({ runtime, temporary }), runtime);
    for (const unusable of [undefined, "", "relative", join(runtime, "missing")]) {
      assert.equal(await parentFolder({ runtime: unusable, temporary }), temporary);
    }
  });

  it("is not another user's runtime folder", { skip: onlyRoot }, async (t) => {
    const [runtime, temporary] = [await temporaryFolder(t), await temporaryFolder(t)];
    await chown(runtime, 54_321, 54_321);
    assert.equal(await parentFolder({ runtime, temporary }), temporary);
  });

  it("has no link in its path, as a process in it would report", { skip: onlyPosix }, async (t) => {
    const folder = await temporaryFolder(t);
    await mkdir(join(folder, "real"));
    await symlink(join(folder, "real"), join(folder, "link"));
    assert.equal(await parentFolder({ temporary: join(folder, "link") }), join(folder, "real"));
    assert.equal(await parentFolder({ runtime: join(folder, "link"), temporary: folder }), join(folder, "real"));
  });

  it("is not in the home, unless the machine has no other", { skip: onlyPosix }, async (t) => {
    const [home, temporary] = [await temporaryFolder(t), await temporaryFolder(t)];
    const inHome = join(home, "tmp");
    await mkdir(inHome);
    await symlink(inHome, join(temporary, "link"));
    assert.equal(await parentFolder({ runtime: inHome, temporary, home }), temporary);
    for (const place of [inHome, home, join(temporary, "link")]) {
      assert.equal((await parentFolder({ temporary: place, home })).startsWith(home), false);
    }
    assert.equal(await parentFolder({ temporary: `${home}-beside`, home }).catch(({ code }) => code), "ENOENT");
    assert.equal(await parentFolder({ temporary: inHome, home: "/" }), inHome);
  });
});

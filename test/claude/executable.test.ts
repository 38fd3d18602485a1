import assert from "node:assert/strict";
import { chmodSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, it } from "node:test";
import { executableStamp } from "../../src/claude/executable.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const onlyPosix = process.platform === "win32" ? "there is no executable bit" : false;

describe("the stamp of an executable", { skip: onlyPosix }, () => {
  it("is the same until the file changes", async (t) => {
    const file = join(await temporaryFolder(t), "claude");
    writeFileSync(file, "one", { mode: 0o755 });
    const stamp = executableStamp(file, "");
    assert.equal(executableStamp(file, "/elsewhere"), stamp);
    utimesSync(file, 1, 1);
    assert.notEqual(executableStamp(file, ""), stamp);
  });

  it("of a bare name is that of the first executable on the path", async (t) => {
    const folder = await temporaryFolder(t);
    const [first, second] = [join(folder, "first"), join(folder, "second")];
    for (const place of [first, second]) mkdirSync(place);
    const path = ["", first, second].join(delimiter);
    writeFileSync(join(second, "claude"), "two", { mode: 0o755 });
    writeFileSync(join(first, "claude"), "one", { mode: 0o644 });
    assert.equal(executableStamp("claude", path), executableStamp(join(second, "claude"), ""));
    chmodSync(join(first, "claude"), 0o755);
    assert.equal(executableStamp("claude", path), executableStamp(join(first, "claude"), ""));
  });

  it("is none without a file", async (t) => {
    const folder = await temporaryFolder(t);
    assert.deepEqual([executableStamp(join(folder, "claude"), folder), executableStamp("claude", folder), executableStamp("claude", "")], [undefined, undefined, undefined]);
  });
});

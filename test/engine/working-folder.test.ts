import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync } from "node:fs";
import fs, { chmod, chown, lstat, mkdir, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { uptime } from "node:os";
import { basename, dirname, join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { ensureNote, notePath } from "../../src/engine/folder-note.ts";
import { makeWorkingFolder, type WorkingFolder } from "../../src/engine/working-folder.ts";
import type { LogFields } from "../../src/log.ts";
import { realWorld } from "../../src/world.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const uid = process.geteuid?.() ?? "user";
const onlyPosix = process.platform === "win32" ? "has no owners" : false;
const onlyLinux = existsSync("/proc/sys/kernel/random/boot_id") ? false : "no start of the machine has an id";
const onlyRoot = uid === 0 ? false : "only root can give a folder away";
const anotherUid = 54_321;

/** The pid of a process that has ended and was waited for. */
function gonePid(): number {
  return spawnSync(process.execPath, ["--version"]).pid;
}

interface Place {
  readonly temporary: string;
  readonly root: string;
  readonly warnings: LogFields[];
  make(name?: string, lost?: WorkingFolder): Promise<WorkingFolder>;
}

async function placeFor(t: TestContext): Promise<Place> {
  const temporary = await temporaryFolder(t);
  const warnings: LogFields[] = [];
  const warn = (_message: string, fields: LogFields = {}): void => void warnings.push(fields);
  return {
    temporary, root: join(temporary, `claude-max-api-${uid}`), warnings,
    make: (name, lost) => makeWorkingFolder({ temporary, name }, realWorld, { warn }, lost),
  };
}

async function modeOf(path: string): Promise<number> {
  return (await lstat(path)).mode & 0o777;
}

/** As a server leaves it that was killed: with a note of a process that is gone. */
async function abandon({ path, id }: Pick<WorkingFolder, "path" | "id">, change: object = { pid: gonePid() }): Promise<void> {
  const note = JSON.parse(readFileSync(notePath(path, id), "utf8")) as object;
  await writeFile(notePath(path, id), JSON.stringify({ ...note, ...change }));
}

/** Does something between a server's look at a folder and its first step to remove that. */
function beforeFirstRemoval(t: TestContext, act: () => Promise<void>): void {
  let isFirst = true;
  const isRemoval = (path: unknown): boolean => /[\\/](?:server-[^\\/]+\.json|old-)$/.test(String(path));
  for (const name of ["unlink", "mkdtemp"] as const) {
    const original = fs[name] as (...parameters: unknown[]) => Promise<unknown>;
    t.mock.method(fs, name, async (...parameters: unknown[]) => {
      if (isFirst && isRemoval(parameters[0])) {
        isFirst = false;
        await act();
      }
      return await original(...parameters);
    });
  }
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
}

describe("the working folder", () => {
  it("is named by user and port, the same at each start, and only this user may enter", { skip: onlyPosix }, async (t) => {
    const { root, make, temporary, warnings } = await placeFor(t);
    for (let start = 0; start < 2; start++) {
      const folder = await make("3456");
      const { path, cwd, temporary: tmp } = folder;
      assert.deepEqual([path, cwd, tmp], [join(root, "3456"), join(root, "3456", "empty"), join(root, "3456", "tmp")]);
      assert.deepEqual([readdirSync(cwd), readdirSync(tmp), readdirSync(root)], [[], [], ["3456"]]);
      for (const place of [root, path, cwd, tmp]) assert.equal(await modeOf(place), 0o700, place);
      await folder.remove();
      assert.deepEqual(readdirSync(temporary), []);
    }
    assert.deepEqual(warnings, []);
  });

  it("is a new one each time for a server without a port", async (t) => {
    const { make, temporary, root } = await placeFor(t);
    const [first, second] = [await make(), await make()];
    assert.notEqual(first.cwd, second.cwd);
    assert.equal(first.path.startsWith(`${root}-`), true);
    await mkdir(join(first.temporary, "deep"));
    await writeFile(join(first.temporary, "deep", "file"), "left over");
    await first.remove();
    assert.deepEqual([existsSync(first.path), existsSync(second.cwd)], [false, true]);
    await first.remove();
    await second.remove();
    assert.deepEqual(readdirSync(temporary), []);
  });

  it("of a server that was killed is emptied by the next, and those of other ports are removed", async (t) => {
    const { make, root } = await placeFor(t);
    const [killed, other, living] = [await make("3456"), await make("9999"), await make("8888")];
    for (const folder of [killed, other, living]) await writeFile(join(folder.cwd, "CLAUDE.md"), "left over");
    await abandon(killed);
    await abandon(other);
    const next = await make("3456");
    assert.equal(next.path, killed.path);
    assert.deepEqual([readdirSync(next.cwd), readdirSync(living.cwd)], [[], ["CLAUDE.md"]]);
    assert.deepEqual(readdirSync(root).sort(), ["3456", "8888"]);
  });

  it("of a process that had this pid before is left over; one of another machine may be in use", async (t) => {
    const { make, root } = await placeFor(t);
    await abandon(await make("1"), { startedAtMs: performance.timeOrigin - 60_000 });
    await abandon(await make("2"), { host: "another", pid: gonePid() });
    assert.deepEqual([(await make("1")).path, (await make("2")).path], [join(root, "1"), join(root, "2-2")]);
  });

  it("of another start of the machine is left over, whoever has its pid now", async (t) => {
    const { make, root } = await placeFor(t);
    // As where the system does not tell when a process was started.
    const isPidInUse = { pid: process.ppid, startTicks: undefined };
    const bootedAtMs = Date.now() - uptime() * 1000;
    await abandon(await make("1"), { ...isPidInUse, bootId: undefined, startedAtMs: bootedAtMs - 60_000 });
    await abandon(await make("2"), { ...isPidInUse, bootId: undefined, startedAtMs: bootedAtMs });
    await abandon(await make("3"), { ...isPidInUse, startedAtMs: Date.now() });
    const paths = [(await make("1")).path, (await make("2")).path, (await make("3")).path];
    assert.deepEqual(paths, [join(root, "1"), join(root, "2-2"), join(root, "3-2")]);
  });

  it("of another start of the machine is known by that's id where there is one", { skip: onlyLinux }, async (t) => {
    const { make, root } = await placeFor(t);
    const bootedAtMs = Date.now() - uptime() * 1000;
    const isPidInUse = { pid: process.ppid, startTicks: undefined };
    await abandon(await make("1"), { ...isPidInUse, bootId: "another" });
    // As where the clock was set after the start.
    await abandon(await make("2"), { ...isPidInUse, startedAtMs: bootedAtMs - 60_000 });
    assert.deepEqual([(await make("1")).path, (await make("2")).path], [join(root, "1"), join(root, "2-2")]);
  });

  it("of a server that was killed is left over, though another process has its pid now", { skip: onlyLinux }, async (t) => {
    const { make, root } = await placeFor(t);
    // The note says when the server was started: another moment than that of the process with the pid.
    await abandon(await make("1"), { pid: process.ppid });
    const startOfParent = Number(/^.*\) (.*)$/su.exec(readFileSync(`/proc/${process.ppid}/stat`, "utf8"))?.[1]?.split(" ")[19]);
    await abandon(await make("2"), { pid: process.ppid, startTicks: startOfParent });
    assert.deepEqual([(await make("1")).path, (await make("2")).path], [join(root, "1"), join(root, "2-2")]);
  });

  it("takes the next number where a folder without a note stands, unless that is empty", async (t) => {
    const { make, root } = await placeFor(t);
    await mkdir(join(root, "1"), { recursive: true });
    await mkdir(join(root, "2", "precious"), { recursive: true });
    assert.deepEqual([(await make("1")).path, (await make("2")).path], [join(root, "1"), join(root, "2-2")]);
    assert.deepEqual(readdirSync(join(root, "2")), ["precious"]);
  });

  it("is made without what servers that were killed were making or removing, when that is an hour old", async (t) => {
    const { make, root } = await placeFor(t);
    const [remains, young] = [["new-abc123", "old-abc123"], ["new-def456", "old-def456"]];
    for (const name of [...remains, ...young]) await mkdir(join(root, name, "empty"), { recursive: true });
    const twoHoursAgo = new Date(Date.now() - 2 * 60 * 60_000);
    for (const name of [...remains, "other"]) {
      await mkdir(join(root, name), { recursive: true });
      await utimes(join(root, name), twoHoursAgo, twoHoursAgo);
    }
    await make("3456");
    assert.deepEqual(readdirSync(root).sort(), ["3456", ...young, "other"]);
  });

  it("is each server's own where several on one port start at once", async (t) => {
    const { make, root, warnings } = await placeFor(t);
    const folders = await Promise.all(Array.from({ length: 6 }, () => make("3456")));
    const names = folders.map(({ path }) => basename(path)).sort();
    assert.deepEqual(names, ["3456", "3456-2", "3456-3", "3456-4", "3456-5", "3456-6"]);
    assert.deepEqual(await Promise.all(folders.map(({ isThere }) => isThere())), folders.map(() => true));
    await Promise.all(folders.map(({ remove }) => remove()));
    assert.deepEqual([existsSync(root), warnings], [false, []]);
  });

  it("is each server's own too where all find what a killed one left", async (t) => {
    const { make } = await placeFor(t);
    await abandon(await make("3456"));
    const folders = await Promise.all(Array.from({ length: 4 }, () => make("3456")));
    assert.equal(new Set(folders.map(({ path }) => path)).size, 4);
    assert.deepEqual(await Promise.all(folders.map(({ isThere }) => isThere())), folders.map(() => true));
  });

  it("is not removed by a server that saw what a killed one left there before", async (t) => {
    const { make, root } = await placeFor(t);
    await abandon(await make("3456"));
    let faster: WorkingFolder | undefined;
    beforeFirstRemoval(t, async () => {
      faster = await make("3456");
    });
    const slower = await make("3456");
    assert.deepEqual([faster?.path, slower.path], [join(root, "3456"), join(root, "3456-2")]);
    assert.deepEqual([await faster?.isThere(), await slower.isThere()], [true, true]);
  });

  it("is no more this server's once another has made one at its path", async (t) => {
    const { make, root } = await placeFor(t);
    const lost = await make("3456");
    await rm(lost.path, { recursive: true });
    const others = await make("3456");
    assert.deepEqual([others.path, await lost.isOwn(), await lost.isThere()], [lost.path, false, false]);
    const mended = await make("3456", lost);
    assert.equal(mended.path, join(root, "3456-2"));
    await lost.remove();
    assert.deepEqual([await others.isThere(), await mended.isThere()], [true, true]);
    await mended.remove();
    assert.deepEqual(readdirSync(root), ["3456"]);
  });

  it("is there until a part is gone, or is another of the same name, and is mended at the same path", async (t) => {
    const { make, root } = await placeFor(t);
    let folder = await make("3456");
    const { path } = folder;
    const inside = [path, folder.cwd, folder.temporary, notePath(path, folder.id)];
    for (const place of [root, ...inside]) {
      assert.equal(await folder.isThere(), true);
      // Kept beside it, so that its number is not given to the next.
      renameSync(place, `${place}-before`);
      assert.equal(await folder.isThere(), false, place);
      await mkdir(place);
      assert.equal(await folder.isThere(), false, place);
      folder = await make("3456", folder);
      assert.deepEqual([folder.path, readdirSync(folder.cwd), readdirSync(folder.temporary)], [path, [], []]);
    }
  });

  it("keeps, when it is mended, the parts that are still there: processes run in them", async (t) => {
    const { make } = await placeFor(t);
    const folder = await make("3456");
    await writeFile(join(folder.temporary, "socket"), "in use");
    await rm(folder.cwd, { recursive: true });
    const mended = await make("3456", folder);
    assert.deepEqual([readdirSync(mended.cwd), readdirSync(mended.temporary)], [[], ["socket"]]);
  });

  it("cannot be made where there is no parent", async (t) => {
    const { temporary } = await placeFor(t);
    await assert.rejects(makeWorkingFolder({ temporary: join(temporary, "missing"), name: "1" }, realWorld), { code: "ENOENT" });
  });

  it("cannot be made on a full disk, and can when there is room again", async (t) => {
    const { temporary, make, root } = await placeFor(t);
    const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "nr_inodes=5", "none", temporary]);
    if (status !== 0) return t.skip("no disk of a test's own can be mounted here");
    try {
      await assert.rejects(make("3456"), { code: "ENOSPC" });
      assert.deepEqual(readdirSync(root), [], "nothing half made is left");
      assert.equal(spawnSync("mount", ["-o", "remount,nr_inodes=50", temporary]).status, 0);
      await (await make("3456")).remove();
    } finally {
      spawnSync("umount", [temporary]);
    }
  });
});

describe("what is not this user's own folder", () => {
  it("is never touched for its name: not what looks like an older server's, nor a folder without a note", async (t) => {
    const { make, temporary, root } = await placeFor(t);
    const older = [`claude-max-api-${gonePid()}-abc123`, `claude-max-api-${gonePid()}`];
    const others = [...older, "claude-max-api--abc123", "something else"];
    for (const name of [...others, basename(root)]) await mkdir(join(temporary, name, "empty"), { recursive: true });
    const folder = await make("3456");
    assert.deepEqual(readdirSync(root).sort(), ["3456", "empty"]);
    await folder.remove();
    assert.deepEqual(readdirSync(temporary).sort(), [...others, basename(root)].sort());
  });

  for (const level of ["the user's folder", "the port's folder"] as const) {
    for (const what of ["a link", "not a folder", "another user's"] as const) {
      const skip = onlyPosix !== false ? onlyPosix : what === "another user's" ? onlyRoot : false;
      it(`is left alone where ${level} is ${what}: a new one is made and a warning names it`, { skip }, async (t) => {
        const { make, temporary, root, warnings } = await placeFor(t);
        const place = level === "the user's folder" ? root : join(root, "3456");
        await mkdir(dirname(place), { recursive: true });
        const target = what === "a link" ? join(temporary, "precious") : place;
        if (what === "not a folder") await writeFile(place, "precious");
        else {
          await mkdir(join(target, "empty"), { recursive: true, mode: 0o755 });
          await writeFile(join(target, "empty", "file"), "precious");
          // As if a server that is gone had left it.
          const id = randomUUID();
          await ensureNote(target, id, realWorld);
          await abandon({ path: target, id });
          if (what === "a link") await symlink(target, place);
          else await chown(target, anotherUid, anotherUid);
        }
        const before = await lstat(target);
        const folder = await make("3456");
        assert.equal(folder.path.startsWith(`${root}-`), true, folder.path);
        assert.deepEqual(warnings, [{ place, it_is: what }]);
        await folder.remove();
        const after = await lstat(target);
        for (const field of ["ino", "uid", "mode", "mtimeMs"] as const) assert.equal(after[field], before[field], field);
        const file = what === "not a folder" ? target : join(target, "empty", "file");
        assert.equal(readFileSync(file, "utf8"), "precious");
      });
    }
  }

  it("is not reached through a link in what is emptied", { skip: onlyPosix }, async (t) => {
    const { make, temporary } = await placeFor(t);
    const precious = join(temporary, "precious");
    await mkdir(precious);
    await writeFile(join(precious, "file"), "precious");
    const left = await make("3456");
    await rm(left.temporary, { recursive: true });
    await symlink(precious, left.temporary);
    await symlink(precious, join(left.cwd, "link"));
    await abandon(left);
    const next = await make("3456");
    assert.deepEqual([readdirSync(next.cwd), readdirSync(next.temporary)], [[], []]);
    await symlink(precious, join(next.cwd, "link"));
    await next.remove();
    assert.equal(readFileSync(join(precious, "file"), "utf8"), "precious");
  });

  it("is not removed at the end where it stands in the place of this server's", { skip: onlyPosix }, async (t) => {
    const { make, temporary, root } = await placeFor(t);
    const folder = await make("3456");
    renameSync(root, `${root}-before`);
    await mkdir(join(temporary, "precious", "3456"), { recursive: true });
    await symlink(join(temporary, "precious"), root);
    await folder.remove();
    assert.deepEqual(readdirSync(join(temporary, "precious")), ["3456"]);
  });

  it("is no hindrance where it is this user's, but open to others: it is closed", { skip: onlyPosix }, async (t) => {
    const { make, root } = await placeFor(t);
    await mkdir(root);
    await chmod(root, 0o777);
    assert.equal((await make("3456")).path, join(root, "3456"));
    assert.equal(await modeOf(root), 0o700);
  });
});

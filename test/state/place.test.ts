import assert from "node:assert/strict";
import { chmod, link, lstat, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { StateDatabase } from "../../src/state/database.ts";
import { openState } from "../support/open-state.ts";
import { withoutSqlite } from "../support/sqlite-node.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const skip = withoutSqlite === false && process.platform === "win32" ? "permissions are not Windows'" : withoutSqlite;
const modeOf = async (path: string): Promise<string> => ((await lstat(path)).mode & 0o777).toString(8);

/** The sentence with which a folder is refused. Whatever is there is left as it was. */
async function refusalOf(folder: string): Promise<string> {
  const database = new StateDatabase(folder);
  try {
    await database.open();
  } catch (error) {
    assert.equal((error as Error).name, "StateError", String(error));
    return (error as Error).message;
  }
  await database.close();
  return assert.fail(`${folder} was taken`);
}

/** A folder with a state in it that nobody has open. */
async function closedState(t: TestContext): Promise<string> {
  const folder = join(await temporaryFolder(t), "state");
  await (await openState(t, folder)).state.close();
  return folder;
}

describe("the folder of the state", { skip }, () => {
  it("is made with those above it, and is this user's alone, with all that is in it", async (t) => {
    const folder = join(await temporaryFolder(t), "a", "b");
    const { state } = await openState(t, folder);
    state.responses.keep({ id: "resp_1", input: [], output: [], body: "{}" as never });
    assert.equal(await modeOf(folder), "700");
    const names = await readdir(folder);
    assert.ok(names.includes("state.db-wal"), names.join(", "));
    for (const name of names) assert.equal(await modeOf(join(folder, name)), "600", name);
    await state.close();
    assert.deepEqual((await readdir(folder)).sort(), ["lock.db", "state.db"]);
  });

  it("that was made for it, and is empty, is closed to others", async (t) => {
    const folder = join(await temporaryFolder(t), "state");
    await mkdir(folder, { mode: 0o755 });
    await openState(t, folder);
    assert.equal(await modeOf(folder), "700");
  });

  it("is refused where others may enter, and left as it is: it may be one that they need", async (t) => {
    const folder = await temporaryFolder(t);
    await writeFile(join(folder, "other.txt"), "");
    await chmod(folder, 0o755);
    assert.equal(await refusalOf(folder), `--state-dir: ${folder} is one that other users may enter: run chmod 700 on it, or name a new folder.`);
    assert.deepEqual([await modeOf(folder), await readdir(folder)], ["755", ["other.txt"]]);
  });

  it("is refused where it is a link or a file, or cannot be made", async (t) => {
    const folder = await temporaryFolder(t);
    await mkdir(join(folder, "real"));
    await symlink(join(folder, "real"), join(folder, "link"));
    await writeFile(join(folder, "file"), "");
    assert.equal(await refusalOf(join(folder, "link")), `--state-dir: ${join(folder, "link")} is a link.`);
    assert.equal(await refusalOf(join(folder, "file")), `--state-dir: ${join(folder, "file")} is not a folder.`);
    assert.match(await refusalOf(join(folder, "file", "below")), /^--state-dir: \S+ cannot be used: \w+: .*\.$/u);
    assert.deepEqual(await readdir(join(folder, "real")), []);
  });

  it("is refused where another server has it, by name, until that one has ended", async (t) => {
    const folder = join(await temporaryFolder(t), "state");
    const { state } = await openState(t, folder);
    state.responses.keep({ id: "resp_1", input: [], output: [], body: "{}" as never });
    assert.equal(await refusalOf(folder), `--state-dir: ${folder} is in use by another server.`);
    assert.notEqual(state.responses.find("resp_1"), undefined);
    await state.close();
    await openState(t, folder);
  });
});

describe("the file of the state", { skip }, () => {
  it("is refused where it is a link, has another name, is a folder or can be read by others", async (t) => {
    const other = join(await temporaryFolder(t), "other");
    await writeFile(other, "precious", { mode: 0o600 });
    for (const name of ["state.db", "state.db-wal"]) {
      for (const [make, sentence] of [
        [(path: string) => symlink(other, path), "is a link"],
        [(path: string) => link(other, path), "has another name elsewhere (a hard link)"],
        [(path: string) => mkdir(path), "is not a file"],
        [(path: string) => writeFile(path, "", { mode: 0o644 }), "is one that other users may read: run chmod 600 on it, or name a new folder"],
      ] as const) {
        const folder = await temporaryFolder(t);
        const path = join(folder, name);
        await make(path);
        assert.equal(await refusalOf(folder), `--state-dir: ${path} ${sentence}.`);
      }
    }
    assert.equal(await readFile(other, "utf8"), "precious");
  });

  it("is refused where it is no database, another program's, or another version's, and is left as it is", async (t) => {
    const broken = await closedState(t);
    const garbage = Buffer.alloc(8_192, "no database ");
    await writeFile(join(broken, "state.db"), garbage);
    assert.equal(await refusalOf(broken), `--state-dir: ${join(broken, "state.db")} cannot be used: the file is no database, or is damaged.`);
    assert.deepEqual(await readFile(join(broken, "state.db")), garbage);
    for (const [sql, sentence] of [
      ["PRAGMA application_id = 7", "is another program's database"],
      ["PRAGMA user_version = 99", "was written by another version of this server (its tables are version 99, here they are 1): start that one, or name a new folder"],
    ] as const) {
      const folder = await closedState(t);
      const database = new StateDatabase(folder);
      await database.open();
      database.get(sql);
      await database.close();
      assert.equal(await refusalOf(folder), `--state-dir: ${join(folder, "state.db")} ${sentence}.`);
    }
  });

  it("that was damaged in its middle fails those requests that need what is gone, in words", async (t) => {
    const folder = join(await temporaryFolder(t), "state");
    const first = (await openState(t, folder)).state;
    for (let number = 0; number < 50; number++) first.responses.keep({ id: `resp_${number}`, input: [{ content: "x".repeat(5_000) }], output: [], body: "{}" as never });
    await first.close();
    const file = await readFile(join(folder, "state.db"));
    file.fill(0x5a, 30 * 4_096);
    await writeFile(join(folder, "state.db"), file);
    const { state } = await openState(t, folder);
    assert.throws(() => {
      for (let number = 0; number < 50; number++) state.responses.conversation(`resp_${number}`);
    }, { code: "storage_failed", message: /^The state of this server \(--state-dir\) cannot be read: the file is (?:no database, or is )?damaged\.$/u });
  });
});

describe("a Node without SQLite", () => {
  it("is refused with a sentence, and nothing is made", async (t) => {
    const folder = join(await temporaryFolder(t), "state");
    const database = new StateDatabase(folder, () => undefined);
    await assert.rejects(database.open(), { name: "StateError", message: `--state-dir needs the SQLite that is part of Node 22.13 and newer; this is Node ${process.versions.node}.` });
    await assert.rejects(lstat(folder), { code: "ENOENT" });
  });
});

/** Removes folders that servers left behind when they died, even while other servers are doing the same. */

import { lstat, readdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { folderUse, removeNote } from "./folder-note.ts";
import { discard, isCode, removeTree, standingAt } from "../own-folder.ts";
import type { World } from "./world.ts";

/** The names of folders that a server is making or removing; they remain if it is killed meanwhile. */
const remainsName = /^(?:new|old)-/;
/** The age, in milliseconds, beyond which no server can still be making or removing a folder. */
const remainsMsMax = 60 * 60_000;

/**
 * Removes a folder of this user that is empty or was left by a server that is gone. Returns false if the folder must
 * stay, true if its path may be free now.
 */
export async function makeRoom(path: string, world: World): Promise<boolean> {
  const use = await folderUse(path, world);
  switch (use.kind) {
    case "in use": return false;
    case "left":
      // Another server may have removed this folder by now, and have put its own here. Only one server succeeds in
      // removing the note, whose name has the id of the server that is gone. That one alone may remove the folder.
      if (await removeNote(use.note)) await discard(path, world.randomId());
      return true;
    case "not noted":
      return await rmdir(path).then(() => true, (error: unknown) => isCode(error, "ENOENT"));
  }
}

/** Removes from `root` the folders of servers that are gone, and old ones that were being made or removed. */
export async function sweep(root: string, world: World): Promise<void> {
  for (const name of await readdir(root)) {
    const path = join(root, name);
    try {
      if ((await standingAt(path)).kind !== "own") continue;
      const { kind } = await folderUse(path, world);
      if (kind === "left") await makeRoom(path, world);
      if (kind === "not noted" && remainsName.test(name) && await isOld(path, world)) await removeTree(path);
    } catch {
      // Ignored: another server may be removing the same folder.
    }
  }
}

async function isOld(path: string, { clock }: World): Promise<boolean> {
  const { mtimeMs } = await lstat(path);
  return clock.now() - mtimeMs > remainsMsMax;
}

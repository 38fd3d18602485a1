/** What servers that are gone left behind, and how it is removed while others do the same. */

import { lstat, readdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { folderUse, removeNote } from "./folder-note.ts";
import { discard, isCode, removeTree, standingAt } from "./own-folder.ts";

/** What a server was making or removing when it was killed has these names. */
const remainsName = /^(?:new|old)-/;
/** How old they are when no server can be at it any more. */
const remainsMsMax = 60 * 60_000;

/** Removes a folder of this user's that is empty or was left by a server that is gone. False where it must stay. */
export async function makeRoom(path: string): Promise<boolean> {
  const use = await folderUse(path);
  switch (use.kind) {
    case "in use": return false;
    case "left":
      // Another server may have done this by now, and have its own folder here. Only one of them succeeds in removing
      // the note, whose name has an id; that one alone may remove the folder.
      if (await removeNote(use.note)) await discard(path);
      return true;
    case "not noted":
      return await rmdir(path).then(() => true, (error: unknown) => isCode(error, "ENOENT"));
  }
}

/** Removes what servers that are gone left: folders with a note of theirs, and what they were making or removing. */
export async function sweep(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const path = join(root, name);
    try {
      if ((await standingAt(path)).kind !== "own") continue;
      const { kind } = await folderUse(path);
      if (kind === "left") await makeRoom(path);
      if (kind === "not noted" && remainsName.test(name) && await isOld(path)) await removeTree(path);
    } catch {
      // Another server removes it too.
    }
  }
}

async function isOld(path: string): Promise<boolean> {
  const { mtimeMs } = await lstat(path);
  return Date.now() - mtimeMs > remainsMsMax;
}

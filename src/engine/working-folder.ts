/**
 * Where the processes run and write what they must: `claude-max-api-UID/PORT`, the same at each start, because the CLI
 * tells the model its cwd, and a changing one would spoil the prompt cache. Removed at the end.
 */

import { randomUUID } from "node:crypto";
import { mkdtemp, rename, rmdir } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "../log.ts";
import { ensureNote, hasNoteOf, notePath, removeNote } from "./folder-note.ts";
import { type FolderPlace, parentFolder } from "./folder-place.ts";
import { makeRoom, sweep } from "./left-folders.ts";
import { discard, ensureOwn, identityOf, isCode, removeTree, standingAt } from "./own-folder.ts";

/** What is made in the folder, each empty at first. A further one is a line here, and a path in `WorkingFolder`. */
const subfolders = {
  /** The processes' cwd, one for all. */
  cwd: "empty",
  /** For the CLI's own temporary files. */
  temporary: "tmp",
  /** Its configuration, which nobody else has. */
  config: "config",
  /** What it caches: logs of its tool servers. */
  cache: "cache",
} as const;

type Subfolders = { readonly [Name in keyof typeof subfolders]: string };

/** The paths of the folders in it, and what can be asked of all together. */
export interface WorkingFolder extends Subfolders {
  readonly path: string;
  /** The server's, which its note has. */
  readonly id: string;
  /** Whether the path still has the folder that was made, whole or not. */
  readonly isOwn: () => Promise<boolean>;
  /** Whether all of it is as it was made: what cleans temporary files may have removed parts. Never rejects. */
  readonly isThere: () => Promise<boolean>;
  /** Removes it, if the path still has it. */
  readonly remove: () => Promise<void>;
}

/** How many servers of one port, on different addresses, have a folder of the same name each time. */
const sameNameMax = 9;
/** How often a folder is claimed that others claim, make or remove at the same time. */
const attemptsMax = 5;
/**
 * Makes the folder, or mends `lost`, which this server had at the same path. What servers that are gone left is
 * removed. Where another user or a link has the place, that is left alone, a warning names it, and the folder is a new
 * one beside it. Rejects when none can be made.
 */
export async function makeWorkingFolder(
  place: FolderPlace, log?: Pick<Logger, "warn">, lost?: WorkingFolder,
): Promise<WorkingFolder> {
  const root = join(await parentFolder(place), `claude-max-api-${process.geteuid?.() ?? "user"}`);
  const id = lost?.id ?? randomUUID();
  if (place.name !== undefined) {
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      try {
        const path = await namedFolder(root, place.name, id, lost);
        if (typeof path === "string") return await opened(path, id, root);
        log?.warn("the working folder's place is taken; a new folder is made", { place: path.place, it_is: path.what });
        break;
      } catch (error) {
        // A server of the same user that ends removes the root, when it is empty.
        if (!isCode(error, "ENOENT") || attempt === attemptsMax) throw error;
      }
    }
  }
  const path = await mkdtemp(`${root}-`);
  await fill(path, id);
  return await opened(path, id);
}

interface Taken {
  readonly place: string;
  readonly what: string;
}

/** The path of a folder that is this server's alone, or what stands in its place. */
async function namedFolder(
  root: string, name: string, id: string, lost: WorkingFolder | undefined,
): Promise<string | Taken> {
  const standing = await ensureOwn(root);
  if (standing.kind === "foreign") return { place: root, what: standing.what };
  const built = await mkdtemp(join(root, "new-"));
  try {
    await fill(built, id);
    await sweep(root);
    for (let number = 1; number <= sameNameMax; number++) {
      const path = join(root, number === 1 ? name : `${name}-${number}`);
      const claim = await claimPath(path, built, lost);
      if (claim.kind === "claimed") return path;
      if (claim.kind === "foreign") return { place: path, what: claim.what };
    }
    return { place: join(root, name), what: "in use by other servers" };
  } finally {
    await removeTree(built);
  }
}

type Claim =
  | { readonly kind: "claimed" }
  /** By another server's folder, or by one that may not be removed: the next number may be free. */
  | { readonly kind: "occupied" }
  | { readonly kind: "foreign"; readonly what: string };

/** Puts the folder that was built at the path, in one step, so that no two servers have it; else says what is there. */
async function claimPath(path: string, built: string, lost: WorkingFolder | undefined): Promise<Claim> {
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const standing = await standingAt(path);
    if (standing.kind === "foreign") return standing;
    if (standing.kind === "own") {
      if (path === lost?.path && await lost.isOwn()) return await fill(path, lost.id);
      if (!await makeRoom(path)) return { kind: "occupied" };
    }
    try {
      await rename(built, path);
      return { kind: "claimed" };
    } catch (error) {
      // Another server was faster (EPERM: so says Windows).
      if (!isCode(error, "EEXIST", "ENOTEMPTY", "EPERM")) throw error;
    }
  }
  return { kind: "occupied" };
}

/**
 * Makes what is missing; what is there and is a folder of this user's stays, with the processes that run in it. Else
 * says what is there.
 */
async function fill(path: string, id: string): Promise<Claim> {
  for (const name of Object.values(subfolders)) {
    const standing = await ensureOwn(join(path, name));
    if (standing.kind === "foreign") return { kind: "foreign", what: `with ${standing.what} in it at ${name}` };
  }
  await ensureNote(path, id);
  return { kind: "claimed" };
}

async function opened(path: string, id: string, root?: string): Promise<WorkingFolder> {
  const levels = [...(root === undefined ? [] : [root]), path];
  const places = [...levels, notePath(path, id), ...Object.values(subfolders).map((name) => join(path, name))];
  const identity = async (): Promise<string> => (await Promise.all(places.map(identityOf))).join("; ");
  const made = await identity();
  const madeHere = await identityOf(path);
  const isOwn = async (): Promise<boolean> => {
    for (const level of levels) if ((await standingAt(level)).kind !== "own") return false;
    // What cleans temporary files may have removed the note alone: then its inode tells.
    return await hasNoteOf(path, id) ?? await identityOf(path) === madeHere;
  };
  return {
    path, id, isOwn,
    cwd: join(path, subfolders.cwd),
    temporary: join(path, subfolders.temporary),
    config: join(path, subfolders.config),
    cache: join(path, subfolders.cache),
    isThere: () => identity().then((now) => now === made, () => false),
    remove: async () => {
      if (!await isOwn()) return;
      const isNoted = await hasNoteOf(path, id) === true;
      if (isNoted && !await removeNote(notePath(path, id))) return;
      // A named one is renamed first, so that the name is free at once; nobody waits for the other's.
      await (root === undefined ? removeTree(path) : discard(path));
      // Only when it is empty: it may hold other servers' folders.
      if (root !== undefined) await rmdir(root).catch(() => {});
    },
  };
}

/**
 * The folder in which the processes run and write their files: `claude-max-api-UID/PORT`. Its path is the same at each
 * start: the CLI tells the model its cwd, and a new path would invalidate the prompt cache. It is removed at shutdown.
 */

import { mkdtemp, rename, rmdir } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "../log.ts";
import { ensureNote, hasNoteOf, notePath, removeNote } from "./folder-note.ts";
import { type FolderPlace, parentFolder } from "./folder-place.ts";
import { makeRoom, sweep } from "./left-folders.ts";
import { discard, ensureOwn, identityOf, isCode, removeTree, standingAt } from "../own-folder.ts";
import type { World } from "./world.ts";

/** The subfolders, each empty at first. To add one, add a line here and its path in `opened`. */
const subfolders = {
  /** The cwd of all processes. */
  cwd: "empty",
  /** The CLI's temporary files. */
  temporary: "tmp",
  /** The CLI's configuration, which belongs to this server alone. */
  config: "config",
  /** The CLI's cache, into which it writes logs of its tool servers. */
  cache: "cache",
} as const;

type Subfolders = { readonly [Name in keyof typeof subfolders]: string };

/** A working folder, with the paths of its subfolders. */
export interface WorkingFolder extends Subfolders {
  readonly path: string;
  /** The server's id, which is in the name of the folder's note. */
  readonly id: string;
  /** Whether the folder at the path is still this server's, even if parts of it are gone. */
  readonly isOwn: () => Promise<boolean>;
  /** Whether the folder is unchanged: a cleaner of temporary files may have removed parts of it. Never rejects. */
  readonly isThere: () => Promise<boolean>;
  /** Removes the folder, if the one at the path is still this server's. */
  readonly remove: () => Promise<void>;
}

/** How many servers with the same port, on different addresses, can have a folder whose name is the same each time. */
const sameNameMax = 9;
/** How many attempts to claim a folder are made while other servers claim, make or remove it. */
const attemptsMax = 5;
/**
 * Makes the folder, or repairs `lost`, which this server had at the same path. Removes what servers that are gone left
 * behind. If something else is at the path, such as a link or another user's folder, it is not touched: a warning names
 * it, and a folder with a new name is made beside it. Rejects if no folder can be made.
 */
export async function makeWorkingFolder(
  place: FolderPlace, world: World, log?: Pick<Logger, "warn">, lost?: WorkingFolder,
): Promise<WorkingFolder> {
  const root = join(await parentFolder(place), `claude-max-api-${process.geteuid?.() ?? "user"}`);
  const server: Server = { id: lost?.id ?? world.randomId(), lost, world };
  if (place.name !== undefined) {
    for (let attempt = 1; attempt <= attemptsMax; attempt++) {
      try {
        const path = await namedFolder(root, place.name, server);
        if (typeof path === "string") return await opened(path, server, root);
        log?.warn("the working folder's place is taken; a new folder is made", { place: path.place, it_is: path.what });
        break;
      } catch (error) {
        // ENOENT: another server of this user, at its shutdown, has just removed the root, which was empty. Try again.
        if (!isCode(error, "ENOENT") || attempt === attemptsMax) throw error;
      }
    }
  }
  const path = await mkdtemp(`${root}-`);
  await fill(path, server);
  return await opened(path, server);
}

/** The server that makes a folder. */
interface Server {
  readonly id: string;
  /** The folder that it had before, of which another program has removed parts. */
  readonly lost: WorkingFolder | undefined;
  readonly world: World;
}

/** A path that cannot be used, and what is there. */
interface Taken {
  readonly place: string;
  readonly what: string;
}

/** Claims a folder of the given name, or of that name with a number. Returns its path, or what is in its place. */
async function namedFolder(root: string, name: string, server: Server): Promise<string | Taken> {
  const standing = await ensureOwn(root);
  if (standing.kind === "foreign") return { place: root, what: standing.what };
  const built = await mkdtemp(join(root, "new-"));
  try {
    await fill(built, server);
    await sweep(root, server.world);
    for (let number = 1; number <= sameNameMax; number++) {
      const path = join(root, number === 1 ? name : `${name}-${number}`);
      const claim = await claimPath(path, built, server);
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
  /** The path has a folder that may not be removed, such as another server's. The next number may be free. */
  | { readonly kind: "occupied" }
  | { readonly kind: "foreign"; readonly what: string };

/** Claims a path by renaming the folder `built` to it, which is atomic: only one server gets it. Else tells why not. */
async function claimPath(path: string, built: string, server: Server): Promise<Claim> {
  const { lost, world } = server;
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const standing = await standingAt(path);
    if (standing.kind === "foreign") return standing;
    if (standing.kind === "own") {
      if (path === lost?.path && await lost.isOwn()) return await fill(path, server);
      if (!await makeRoom(path, world)) return { kind: "occupied" };
    }
    try {
      await rename(built, path);
      return { kind: "claimed" };
    } catch (error) {
      // Another server has claimed the path meanwhile (on Windows the code is EPERM). Look again.
      if (!isCode(error, "EEXIST", "ENOTEMPTY", "EPERM")) throw error;
    }
  }
  return { kind: "occupied" };
}

/**
 * Makes the subfolders and the note that are missing. Existing subfolders of this user stay: processes may run in them.
 * If something else is in a subfolder's place, stops and returns what it is.
 */
async function fill(path: string, { id, world }: Server): Promise<Claim> {
  for (const name of Object.values(subfolders)) {
    const standing = await ensureOwn(join(path, name));
    if (standing.kind === "foreign") return { kind: "foreign", what: `with ${standing.what} in it at ${name}` };
  }
  await ensureNote(path, id, world);
  return { kind: "claimed" };
}

async function opened(path: string, { id, world }: Server, root?: string): Promise<WorkingFolder> {
  const levels = [...(root === undefined ? [] : [root]), path];
  const places = [...levels, notePath(path, id), ...Object.values(subfolders).map((name) => join(path, name))];
  const identity = async (): Promise<string> => (await Promise.all(places.map(identityOf))).join("; ");
  const made = await identity();
  const madeHere = await identityOf(path);
  const isOwn = async (): Promise<boolean> => {
    for (const level of levels) if ((await standingAt(level)).kind !== "own") return false;
    // A cleaner of temporary files may have removed only the note. Then the folder's inode decides.
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
      // `discard` renames the folder first, so that its name is free at once. A random name is not used again.
      await (root === undefined ? removeTree(path) : discard(path, world.randomId()));
      // This fails, as intended, if the root still has other servers' folders.
      if (root !== undefined) await rmdir(root).catch(() => {});
    },
  };
}

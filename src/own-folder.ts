/** Folders that belong to this user. Ownership is read from the file system each time, never inferred from a name. */

import { chmod, lstat, mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Permissions: only this user may enter. */
const ownMode = 0o700;
/** This user's id; 0 on Windows, where Node reports 0 as every file's owner. */
const ownUid = (): number => process.geteuid?.() ?? 0;

/** What is at a path: nothing, a folder of this user, or something that must not be touched (`what` names it). */
export type Standing =
  | { readonly kind: "nothing" }
  | { readonly kind: "own" }
  | { readonly kind: "foreign"; readonly what: string };

/** Tells what is at a path. A link there is not followed. Links in its parent folders are, so check those first. */
export async function standingAt(path: string): Promise<Standing> {
  try {
    const status = await lstat(path);
    if (status.isSymbolicLink()) return { kind: "foreign", what: "a link" };
    if (!status.isDirectory()) return { kind: "foreign", what: "not a folder" };
    return status.uid === ownUid() ? { kind: "own" } : { kind: "foreign", what: "another user's" };
  } catch (error) {
    if (isCode(error, "ENOENT")) return { kind: "nothing" };
    throw error;
  }
}

/** Makes a folder if there is none, and sets the permissions of this user's own. Anything else at the path is left. */
export async function ensureOwn(path: string): Promise<Standing> {
  try {
    await mkdir(path, { mode: ownMode });
  } catch (error) {
    if (!isCode(error, "EEXIST")) throw error;
  }
  const standing = await standingAt(path);
  if (standing.kind === "own") await chmod(path, ownMode);
  return standing;
}

/** Identifies a file or folder by its inode, so that another one at the same path differs. Rejects if there is none. */
export async function identityOf(path: string): Promise<string> {
  const { dev, ino, uid, mode } = await lstat(path);
  return `${dev} ${ino} ${uid} ${mode}`;
}

/**
 * Removes what is at a path. Renames it first, so that the path is free at once. Links in it are removed, not followed.
 * `id` is new for each call.
 */
export async function discard(path: string, id: string): Promise<void> {
  const aside = join(dirname(path), `old-${id}`);
  await rename(path, aside);
  await removeTree(aside);
}

/** Removes a folder and all in it, if it exists. Retries, because an exiting process may add a last file to it. */
export async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

/** Whether an error of a file system call has one of these codes. */
export function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? "");
}

/** Folders that belong to this user: asked of the file system each time, never concluded from a name. */

import { randomUUID } from "node:crypto";
import { chmod, lstat, mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Only this user may enter. */
const ownMode = 0o700;
/** Windows gives every file the owner 0. */
const ownUid = (): number => process.geteuid?.() ?? 0;

/** What stands at a path: nothing, a real folder of this user's, or something that must not be touched, in words. */
export type Standing =
  | { readonly kind: "nothing" }
  | { readonly kind: "own" }
  | { readonly kind: "foreign"; readonly what: string };

/** Looks at the path itself: a link is not followed. The levels above it are followed, so look at those first. */
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

/** Makes the folder where there is none, and closes one of this user's to everybody else. Nothing else is touched. */
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

/** Which folder or file it is, whatever its name; another one at the same path differs. Rejects where there is none. */
export async function identityOf(path: string): Promise<string> {
  const { dev, ino, uid, mode } = await lstat(path);
  return `${dev} ${ino} ${uid} ${mode}`;
}

/**
 * Removes what stands at the path. It is first given another name, so that its own is free at once. Links in it are
 * removed, not followed.
 */
export async function discard(path: string): Promise<void> {
  const aside = join(dirname(path), `old-${randomUUID()}`);
  await rename(path, aside);
  await removeTree(aside);
}

/** Removes a folder and all in it; no error where there is none. A process that just ended may write its last file. */
export async function removeTree(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

/** Whether a file system call failed with one of these codes. */
export function isCode(error: unknown, ...codes: readonly string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? "");
}

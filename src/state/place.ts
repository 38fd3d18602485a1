/**
 * The folder of `--state-dir` and the files in it. Only this user may enter or read them. Each is looked at before it
 * is used: a link, another user's folder, or one that others may enter is refused with a sentence, never repaired.
 */

import { lstat, mkdir, open, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ensureOwn, isCode, standingAt } from "../own-folder.ts";

/** The database's name in the folder. SQLite keeps its log beside it, under the same name with `-wal`. */
const fileName = "state.db";
const logSuffixes = ["-wal", "-shm", "-journal"] as const;
const lockName = "lock.db";
const fileMode = 0o600;
/** The permissions of everybody but the owner. */
const othersMode = 0o077;

/** The files of a state. */
export interface StateFiles {
  /** The database. */
  readonly file: string;
  /** What the server that uses the folder has locked. */
  readonly lock: string;
}

/** Makes the folder and empty files where there are none. Rejects with a sentence. */
export async function statePlace(folder: string): Promise<StateFiles> {
  try {
    await mkdir(dirname(folder), { recursive: true });
    const before = await standingAt(folder);
    const isNew = before.kind === "nothing" || (before.kind === "own" && (await readdir(folder)).length === 0);
    const standing = isNew ? await ensureOwn(folder) : before;
    if (standing.kind === "foreign") throw refusal(folder, `is ${standing.what}`);
    await refuseOthers(folder, "enter", "700");
    const [file, lock] = [join(folder, fileName), join(folder, lockName)];
    for (const path of [file, lock]) for (const suffix of ["", ...logSuffixes]) await checkFile(path + suffix);
    for (const path of [file, lock]) await makeFile(path);
    return { file, lock };
  } catch (error) {
    if (error instanceof StateError) throw error;
    throw refusal(folder, `cannot be used: ${(error as Error).message}`);
  }
}

/** Thrown where `--state-dir` cannot be served. Its message is a sentence that names the folder. */
export class StateError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "StateError";
  }
}

/** Makes the error for a folder; `what` completes the sentence that begins with it. */
export function refusal(folder: string, what: string): StateError {
  return new StateError(`--state-dir: ${folder} ${what}.`);
}

/** Makes a file before SQLite opens it, which would let others read it. SQLite gives its log the same permissions. */
async function makeFile(path: string): Promise<void> {
  try {
    await (await open(path, "wx", fileMode)).close();
  } catch (error) {
    if (!isCode(error, "EEXIST")) throw error;
  }
}

async function checkFile(path: string): Promise<void> {
  const status = await lstat(path).catch((error: unknown) => {
    if (isCode(error, "ENOENT")) return undefined;
    throw error;
  });
  if (status === undefined) return;
  if (status.isSymbolicLink()) throw refusal(path, "is a link");
  if (!status.isFile()) throw refusal(path, "is not a file");
  if (process.geteuid !== undefined && status.uid !== process.geteuid()) throw refusal(path, "is another user's");
  if (status.nlink > 1) throw refusal(path, "has another name elsewhere (a hard link)");
  await refuseOthers(path, "read", "600");
}

/** Windows has no such permissions: there the user's profile is closed to others. */
async function refuseOthers(path: string, what: "enter" | "read", mode: string): Promise<void> {
  if (process.platform === "win32" || ((await lstat(path)).mode & othersMode) === 0) return;
  throw refusal(path, `is one that other users may ${what}: run chmod ${mode} on it, or name a new folder`);
}

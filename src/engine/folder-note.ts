/** The note in a working folder that says whose it is: the process, when that began, and on which machine. */

import { lstat, readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

const noteBytesMax = 1_024;

interface Note {
  readonly pid: number;
  /** Unix time in milliseconds. After a restart in a container another process has the same pid. */
  readonly startedAtMs: number;
  /** Two containers may share a folder and have the same pids. */
  readonly host: string;
}

/** Where the note stands in a folder. */
export const notePath = (folder: string): string => join(folder, "server.json");

/** Notes this process as the folder's. */
export async function writeNote(folder: string): Promise<void> {
  const path = notePath(folder);
  // Made anew: what stands there may be a link.
  await rm(path, { recursive: true, force: true });
  await writeFile(path, JSON.stringify(ownNote()), { mode: 0o600, flag: "wx" });
}

/**
 * Whose the folder is: a server's that runs (or may: on another machine that is not known), one's that is gone, or
 * nobody's who left a note. Never rejects.
 */
export async function folderUse(folder: string): Promise<"in use" | "left" | "not noted"> {
  const note = await readNote(notePath(folder));
  if (note === undefined) return "not noted";
  const own = ownNote();
  if (note.host !== own.host) return "in use";
  if (note.pid === own.pid) return note.startedAtMs === own.startedAtMs ? "in use" : "left";
  return isRunning(note.pid) ? "in use" : "left";
}

function ownNote(): Note {
  return { pid: process.pid, startedAtMs: performance.timeOrigin, host: hostname() };
}

async function readNote(path: string): Promise<Note | undefined> {
  try {
    const status = await lstat(path);
    if (!status.isFile() || status.size > noteBytesMax) return undefined;
    const { pid, startedAtMs, host } = JSON.parse(await readFile(path, "utf8")) as Partial<Note>;
    // A signal to 0 or below would be one to a whole group.
    if (!Number.isSafeInteger(pid) || Number(pid) <= 0 || typeof startedAtMs !== "number" || typeof host !== "string") {
      return undefined;
    }
    return { pid: Number(pid), startedAtMs, host };
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, but it is another user's.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

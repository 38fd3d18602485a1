/**
 * The note in a working folder that says whose it is: which server's, in which process, and on which machine. Its name
 * has the server's id, so removing it by its path tells whether the folder is still that server's.
 */

import { lstat, readdir, readFile, rm, unlink, writeFile } from "node:fs/promises";
import { hostname, uptime } from "node:os";
import { join } from "node:path";
import { isCode } from "./own-folder.ts";

const noteBytesMax = 1_024;
const noteName = /^server-[0-9a-f-]{36}\.json$/;
/** The clock may have been corrected by a few seconds since the machine started. */
const bootSlackMs = 5_000;

interface Note {
  readonly pid: number;
  /** Unix time in milliseconds. After a restart in a container another process has the same pid. */
  readonly startedAtMs: number;
  /** Two containers may share a folder and have the same pids. */
  readonly host: string;
  /** The id of this start of the machine, which Linux alone has. */
  readonly bootId?: string | undefined;
}

/** Whose a folder is. One in use may be on another machine, of whose processes nothing is known. */
export type FolderUse =
  | { readonly kind: "in use" }
  | { readonly kind: "left"; readonly note: string }
  | { readonly kind: "not noted" };

/** Where the note of the server `id` stands in a folder. */
export const notePath = (folder: string, id: string): string => join(folder, `server-${id}.json`);

/** Notes this process as the folder's, for the server `id`, where it is not noted yet. */
export async function ensureNote(folder: string, id: string): Promise<void> {
  const path = notePath(folder, id);
  if (await readNote(path) !== undefined) return;
  // Something else stands there: a link, a folder, or a note that was cut short.
  await rm(path, { recursive: true, force: true });
  const note: Note = { ...ownProcess(), bootId: await readBootId() };
  await writeFile(path, JSON.stringify(note), { mode: 0o600, flag: "wx" });
}

/** Takes the note away. False where there is none: of several servers that want to, one alone succeeds. */
export async function removeNote(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (isCode(error, "ENOENT")) return false;
    throw error;
  }
}

/** Whether the folder has the note of the server `id`, or another's; undefined where it has none. */
export async function hasNoteOf(folder: string, id: string): Promise<boolean | undefined> {
  const notes = await notesIn(folder);
  return notes.length === 0 ? undefined : notes.includes(notePath(folder, id));
}

/** Whether a server that runs has the folder, one that is gone left it, or no note says whose it is. Never rejects. */
export async function folderUse(folder: string): Promise<FolderUse> {
  const [path, ...further] = await notesIn(folder).catch(() => []);
  const note = path === undefined || further.length > 0 ? undefined : await readNote(path);
  if (path === undefined || note === undefined) return { kind: "not noted" };
  return isInUse(note, await readBootId()) ? { kind: "in use" } : { kind: "left", note: path };
}

/** The paths of a folder's notes. There is one, unless somebody else has written there. */
async function notesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder);
  return names.filter((name) => noteName.test(name)).map((name) => join(folder, name));
}

function isInUse({ pid, startedAtMs, host, bootId }: Note, ownBootId: string | undefined): boolean {
  const own = ownProcess();
  if (host !== own.host) return true;
  if (pid === own.pid) return startedAtMs === own.startedAtMs;
  const bootedAtMs = Date.now() - uptime() * 1000;
  // By the id where there is one: a machine without a clock battery sets its clock long after it has started.
  const isOfThisBoot = bootId !== undefined && ownBootId !== undefined
    ? bootId === ownBootId
    : startedAtMs >= bootedAtMs - bootSlackMs;
  return isOfThisBoot && isRunning(pid);
}

function ownProcess(): Note {
  return { pid: process.pid, startedAtMs: performance.timeOrigin, host: hostname() };
}

async function readBootId(): Promise<string | undefined> {
  if (process.platform !== "linux") return undefined;
  const text = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "");
  return text.trim() || undefined;
}

async function readNote(path: string): Promise<Note | undefined> {
  try {
    const status = await lstat(path);
    if (!status.isFile() || status.size > noteBytesMax) return undefined;
    const { pid, startedAtMs, host, bootId } = JSON.parse(await readFile(path, "utf8")) as Partial<Note>;
    // A signal to 0 or below would be one to a whole group.
    if (!Number.isSafeInteger(pid) || Number(pid) <= 0 || typeof startedAtMs !== "number" || typeof host !== "string") {
      return undefined;
    }
    return { pid: Number(pid), startedAtMs, host, bootId: typeof bootId === "string" ? bootId : undefined };
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
    return !isCode(error, "ESRCH");
  }
}

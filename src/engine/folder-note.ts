/**
 * The note: a file in a working folder that says which server owns the folder, by process and machine. The file's name
 * has the owner's id. So whoever removes a note by its path knows, if that succeeds, that the owner had not changed.
 */

import { lstat, readdir, readFile, rm, unlink, writeFile } from "node:fs/promises";
import { hostname, uptime } from "node:os";
import { join } from "node:path";
import { isCode } from "../own-folder.ts";
import type { World } from "./world.ts";

const noteBytesMax = 1_024;
const noteName = /^server-[0-9a-f-]{36}\.json$/;
/** Tolerance when a start time is compared with the boot time: the clock may have been corrected by a few seconds. */
const bootSlackMs = 5_000;

interface Note {
  readonly pid: number;
  /** Unix time in milliseconds. Tells apart processes with the same pid, as after a container's restart. */
  readonly startedAtMs: number;
  /** The host's name. Tells apart containers that share a folder and have the same pids. */
  readonly host: string;
  /** The id of the machine's current boot; only Linux has one. */
  readonly bootId?: string | undefined;
  /**
   * When the process was started, in clock ticks since the boot; only Linux tells. Tells it apart from a process that
   * has got its pid since, whatever was done to the clock.
   */
  readonly startTicks?: number | undefined;
}

/**
 * Whether a folder has an owner. `in use`: its server runs, or is on another host and cannot be checked. `left`: its
 * server is gone; `note` is the path of its note. `not noted`: there is no readable note.
 */
export type FolderUse =
  | { readonly kind: "in use" }
  | { readonly kind: "left"; readonly note: string }
  | { readonly kind: "not noted" };

/** The path of the note of the server `id` in a folder. */
export const notePath = (folder: string, id: string): string => join(folder, `server-${id}.json`);

/** Writes this process's note for the server `id` into a folder, unless a readable one is there already. */
export async function ensureNote(folder: string, id: string, world: World): Promise<void> {
  const path = notePath(folder, id);
  if (await readNote(path) !== undefined) return;
  // What is at the path is not a note, but a link, a folder, or a note that was only partly written.
  await rm(path, { recursive: true, force: true });
  const note: Note = {
    ...ownProcess(world), bootId: await readBootId(), startTicks: await readStartTicks(process.pid),
  };
  await writeFile(path, JSON.stringify(note), { mode: 0o600, flag: "wx" });
}

/** Removes a note. Returns false if it is gone already: of several servers that try, only one gets true. */
export async function removeNote(path: string): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (isCode(error, "ENOENT")) return false;
    throw error;
  }
}

/**
 * True if a folder has the note of the server `id`, false if it only has another server's, undefined if it has none.
 */
export async function hasNoteOf(folder: string, id: string): Promise<boolean | undefined> {
  const notes = await notesIn(folder);
  return notes.length === 0 ? undefined : notes.includes(notePath(folder, id));
}

/** Reads a folder's note and checks whether its server still runs. Never rejects. */
export async function folderUse(folder: string, world: World): Promise<FolderUse> {
  const [path, ...further] = await notesIn(folder).catch(() => []);
  const note = path === undefined || further.length > 0 ? undefined : await readNote(path);
  if (path === undefined || note === undefined) return { kind: "not noted" };
  return await isInUse(note, world) ? { kind: "in use" } : { kind: "left", note: path };
}

/** The paths of a folder's notes: one, unless another program has written there. */
async function notesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder);
  return names.filter((name) => noteName.test(name)).map((name) => join(folder, name));
}

async function isInUse({ pid, startedAtMs, host, bootId, startTicks }: Note, world: World): Promise<boolean> {
  const own = ownProcess(world);
  if (host !== own.host) return true;
  if (pid === own.pid) return startedAtMs === own.startedAtMs;
  const bootedAtMs = world.clock.now() - uptime() * 1000;
  const ownBootId = await readBootId();
  // Compare boot ids if there are any: a machine without a clock battery sets its clock long after its boot.
  const isOfThisBoot = bootId !== undefined && ownBootId !== undefined
    ? bootId === ownBootId
    : startedAtMs >= bootedAtMs - bootSlackMs;
  return isOfThisBoot && isRunning(pid) && !await hasOtherStart(pid, startTicks);
}

/** Whether the process with this pid is known to be another than the one that was started at that tick. */
async function hasOtherStart(pid: number, startTicks: number | undefined): Promise<boolean> {
  const ticks = await readStartTicks(pid);
  return ticks !== undefined && startTicks !== undefined && ticks !== startTicks;
}

function ownProcess({ startedAtMs }: World): Note {
  return { pid: process.pid, startedAtMs, host: hostname() };
}

async function readBootId(): Promise<string | undefined> {
  if (process.platform !== "linux") return undefined;
  const text = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "");
  return text.trim() || undefined;
}

async function readStartTicks(pid: number): Promise<number | undefined> {
  if (process.platform !== "linux") return undefined;
  const text = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "");
  // The second field is the program's name, in parentheses; it may hold spaces and parentheses. The 22nd is the start.
  const ticks = Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[19]);
  return Number.isSafeInteger(ticks) ? ticks : undefined;
}

async function readNote(path: string): Promise<Note | undefined> {
  try {
    const status = await lstat(path);
    if (!status.isFile() || status.size > noteBytesMax) return undefined;
    const { pid, startedAtMs, host, bootId, startTicks } = JSON.parse(await readFile(path, "utf8")) as Partial<Note>;
    // Reject a pid of 0 or below: a signal to it would reach a whole process group.
    if (!Number.isSafeInteger(pid) || Number(pid) <= 0 || typeof startedAtMs !== "number" || typeof host !== "string") {
      return undefined;
    }
    return {
      pid: Number(pid), startedAtMs, host, bootId: typeof bootId === "string" ? bootId : undefined,
      startTicks: typeof startTicks === "number" ? startTicks : undefined,
    };
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM means that the process runs but belongs to another user.
    return !isCode(error, "ESRCH");
  }
}

import { lstat, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

const prefix = "claude-max-api-";

/** Where the processes run and write what they must: both empty at first, and both removed at the end. */
export interface WorkingFolder {
  /** The processes' cwd. The CLI tells it to the model, so it is one for all: a changing one would spoil the prompt cache. */
  readonly cwd: string;
  /** For the CLI's own temporary files. */
  readonly temporary: string;
  /** Whether both are still the ones that were made: what cleans a machine's temporary files may have taken them. Never rejects. */
  readonly isThere: () => Promise<boolean>;
  readonly remove: () => Promise<void>;
}

/** Makes the folder below `parent`, and removes what servers that were killed left there. Rejects when it cannot be made. */
export async function makeWorkingFolder(parent: string): Promise<WorkingFolder> {
  await sweep(parent);
  const root = await mkdtemp(join(parent, `${prefix}${process.pid}-`));
  const [cwd, temporary] = [join(root, "empty"), join(root, "tmp")];
  await mkdir(cwd);
  await mkdir(temporary);
  const places = [cwd, temporary];
  const identity = async (): Promise<string> => (await Promise.all(places.map(identityOf))).join(" ");
  const made = await identity();
  return {
    cwd, temporary,
    isThere: () => identity().then((now) => now === made, () => false),
    // A process that just ended may be writing its last file.
    remove: () => rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }),
  };
}

/** Another user may make one of the same name where ours was, with settings in it for the CLI to read. */
async function identityOf(folder: string): Promise<string> {
  const { dev, ino, uid } = await lstat(folder);
  return `${dev} ${ino} ${uid}`;
}

/** The name says whose the folder is: one whose server is gone can go. What belongs to another user stays. */
async function sweep(parent: string): Promise<void> {
  const names = await readdir(parent).catch(() => []);
  for (const name of names) {
    const pid = new RegExp(`^${prefix}(\\d+)-[A-Za-z0-9]{6}$`, "u").exec(name)?.[1];
    if (pid === undefined || isRunning(Number(pid))) continue;
    await rm(join(parent, name), { recursive: true, force: true }).catch(() => {});
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

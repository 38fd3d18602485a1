/** Decides in which of the machine's folders the working folder is made. */

import { realpath } from "node:fs/promises";
import { isAbsolute, relative, sep } from "node:path";
import { standingAt } from "../own-folder.ts";

/** Facts of the environment that decide where the working folder is made. */
export interface FolderPlace {
  /** `XDG_RUNTIME_DIR`: the user's own folder, which the system empties at logout. Preferred. */
  readonly runtime?: string | undefined;
  /** The system's folder for temporary files. */
  readonly temporary: string;
  /** The user's home. The working folder is not made inside it if the machine has another place. */
  readonly home?: string | undefined;
  /**
   * The working folder's name: the server's port, which is the same at each start and differs from the user's other
   * servers. If undefined, a new folder is made each time.
   */
  readonly name?: string | undefined;
}

/**
 * Returns the folder's path with links resolved, as processes in it will see it. Rejects if there is no such folder.
 */
export async function parentFolder({ runtime, temporary, home }: FolderPlace): Promise<string> {
  const realHome = home === undefined ? undefined : await realpath(home).catch(() => home);
  const isInHome = (folder: string): boolean => realHome !== undefined && isInside(folder, realHome);
  if (runtime !== undefined && isAbsolute(runtime)) {
    const folder = await realpath(runtime).catch(() => undefined);
    // Check the owner: after `sudo -E` the variable names another user's folder.
    if (folder !== undefined && !isInHome(folder) && (await standingAt(folder)).kind === "own") return folder;
  }
  const folder = await realpath(temporary);
  if (!isInHome(folder) || process.platform === "win32") return folder;
  const systems = await realpath("/tmp").catch(() => folder);
  // In a container, the user's home may be / or /tmp: then nothing outside it is left, so the first choice is used.
  return isInHome(systems) ? folder : systems;
}

/** Whether a folder is inside `outer`, or is the same. */
function isInside(folder: string, outer: string): boolean {
  const way = relative(outer, folder);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** Which folder of the machine the working folder is made in. */

import { realpath } from "node:fs/promises";
import { isAbsolute, relative, sep } from "node:path";
import { standingAt } from "./own-folder.ts";

/** What the place depends on; handed in. */
export interface FolderPlace {
  /** `XDG_RUNTIME_DIR`: this user's own, emptied when they log out. */
  readonly runtime?: string | undefined;
  /** Where the system keeps temporary files. */
  readonly temporary: string;
  /** The user's home. Nothing is made in it where the machine has another place. */
  readonly home?: string | undefined;
  /**
   * What tells this server from the user's others, the same at each start: its port. Without one the folder is a new
   * one each time.
   */
  readonly name?: string | undefined;
}

/** The folder without links in its path, as the processes in it will be told. Rejects where there is none. */
export async function parentFolder({ runtime, temporary, home }: FolderPlace): Promise<string> {
  const realHome = home === undefined ? undefined : await realpath(home).catch(() => home);
  const isInHome = (folder: string): boolean => realHome !== undefined && isInside(folder, realHome);
  if (runtime !== undefined && isAbsolute(runtime)) {
    const folder = await realpath(runtime).catch(() => undefined);
    // After `sudo -E` it is another user's.
    if (folder !== undefined && !isInHome(folder) && (await standingAt(folder)).kind === "own") return folder;
  }
  const folder = await realpath(temporary);
  if (!isInHome(folder) || process.platform === "win32") return folder;
  const systems = await realpath("/tmp").catch(() => folder);
  // A container's user may have / or /tmp for a home.
  return isInHome(systems) ? folder : systems;
}

/** Whether a folder stands in another, or is it. */
function isInside(folder: string, outer: string): boolean {
  const way = relative(outer, folder);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

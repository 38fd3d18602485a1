import { tmpdir } from "node:os";
import { BridgeError, shuttingDown } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { FolderPlace } from "./folder-place.ts";
import { makeWorkingFolder, type WorkingFolder } from "./working-folder.ts";
import type { World } from "./world.ts";

const fault = "The server could not make a temporary folder for the claude process";

/** What making the folder needs. */
export interface ProcessFolderOptions {
  /** Says where to make the folder. Default: a new folder each time, in the system's temporary folder. */
  readonly folderPlace?: (() => FolderPlace) | undefined;
  readonly world: World;
  readonly log: Logger;
}

/** The folder that the CLI's processes run in. It is made on first use, and again if another program has removed it. */
export class ProcessFolder {
  readonly #options: ProcessFolderOptions;
  #folder: Promise<WorkingFolder> | undefined;
  /** Folders of which another program removed parts. What is left of them is removed at shutdown. */
  readonly #lost: WorkingFolder[] = [];
  #fault: string | undefined;
  #isClosed = false;

  constructor(options: ProcessFolderOptions) {
    this.#options = options;
  }

  /** Why the folder could not be made, in a sentence for the user; undefined if it was made, or not needed yet. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Returns the folder, and makes it if needed. Rejects with a BridgeError if it cannot be made, or after `close`. */
  async open(): Promise<WorkingFolder> {
    const known = this.#folder;
    const folder = await known;
    if (folder !== undefined && await folder.isThere()) return folder;
    if (this.#isClosed) throw shuttingDown();
    // Several launches may find the folder gone at the same time. Only one of them makes a new one.
    if (folder !== undefined && this.#folder === known) {
      this.#folder = undefined;
      this.#lost.push(folder);
      this.#options.log.warn("the temporary folder was removed by another program; a new one is made");
    }
    return await (this.#folder ??= this.#make(this.#lost.at(-1)));
  }

  /** Lets no more folders be made. */
  close(): void {
    this.#isClosed = true;
  }

  /** Removes the folder and what is left of lost ones. To be called when no process runs in them any more. */
  async remove(): Promise<void> {
    const folder = await this.#folder?.catch(() => undefined);
    for (const { remove } of [...this.#lost, ...(folder === undefined ? [] : [folder])]) {
      await remove().catch((error: unknown) => {
        this.#options.log.warn("the temporary folder was not removed", { reason: String(error) });
      });
    }
  }

  async #make(lost: WorkingFolder | undefined): Promise<WorkingFolder> {
    try {
      const { folderPlace = () => ({ temporary: tmpdir() }), world, log } = this.#options;
      const folder = await makeWorkingFolder(folderPlace(), world, log, lost);
      this.#fault = undefined;
      return folder;
    } catch (cause) {
      // Forget the failure, so that the next launch tries again: a full disk may have room by then.
      this.#folder = undefined;
      const mend = "see that there is room where the system keeps temporary files, and that it can be written to.";
      this.#fault = `${fault} (${(cause as NodeJS.ErrnoException).code}): ${mend}`;
      throw new BridgeError("internal", `${fault}.`, { cause });
    }
  }
}

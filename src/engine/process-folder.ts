import { tmpdir } from "node:os";
import { BridgeError, shuttingDown } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { FolderPlace } from "./folder-place.ts";
import { makeWorkingFolder, type WorkingFolder } from "./working-folder.ts";

const fault = "The server could not make a temporary folder for the claude process";

export interface ProcessFolderOptions {
  /** Where the folder is made. Default: a new one each time, where the system keeps temporary files. */
  readonly folderPlace?: (() => FolderPlace) | undefined;
  readonly log: Logger;
}

/** The folder that the CLI's processes run in: made when it is first wanted, and again when somebody has removed it. */
export class ProcessFolder {
  readonly #options: ProcessFolderOptions;
  #folder: Promise<WorkingFolder> | undefined;
  /** Folders of which parts were found gone. What is left of them is removed at the end. */
  readonly #lost: WorkingFolder[] = [];
  #fault: string | undefined;
  #isClosed = false;

  constructor(options: ProcessFolderOptions) {
    this.#options = options;
  }

  /** Why there is none, in a sentence for a person; undefined where there is one, or none was wanted yet. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** The folder. Rejects with a BridgeError when it cannot be made, or after the close. */
  async open(): Promise<WorkingFolder> {
    const known = this.#folder;
    const folder = await known;
    if (folder !== undefined && await folder.isThere()) return folder;
    if (this.#isClosed) throw shuttingDown();
    // Several launches may find it gone at the same time: one of them makes the next.
    if (folder !== undefined && this.#folder === known) {
      this.#folder = undefined;
      this.#lost.push(folder);
      this.#options.log.warn("the temporary folder was removed by another program; a new one is made");
    }
    return await (this.#folder ??= this.#make(this.#lost.at(-1)));
  }

  /** No folder is made any more. */
  close(): void {
    this.#isClosed = true;
  }

  /** Removes what there is, once no process runs in it. */
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
      const { folderPlace = () => ({ temporary: tmpdir() }), log } = this.#options;
      const folder = await makeWorkingFolder(folderPlace(), log, lost);
      this.#fault = undefined;
      return folder;
    } catch (cause) {
      // A full disk may have room again.
      this.#folder = undefined;
      const mend = "see that there is room where the system keeps temporary files, and that it can be written to.";
      this.#fault = `${fault} (${(cause as NodeJS.ErrnoException).code}): ${mend}`;
      throw new BridgeError("internal", `${fault}.`, { cause });
    }
  }
}

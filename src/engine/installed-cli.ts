import { type Executable, factsOf, findExecutable, stampOf } from "../claude/executable.ts";
import type { Installation } from "../claude/installation.ts";
import type { Command } from "../claude/launch.ts";
import { BridgeError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { ProcessFolder } from "./process-folder.ts";
import type { World } from "./world.ts";

export interface InstalledCliOptions {
  readonly command: Command;
  readonly environment: Readonly<Record<string, string>>;
  readonly world: World;
  readonly log: Logger;
  /** Has the cwd in which `claude --version` is run. */
  readonly folder: ProcessFolder;
}

/** The CLI's program on this machine: its path and version, checked again when the file changes. */
export class InstalledCli {
  readonly #options: InstalledCliOptions;
  #installation: Installation | undefined;
  #search: Promise<Installation> | undefined;
  #stamp: string | undefined;
  /** The file with that stamp. */
  #program: string | undefined;
  readonly #closing = new AbortController();
  #onChange: (wasUsable: boolean) => void = () => {};

  constructor(options: InstalledCliOptions) {
    this.#options = options;
  }

  /**
   * Has `onChange` called when the CLI was installed, updated or removed on disk after the first search. `wasUsable`:
   * before, there was one that could be used.
   */
  watch(onChange: (wasUsable: boolean) => void): void {
    this.#onChange = onChange;
  }

  /** The result of the last search; undefined before the first. */
  get installation(): Installation | undefined {
    return this.#installation;
  }

  /** The command to launch. Its program is searched for each time, because it may have been installed or moved. */
  get command(): Command {
    return this.#executable()?.command ?? this.#options.command;
  }

  /** Looks for the CLI on disk. Never rejects. Concurrent calls share one search. */
  find(): Promise<Installation> {
    this.#search ??= this.#look().finally(() => {
      this.#search = undefined;
    });
    return this.#search;
  }

  /** Looks for the CLI again if it may have changed. Rejects with `cli_unavailable` if there is no usable one. */
  async ensureUsable(): Promise<void> {
    const found = this.#executable();
    const isKnown = this.#installation?.kind === "found" && this.#stamp === (found && stampOf(found.program));
    const installation = isKnown ? this.#installation : await this.find();
    if (installation?.kind === "unusable") throw new BridgeError("cli_unavailable", installation.message);
  }

  /**
   * Looks for the CLI again if another program has taken its place; undefined if none has, without a wait. Never
   * rejects. While there is no program, as in the middle of an update, what is known of the last one stays.
   */
  lookIfReplaced(): Promise<unknown> | undefined {
    if (this.#installation?.kind !== "found") return undefined;
    // One call of the system for nearly every turn. `ensureUsable` searches all of PATH, which takes a dozen.
    if (this.#program !== undefined && stampOf(this.#program) === this.#stamp) return undefined;
    const found = this.#executable();
    const isReplaced = found !== undefined && stampOf(found.program) !== this.#stamp;
    return isReplaced ? this.find() : undefined;
  }

  /** Kills the `claude --version` that runs, if there is one: it could outlive the server. */
  close(): void {
    this.#closing.abort();
  }

  async #look(): Promise<Installation> {
    const { command, environment, world, log, folder } = this.#options;
    const cwd = await folder.open().then((opened) => opened.cwd, () => undefined);
    const found = this.#executable();
    const stamp = found && stampOf(found.program);
    const installation = await world.findInstallation({
      command: found?.command ?? command, environment, cwd, signal: this.#closing.signal,
    });
    if (this.#installation !== undefined && stamp !== this.#stamp) {
      log.info("the CLI changed on disk", { version: installation.version });
      this.#onChange(this.#installation.kind === "found");
    }
    this.#installation = installation;
    this.#stamp = stamp;
    this.#program = found?.program;
    return installation;
  }

  #executable(): Executable | undefined {
    const { command, environment } = this.#options;
    return findExecutable(command, factsOf(environment));
  }
}

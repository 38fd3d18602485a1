import type { LaunchOptions } from "../claude/child.ts";
import type { ClaudeProcess, LiveProcess } from "../claude/process.ts";
import type { ConfigHome, ConfigOwner } from "./config-home.ts";
import type { InstalledCli } from "./installed-cli.ts";
import type { ProcessFolder } from "./process-folder.ts";
import type { World } from "./world.ts";

/** What starting a process needs besides its model. */
export interface LauncherOptions {
  readonly world: World;
  readonly folder: ProcessFolder;
  readonly installed: InstalledCli;
  readonly home: ConfigHome;
  /** The child's whole environment, but for what the folder and the configuration add. */
  readonly environment: Readonly<Record<string, string>>;
}

/** All that a process is started with but its model. */
export interface Surroundings {
  readonly options: Omit<LaunchOptions, "model">;
  readonly owner: ConfigOwner;
}

/** Starts processes of the CLI, in the server's folder and with a configuration. */
export class Launcher {
  readonly #options: LauncherOptions;
  readonly #owners = new WeakMap<LiveProcess, ConfigOwner>();

  constructor(options: LauncherOptions) {
    this.#options = options;
  }

  /** Makes what a process needs on disk. Rejects with a BridgeError if that cannot be made. */
  async prepare(): Promise<Surroundings> {
    const { folder, home, environment, installed } = this.#options;
    const { cwd, temporary, ...places } = await folder.open();
    const { owner } = home;
    const config = await home.prepare(places);
    const whole = { ...environment, ...config, CLAUDE_CODE_TMPDIR: temporary };
    return { options: { command: installed.command, cwd, environment: whole }, owner };
  }

  /** Starts a process. Throws a BridgeError if it cannot be started. */
  start(model: string, { options, owner }: Surroundings): ClaudeProcess {
    const process = this.#options.world.launch({ ...options, model });
    this.#owners.set(process, owner);
    return process;
  }

  /** Whose configuration a process was started with. */
  ownerOf(process: LiveProcess): ConfigOwner {
    return this.#owners.get(process) ?? this.#options.home.owner;
  }
}

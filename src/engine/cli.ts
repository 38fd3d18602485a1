import type { Installation } from "../claude/installation.ts";
import type { Command } from "../claude/launch.ts";
import { probe } from "../claude/probe.ts";
import { ClaudeProcess } from "../claude/process.ts";
import type { InitializeAnswer, RateLimitInfo } from "../claude/protocol.ts";
import type { ModelAlias } from "../config/settings.ts";
import { asBridgeError, clientClosed, serverBusy, shuttingDown } from "../errors.ts";
import type { Logger } from "../log.ts";
import { Account } from "./account.ts";
import { ConfigHome, type ConfigOwner } from "./config-home.ts";
import type { FolderPlace } from "./folder-place.ts";
import { InstalledCli } from "./installed-cli.ts";
import { LiveProcesses } from "./live-processes.ts";
import { ModelCatalog } from "./model-catalog.ts";
import { ProcessFolder } from "./process-folder.ts";
import type { Release } from "./slots.ts";

export interface CliOptions {
  readonly command: Command;
  /** The child's whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly aliases: readonly ModelAlias[];
  /**
   * How many processes may live at once, those that are being ended among them. A look at the version is not counted:
   * there is one at a time, and `versionWaitMs` ends it.
   */
  readonly maxProcesses: number;
  /** Where the processes' folder is made. Default: a new one each time, where the system keeps temporary files. */
  readonly folderPlace?: (() => FolderPlace) | undefined;
  readonly log: Logger;
  /** The CLI was updated on disk: processes of the old one should not be used for new conversations. */
  readonly onChange: () => void;
  /** A process is gone: there may be room for another. */
  readonly onExit: () => void;
  /** A turn waits for a process to be gone, and too few are being ended: see `shortage`. */
  readonly onShortage: () => void;
}

/** The question what the CLI serves and who is logged in, put to a process of its own. */
interface Inquiry {
  /** The process that is being asked. */
  process: ClaudeProcess | undefined;
  /** The model to ask of when there is room: a turn needed the place, or there was none. */
  postponed: string | undefined;
}

/** Whose configuration the processes have. */
interface Configurations {
  readonly home: ConfigHome;
  readonly owners: WeakMap<ClaudeProcess, ConfigOwner>;
}

/** The CLI on this machine: what it is, who is logged in, what it serves, and every process of it that lives. */
export class Cli {
  readonly models: ModelCatalog;
  readonly #options: CliOptions;
  readonly #live: LiveProcesses;
  readonly #folder: ProcessFolder;
  readonly #installed: InstalledCli;
  readonly #account: Account;
  readonly #configs: Configurations;
  readonly #inquiry: Inquiry = { process: undefined, postponed: undefined };

  constructor(options: CliOptions) {
    const { command, environment, log, onChange } = options;
    this.#options = options;
    this.#live = new LiveProcesses(options.maxProcesses);
    this.#folder = new ProcessFolder(options);
    const folder = (): Promise<string | undefined> => this.#folder.open().then(({ cwd }) => cwd, () => undefined);
    this.#installed = new InstalledCli({ command, environment, log, folder, onChange });
    this.#account = new Account(log);
    this.#configs = { home: new ConfigHome(environment), owners: new WeakMap() };
    this.models = new ModelCatalog(options.aliases);
  }

  /** Unusable also while its processes have no folder to run in. */
  get installation(): Installation | undefined {
    const { installation } = this.#installed;
    const { fault } = this.#folder;
    return fault === undefined ? installation : { kind: "unusable", version: installation?.version, message: fault };
  }

  /** Undefined until the CLI was asked. */
  get loggedIn(): boolean | undefined {
    return this.#account.loggedIn;
  }

  /** Whether the CLI tells the model the account's e-mail address; undefined until it was asked. */
  get sendsEmail(): boolean | undefined {
    return this.#account.sendsEmail;
  }

  /** The subscription's window as the CLI last told of it; undefined once it is over. */
  get rateLimit(): RateLimitInfo | undefined {
    return this.#account.rateLimit;
  }

  /** How many processes live or are about to, whatever they do. */
  get size(): number {
    return this.#live.size;
  }

  /** How many processes may be started that no turn waits for. */
  get room(): number {
    return this.#live.room;
  }

  /** How many turns wait for a process to be gone beyond those that are being ended. */
  get shortage(): number {
    return this.#live.shortage;
  }

  /** Looks for the CLI. Never rejects. */
  find(): Promise<Installation> {
    return this.#installed.find();
  }

  /** Looks again if the CLI may have changed. Rejects with `cli_unavailable` while there is none that serves. */
  ensureUsable(): Promise<void> {
    return this.#installed.ensureUsable();
  }

  /**
   * Asks a process of its own what the CLI serves and who is logged in: now, or when there is room for one, unless a
   * conversation's process has told it by then. Never rejects.
   */
  async ask(model: string): Promise<void> {
    let process: ClaudeProcess | undefined;
    // Until it is asked: an exit meanwhile must not ask a second time.
    this.#inquiry.postponed = undefined;
    try {
      process = await this.launchSpare(model);
      if (process === undefined) {
        this.#inquiry.postponed = model;
        return;
      }
      this.#inquiry.process = process;
      const answer = probe(process);
      if (this.shortage > 0) this.#options.onShortage();
      await this.learn(await answer, process);
    } catch (error) {
      const { kind } = asBridgeError(error);
      if (kind === "server_busy") this.#inquiry.postponed = model;
      else this.#options.log.warn("the CLI did not tell what it serves", { error: kind, ended: process?.ending });
    } finally {
      this.#inquiry.process = undefined;
    }
  }

  /** Ends the process that is asked what it serves: a turn's own will tell it. False when there is none. */
  evictAsked(): boolean {
    const { process } = this.#inquiry;
    if (process === undefined) return false;
    this.#inquiry.process = undefined;
    void process.fail(serverBusy("A turn needs the place."));
    return true;
  }

  /**
   * Takes what a process tells of itself. Where it has no login beside the server's configuration, one with the user's
   * is asked: resolves when that has told. Never rejects.
   */
  async learn(answer: InitializeAnswer, process: ClaudeProcess): Promise<void> {
    const { home, owners } = this.#configs;
    const owner = owners.get(process) ?? home.owner;
    const news = home.noteLogin(owner, answer.loggedIn);
    if (news === "outdated") return;
    this.#inquiry.postponed = undefined;
    this.models.learn(answer.models);
    const isNew = this.loggedIn !== true;
    this.#account.noteLogin(answer);
    if (news === "server's after all") this.#options.onChange();
    if (news === "try the user's") {
      this.#account.forgetLogin();
      this.#options.onChange();
      await this.ask(process.model);
    } else if (owner === "user" && answer.loggedIn && isNew) {
      const { log } = this.#options;
      log.warn("the CLI is logged in only with the user's own configuration: it gets that, not the server's");
    }
  }

  noteRateLimit(info: RateLimitInfo): void {
    this.#account.noteRateLimit(info);
  }

  /**
   * Starts a process for a turn, when there is a slot for it. Rejects with a BridgeError when it cannot be started,
   * there is none in time, or the client leaves.
   */
  async launch(model: string, signal: AbortSignal): Promise<ClaudeProcess> {
    if (signal.aborted) throw clientClosed();
    const release = this.#live.takeSlot() ?? await this.#waitForSlot(signal);
    return await this.#start(model, release, signal);
  }

  /**
   * Starts a process that no turn asked for, if there is a slot that none waits for; else gives undefined. Rejects with
   * a BridgeError when it cannot be started.
   */
  async launchSpare(model: string): Promise<ClaudeProcess | undefined> {
    const release = this.#live.takeSlot();
    return release === undefined ? undefined : await this.#start(model, release);
  }

  /** Ends every process, and removes what they left. Resolves when all are gone. */
  async close(): Promise<void> {
    this.#folder.close();
    await this.#live.close();
    await this.#folder.remove();
  }

  /** Ends every process without waiting, and starts no more. */
  kill(): void {
    this.#folder.close();
    this.#live.kill();
  }

  #waitForSlot(signal: AbortSignal): Promise<Release> {
    const slot = this.#live.waitForSlot(signal);
    if (this.shortage > 0) this.#options.onShortage();
    return slot;
  }

  async #start(model: string, release: Release, signal?: AbortSignal): Promise<ClaudeProcess> {
    try {
      const folder = await this.#folder.open();
      const { home, owners } = this.#configs;
      const { owner } = home;
      const config = await home.prepare(folder);
      if (this.#live.isClosed) throw shuttingDown();
      if (signal?.aborted === true) throw clientClosed();
      const process = new ClaudeProcess({
        command: this.#installed.command, model, cwd: folder.cwd,
        environment: { ...this.#options.environment, ...config, CLAUDE_CODE_TMPDIR: folder.temporary },
      });
      owners.set(process, owner);
      this.#live.add(process, release, () => {
        if (this.#inquiry.postponed !== undefined && this.room > 0) void this.ask(this.#inquiry.postponed);
        this.#options.onExit();
      });
      return process;
    } catch (error) {
      release();
      throw error;
    }
  }
}

import { tmpdir } from "node:os";
import { type Executable, factsOf, findExecutable, stampOf } from "../claude/executable.ts";
import { findInstallation, type Installation } from "../claude/installation.ts";
import type { Command } from "../claude/launch.ts";
import { probe } from "../claude/probe.ts";
import { ClaudeProcess } from "../claude/process.ts";
import type { InitializeAnswer, RateLimitInfo } from "../claude/protocol.ts";
import type { ModelAlias } from "../config/settings.ts";
import { asBridgeError, BridgeError, clientClosed, serverBusy, shuttingDown } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { FolderPlace } from "./folder-place.ts";
import { ConfigHome, type ConfigOwner } from "./config-home.ts";
import { ModelCatalog } from "./model-catalog.ts";
import { type Release, Slots } from "./slots.ts";
import { makeWorkingFolder, type WorkingFolder } from "./working-folder.ts";

export interface CliOptions {
  readonly command: Command;
  /** The child's whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly aliases: readonly ModelAlias[];
  /** How many processes may live at once, those that are being ended among them. A look at the version is not counted: there is one at a time, and `versionWaitMs` ends it. */
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

/** The CLI on this machine: where and what it is, who is logged in, what it serves, and every process of it that lives. */
export class Cli {
  readonly models: ModelCatalog;
  readonly #options: CliOptions;
  /** Those whose pipes are open. */
  readonly #processes = new Set<ClaudeProcess>();
  /** Those that live, whatever became of their pipes. */
  readonly #living = new Set<ClaudeProcess>();
  readonly #slots: Slots;
  #asked: ClaudeProcess | undefined;
  /** The model to ask of when there is room: a turn needed the place, or there was none. */
  #unasked: string | undefined;
  #installation: Installation | undefined;
  #search: Promise<Installation> | undefined;
  #stamp: string | undefined;
  #folder: Promise<WorkingFolder> | undefined;
  /** Of those that were found gone something may be left. */
  readonly #lostFolders: WorkingFolder[] = [];
  #folderFault: Installation | undefined;
  readonly #configHome: ConfigHome;
  /** Whose configuration a process has. */
  readonly #configOwners = new WeakMap<ClaudeProcess, ConfigOwner>();
  #login: Pick<InitializeAnswer, "loggedIn" | "knowsEmail"> | undefined;
  #rateLimit: RateLimitInfo | undefined;
  #isClosed = false;

  constructor(options: CliOptions) {
    this.#options = options;
    this.#slots = new Slots(options.maxProcesses);
    this.models = new ModelCatalog(options.aliases);
    this.#configHome = new ConfigHome(options.environment);
  }

  /** Unusable also while its processes have no folder to run in. */
  get installation(): Installation | undefined {
    return this.#folderFault ?? this.#installation;
  }

  /** As the CLI's own `initialize` tells; undefined until it was asked. */
  get loggedIn(): boolean | undefined {
    return this.#login?.loggedIn;
  }

  /** Whether the CLI tells the model the account's e-mail address; undefined until it was asked. */
  get sendsEmail(): boolean | undefined {
    return this.#login?.knowsEmail;
  }

  /** The subscription's window as the CLI last told of it; undefined once it is over. */
  get rateLimit(): RateLimitInfo | undefined {
    const resetsAt = this.#rateLimit?.resetsAt;
    return resetsAt !== undefined && resetsAt * 1000 <= Date.now() ? undefined : this.#rateLimit;
  }

  /** How many processes live or are about to, whatever they do. */
  get size(): number {
    return this.#slots.taken;
  }

  /** How many processes may be started that no turn waits for. */
  get room(): number {
    return this.#slots.free;
  }

  /** How many turns wait for a process to be gone beyond those that are being ended. */
  get shortage(): number {
    const ending = [...this.#living].filter(({ state }) => state === "closing").length;
    return this.#slots.waiting - ending;
  }

  /** Looks for the CLI. Never rejects. */
  find(): Promise<Installation> {
    this.#search ??= this.#look().finally(() => {
      this.#search = undefined;
    });
    return this.#search;
  }

  /** Rejects with `cli_unavailable` while there is no CLI that serves. It may have been installed or updated since it was looked for. */
  async require(): Promise<void> {
    const isKnown = this.#installation?.kind === "found" && this.#stamp === this.#currentStamp();
    const installation = isKnown ? this.#installation : await this.find();
    if (installation?.kind === "unusable") throw new BridgeError("cli_unavailable", installation.message);
  }

  /** Asks a process of its own what it serves and who is logged in: now, or when there is room for one, unless a conversation's process has told it by then. Never rejects. */
  async ask(model: string): Promise<void> {
    let process: ClaudeProcess | undefined;
    // Until it is asked: an exit meanwhile must not ask a second time.
    this.#unasked = undefined;
    try {
      process = await this.launchSpare(model);
      if (process === undefined) {
        this.#unasked = model;
        return;
      }
      this.#asked = process;
      const answer = probe(process);
      if (this.shortage > 0) this.#options.onShortage();
      await this.learn(await answer, process);
    } catch (error) {
      const { kind } = asBridgeError(error);
      if (kind === "server_busy") this.#unasked = model;
      else this.#options.log.warn("the CLI did not tell what it serves", { error: kind, ended: process?.ending });
    } finally {
      this.#asked = undefined;
    }
  }

  /** Ends the process that is asked what it serves: a turn's own will tell it. False when there is none. */
  evictAsked(): boolean {
    const process = this.#asked;
    if (process === undefined) return false;
    this.#asked = undefined;
    void process.fail(serverBusy("A turn needs the place."));
    return true;
  }

  /**
   * Takes what a process tells of itself. Where it has no login, another is asked that has another configuration: resolves
   * when that has told. Never rejects.
   */
  async learn({ models, loggedIn, knowsEmail }: InitializeAnswer, process: ClaudeProcess): Promise<void> {
    this.models.learn(models);
    this.#login = { loggedIn, knowsEmail };
    this.#unasked = undefined;
    const owner = this.#configOwners.get(process);
    if (loggedIn || owner === undefined || !this.#configHome.noteLoggedOut(owner)) return;
    this.#options.log.info("the CLI has no login beside a configuration of the server's own: it gets the user's");
    this.#login = undefined;
    this.#options.onChange();
    await this.ask(process.model);
  }

  noteRateLimit(info: RateLimitInfo): void {
    if (info.status !== this.#rateLimit?.status) this.#options.log.info("the subscription's window changed", { status: info.status, window: info.rateLimitType });
    this.#rateLimit = info;
  }

  /** Starts a process for a turn, when there is a slot for it. Rejects with a BridgeError when it cannot be started, there is none in time, or the client leaves. */
  async launch(model: string, signal: AbortSignal): Promise<ClaudeProcess> {
    if (signal.aborted) throw clientClosed();
    const release = this.#slots.take() ?? await this.#waitForSlot(signal);
    return await this.#start(model, release, signal);
  }

  /** Starts a process that no turn asked for, if there is a slot that none waits for; else gives undefined. Rejects with a BridgeError when it cannot be started. */
  async launchSpare(model: string): Promise<ClaudeProcess | undefined> {
    const release = this.#slots.take();
    return release === undefined ? undefined : await this.#start(model, release);
  }

  /** Ends every process, and removes what they left. Resolves when all are gone. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#slots.close(shuttingDown());
    await Promise.all([...this.#processes].map((process) => process.fail(shuttingDown())));
    const folder = await this.#folder?.catch(() => undefined);
    for (const { remove } of [...this.#lostFolders, ...(folder === undefined ? [] : [folder])]) {
      await remove().catch((error: unknown) => this.#options.log.warn("the temporary folder was not removed", { reason: String(error) }));
    }
  }

  /** Ends every process without waiting, and starts no more. */
  kill(): void {
    this.#isClosed = true;
    this.#slots.close(shuttingDown());
    for (const process of this.#processes) process.kill();
  }

  async #look(): Promise<Installation> {
    const { command, environment, log, onChange } = this.#options;
    const cwd = await this.#openFolder().then((folder) => folder.cwd, () => undefined);
    const found = this.#executable();
    const stamp = found && stampOf(found.program);
    const installation = await findInstallation(found?.command ?? command, environment, cwd);
    if (this.#installation?.kind === "found" && stamp !== this.#stamp) {
      log.info("the CLI changed on disk", { version: installation.version });
      onChange();
    }
    this.#installation = installation;
    this.#stamp = stamp;
    return installation;
  }

  #waitForSlot(signal: AbortSignal): Promise<Release> {
    const slot = this.#slots.wait(signal);
    if (this.shortage > 0) this.#options.onShortage();
    return slot;
  }

  async #start(model: string, release: Release, signal?: AbortSignal): Promise<ClaudeProcess> {
    try {
      const { command, environment } = this.#options;
      const folder = await this.#openFolder();
      const { owner } = this.#configHome;
      const config = await this.#configHome.prepare(folder);
      if (this.#isClosed) throw shuttingDown();
      if (signal?.aborted === true) throw clientClosed();
      const process = new ClaudeProcess({
        command: this.#executable()?.command ?? command, model, cwd: folder.cwd,
        environment: { ...environment, ...config, CLAUDE_CODE_TMPDIR: folder.temporary },
      });
      this.#configOwners.set(process, owner);
      this.#processes.add(process);
      this.#living.add(process);
      void process.exited.then(() => {
        this.#living.delete(process);
        release();
        if (this.#unasked !== undefined && this.room > 0) void this.ask(this.#unasked);
        this.#options.onExit();
      });
      void process.closed.then(() => this.#processes.delete(process));
      return process;
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Looked for each time: it may have been installed or moved. */
  #executable(): Executable | undefined {
    const { command, environment } = this.#options;
    return findExecutable(command, factsOf(environment));
  }

  #currentStamp(): string | undefined {
    const found = this.#executable();
    return found && stampOf(found.program);
  }

  /** The folder, made where there is none: the first time, and when it was taken away under the server. */
  async #openFolder(): Promise<WorkingFolder> {
    const known = this.#folder;
    const folder = await known;
    if (folder !== undefined && await folder.isThere()) return folder;
    if (this.#isClosed) throw shuttingDown();
    // Once, however many found it gone.
    if (folder !== undefined && this.#folder === known) {
      this.#folder = undefined;
      this.#lostFolders.push(folder);
      this.#options.log.warn("the temporary folder was removed by another program; a new one is made");
    }
    return await (this.#folder ??= this.#makeFolder(this.#lostFolders.at(-1)));
  }

  async #makeFolder(lost: WorkingFolder | undefined): Promise<WorkingFolder> {
    try {
      const { folderPlace = () => ({ temporary: tmpdir() }), log } = this.#options;
      const folder = await makeWorkingFolder(folderPlace(), log, lost);
      this.#folderFault = undefined;
      return folder;
    } catch (cause) {
      // A full disk may have room again.
      this.#folder = undefined;
      const fault = "The server could not make a temporary folder for the claude process";
      this.#folderFault = {
        kind: "unusable", version: this.#installation?.version,
        message: `${fault} (${(cause as NodeJS.ErrnoException).code}): see that there is room where the system keeps temporary files, and that it can be written to.`,
      };
      throw new BridgeError("internal", `${fault}.`, { cause });
    }
  }
}

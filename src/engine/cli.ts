import { noCapabilities } from "../claude/capabilities.ts";
import type { Installation } from "../claude/installation.ts";
import type { Command } from "../claude/launch.ts";
import { probe } from "../claude/probe.ts";
import type { ClaudeProcess } from "../claude/process.ts";
import type { InitializeAnswer } from "../claude/protocol.ts";
import type { ModelAlias } from "../config/settings.ts";
import { asBridgeError, clientClosed, serverBusy, shuttingDown } from "../errors.ts";
import type { Logger } from "../log.ts";
import { Account } from "./account.ts";
import { ConfigHome, type ConfigOwner } from "./config-home.ts";
import type { FolderPlace } from "./folder-place.ts";
import type { Inquiry } from "./inquiry.ts";
import { InstalledCli } from "./installed-cli.ts";
import { LiveProcesses } from "./live-processes.ts";
import { ModelCatalog } from "./model-catalog.ts";
import { ProcessFolder } from "./process-folder.ts";
import { KnownCapabilities } from "./known-capabilities.ts";
import type { Release } from "./slots.ts";
import type { World } from "./world.ts";

/** After how many trials that came to no end a CLI counts as one that can do nothing more. */
const trialsMax = 3;

export interface CliOptions {
  readonly command: Command;
  /** The child's whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly aliases: readonly ModelAlias[];
  /**
   * How many processes may live at once, including those that are shutting down. The `--version` process is not
   * counted: there is only one at a time, and `versionWaitMs` limits its life.
   */
  readonly maxProcesses: number;
  /** Says where to make the processes' folder. Default: a new folder each time, in the system's temporary folder. */
  readonly folderPlace?: (() => FolderPlace) | undefined;
  readonly world: World;
  readonly log: Logger;
  /** The CLI's program or configuration has changed: new conversations should not get processes started before. */
  readonly onChange: () => void;
  /** A process has exited: there may be room for another. */
  readonly onExit: () => void;
  /** A turn waits for a slot, and too few processes are shutting down to free one: see `shortage`. */
  readonly onShortage: () => void;
}

/** Which configuration new processes get, and which one each living process got. */
interface Configurations { readonly home: ConfigHome; readonly owners: WeakMap<ClaudeProcess, ConfigOwner> }

/** The CLI on this machine: its installation, its login, the models it serves, and all of its living processes. */
export class Cli {
  readonly models: ModelCatalog;
  /** Who is logged in, and the state of the subscription's windows. */
  readonly account: Account;
  readonly #options: CliOptions;
  readonly #live: LiveProcesses;
  readonly #folder: ProcessFolder;
  readonly #installed: InstalledCli;
  readonly #configs: Configurations;
  readonly #inquiry: Inquiry = {
    process: undefined, postponed: undefined, asked: undefined, failedTrials: 0, capabilities: new KnownCapabilities(),
  };

  constructor(options: CliOptions) {
    const { command, environment, world, log, onChange } = options;
    this.#options = options;
    this.#live = new LiveProcesses(options.maxProcesses, world.clock);
    this.#folder = new ProcessFolder(options);
    const folder = (): Promise<string | undefined> => this.#folder.open().then(({ cwd }) => cwd, () => undefined);
    this.#installed = new InstalledCli({
      command, environment, world, log, folder,
      onChange: () => {
        this.capabilities.forget();
        onChange();
        if (this.#inquiry.asked !== undefined) void this.ask(this.#inquiry.asked);
      },
    });
    this.account = new Account(log, world.clock);
    this.#configs = { home: new ConfigHome(environment, world), owners: new WeakMap() };
    this.models = new ModelCatalog(options.aliases);
  }

  /** What was found on disk. Reported as unusable also while there is no folder for the processes to run in. */
  get installation(): Installation | undefined {
    const { installation } = this.#installed;
    const { fault } = this.#folder;
    return fault === undefined ? installation : { kind: "unusable", version: installation?.version, message: fault };
  }

  /** What the CLI can do. */
  get capabilities(): KnownCapabilities { return this.#inquiry.capabilities; }

  /** Whether the CLI is logged in; undefined until it was asked. */
  get loggedIn(): boolean | undefined { return this.account.loggedIn; }

  /** How many processes live or are being started, whatever they do. */
  get size(): number {
    return this.#live.size;
  }

  /** How many processes may be started now without taking a slot that a turn waits for. */
  get room(): number {
    return this.#live.room;
  }

  /** How many turns wait for a slot, less the processes that are shutting down and will free one. */
  get shortage(): number {
    return this.#live.shortage;
  }

  /** Looks for the CLI on disk. Never rejects. */
  find(): Promise<Installation> {
    return this.#installed.find();
  }

  /** Looks for the CLI again if it may have changed. Rejects with `cli_unavailable` if there is no usable one. */
  ensureUsable(): Promise<void> {
    return this.#installed.ensureUsable();
  }

  /**
   * Starts a process that is asked which models the CLI serves and who is logged in. If there is no slot, this is
   * repeated once there is room. Never rejects.
   */
  async ask(model: string): Promise<void> {
    let process: ClaudeProcess | undefined;
    // Cleared before the launch: a process that exits during it must not trigger a second probe.
    this.#inquiry.postponed = undefined;
    this.#inquiry.asked = model;
    try {
      process = await this.launchSpare(model);
      if (process === undefined) {
        this.#inquiry.postponed = model;
        return;
      }
      this.#inquiry.process = process;
      const answer = probe(process);
      if (this.shortage > 0) this.#options.onShortage();
      const { capabilities, ...initialized } = await answer;
      // One that gave way to a turn, or met a busy machine, may not have tried all.
      const isGivenUp = capabilities === undefined && ++this.#inquiry.failedTrials >= trialsMax;
      if (capabilities === undefined && !isGivenUp) this.#inquiry.postponed = model;
      else this.capabilities.learn(capabilities ?? noCapabilities);
      await this.learn(initialized, process);
    } catch (error) {
      const { code } = asBridgeError(error);
      if (code === "server_busy") this.#inquiry.postponed = model;
      else this.#options.log.warn("the CLI did not tell what it serves", { error: code, ended: process?.ending });
    } finally {
      if (this.#inquiry.process === process) this.#inquiry.process = undefined;
    }
  }

  /** Evicts the probe's process: a turn's own process will answer the same. Returns false if there is none. */
  evictAsked(): boolean {
    const { process } = this.#inquiry;
    if (process === undefined) return false;
    this.#inquiry.process = undefined;
    void process.fail(serverBusy("A turn needs the place."));
    return true;
  }

  /**
   * Learns from a process's `initialize` answer. If the CLI is not logged in with the server's own configuration, asks
   * another process, with the user's, and resolves when that has answered. Never rejects.
   */
  async learn(answer: InitializeAnswer, process: ClaudeProcess): Promise<void> {
    const { home, owners } = this.#configs;
    const owner = owners.get(process) ?? home.owner;
    const news = home.noteLogin(owner, answer.loggedIn);
    if (news === "outdated") return;
    // A turn's own process has answered the same, but for what it can rewind.
    if (this.capabilities.isKnown) this.#inquiry.postponed = undefined;
    this.models.learn(answer.models);
    const isNew = this.loggedIn !== true;
    this.account.noteLogin(answer);
    if (news === "server's after all") this.#options.onChange();
    if (news === "try the user's") {
      this.account.forgetLogin();
      this.#options.onChange();
      await this.ask(process.model);
    } else if (owner === "user" && answer.loggedIn && isNew) {
      const { log } = this.#options;
      log.warn("the CLI is logged in only with the user's own configuration: it gets that, not the server's");
    }
  }

  /**
   * Starts a process for a turn, as soon as there is a slot. Rejects with a BridgeError if the process cannot be
   * started, no slot is released in time, or the client disconnects.
   */
  async launch(model: string, signal: AbortSignal): Promise<ClaudeProcess> {
    if (signal.aborted) throw clientClosed();
    const release = this.#live.takeSlot() ?? await this.#waitForSlot(signal);
    return await this.#start(model, release, signal);
  }

  /**
   * Starts a process that no turn has asked for. Returns undefined if there is no free slot. Rejects with a BridgeError
   * if the process cannot be started.
   */
  async launchSpare(model: string): Promise<ClaudeProcess | undefined> {
    const release = this.#live.takeSlot();
    return release === undefined ? undefined : await this.#start(model, release);
  }

  /** Ends every process, then removes their folder. Resolves when that is done. */
  async close(): Promise<void> {
    this.#folder.close();
    await this.#live.close();
    await this.#folder.remove();
  }

  /** Kills every process without waiting, and starts no more. */
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
      const process = this.#options.world.launch({
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

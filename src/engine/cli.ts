import { noCapabilities } from "../claude/capabilities.ts";
import type { Installation } from "../claude/installation.ts";
import { capabilitiesWaitMs, probe, type ProbeAnswer } from "../claude/probe.ts";
import type { LiveProcess } from "../claude/process.ts";
import type { InitializeAnswer } from "../claude/protocol.ts";
import { asBridgeError, BridgeError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { Account } from "./account.ts";
import type { Boots } from "./boots.ts";
import type { ConfigHome } from "./config-home.ts";
import { lackMessage, type Untested, untestedOf } from "./drift.ts";
import type { InstalledCli } from "./installed-cli.ts";
import type { KnownCapabilities } from "./known-capabilities.ts";
import type { Launcher } from "./launcher.ts";
import type { ModelCatalog } from "./model-catalog.ts";
import type { OwnedProcess } from "./owned-process.ts";
import type { ProcessFolder } from "./process-folder.ts";
import type { Pace } from "./pace.ts";
import type { Processes } from "./processes.ts";
import type { Clock } from "./world.ts";

export interface CliOptions {
  readonly installed: InstalledCli;
  readonly folder: ProcessFolder;
  readonly home: ConfigHome;
  readonly launcher: Launcher;
  readonly processes: Processes;
  readonly capabilities: KnownCapabilities;
  readonly account: Account;
  readonly models: ModelCatalog;
  readonly boots: Boots;
  readonly pace: Pace;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The state of probing: starting a process to ask it what the CLI serves, and to try what the CLI can do. */
interface Inquiry {
  /**
   * The model of a probe that found no place, or lost it before it had tried everything. The probe is repeated when
   * there is room.
   */
  postponed: string | undefined;
  /** The model of the last probe, or of the first one to come. Undefined: nobody wants to know, so none is started. */
  model: string | undefined;
  /** How many probes are under way. */
  underway: number;
  /** How many times the program has changed on disk. */
  changes: number;
}

/** The CLI on this machine: its installation, its login, the models it serves, and what it can do. */
export class Cli {
  readonly #options: CliOptions;
  readonly #inquiry: Inquiry = { postponed: undefined, model: undefined, underway: 0, changes: 0 };

  constructor(options: CliOptions) {
    this.#options = options;
    options.installed.watch((wasUsable) => {
      options.capabilities.forget();
      this.#inquiry.changes++;
      // Of one that was not there no process lives. `ensureUsable` probes the new one.
      if (!wasUsable) return;
      options.processes.supersede();
      void this.#askAgain();
    });
    options.boots.watch(() => this.#askAgain());
    options.processes.watch({
      onExit: ({ process }, use) => {
        // The CLI may exit when a probe tries what it can do, after it has come up: that is no failed boot.
        const mayBoot = use.name !== "ending" && (use.name !== "probed" || !process.isUp);
        if (mayBoot) options.boots.noteExit(process, options.processes.all.map((other) => other.process));
        const { postponed } = this.#inquiry;
        if (postponed !== undefined && options.processes.room > 0) void this.ask(postponed);
      },
    });
  }

  /**
   * What was found on disk. Reported as unusable also while there is no folder for the processes to run in, and where
   * the CLI cannot do what it must.
   */
  get installation(): Installation | undefined {
    const { installed: { installation }, folder } = this.#options;
    const fault = folder.fault ?? this.#lack;
    return fault === undefined ? installation : { kind: "unusable", version: installation?.version, message: fault };
  }

  /** What is to be said of a version that nobody has tried yet; undefined where it was tried. */
  get untested(): Untested | undefined {
    const { installed: { installation }, capabilities } = this.#options;
    return installation?.kind === "found" ? untestedOf(installation.version, capabilities) : undefined;
  }

  /** Why the CLI cannot be used, if it lacks what it must do. */
  get #lack(): string | undefined {
    const { installed: { installation }, capabilities: { lacking } } = this.#options;
    return lacking.length === 0 ? undefined : lackMessage(installation?.version ?? "", lacking);
  }

  /** Looks for the CLI on disk. Never rejects. */
  find(): Promise<Installation> {
    return this.#options.installed.find();
  }

  /**
   * Says that somebody wants to know what the CLI serves and can do. From now on it is probed, with this model, when a
   * process is needed or has come up while that is not known.
   */
  inquire(model: string): void {
    this.#inquiry.model = model;
  }

  /**
   * Looks for the CLI again if it may have changed. Rejects with `cli_unavailable` if there is no usable one, or if it
   * cannot do what it must. Also starts a probe, without waiting for it, if it is due (`KnownCapabilities.claimTrial`).
   */
  async ensureUsable(): Promise<void> {
    await this.#options.installed.ensureUsable();
    const { model } = this.#inquiry;
    // Whoever needs a usable CLI may start a process of it next: that has its place first.
    if (model !== undefined) this.#askIfDue(model, 2);
    const lack = this.#lack;
    if (lack !== undefined) throw new BridgeError("cli_unavailable", lack);
  }

  /**
   * Starts a process that is asked which models the CLI serves and who is logged in, and tries what it can do. If there
   * is no place, this is repeated once there is room. Never rejects.
   */
  async ask(model: string): Promise<void> {
    const { processes, capabilities, boots, log } = this.#options;
    let owned: OwnedProcess | undefined;
    // Cleared before the launch: a process that exits during it must not trigger a second probe.
    this.#inquiry.postponed = undefined;
    this.#inquiry.model = model;
    this.#inquiry.underway++;
    const { changes } = this.#inquiry;
    try {
      owned = await processes.lease("probe", model);
      if (owned === undefined) {
        this.#inquiry.postponed = model;
        return;
      }
      const { capabilities: tried, needs, ...initialized } = await this.#probed(owned);
      // What the old program can do says nothing of the new one, which is probed by itself.
      if (changes !== this.#inquiry.changes) return;
      // A probe that was ended for a turn, or met a busy machine, may not have tried everything. One that asked the
      // model is not repeated.
      if (tried !== undefined || needs.history === false) capabilities.learn(tried ?? noCapabilities, needs);
      else capabilities.noteFailedTrial();
      if (tried === undefined && capabilities.claimTrial()) this.#inquiry.postponed = model;
      this.#tellDrift();
      await this.learn(initialized, owned.process);
    } catch (error) {
      boots.note(error);
      const { code } = asBridgeError(error);
      if (code === "server_busy") {
        this.#inquiry.postponed = model;
        return;
      }
      capabilities.noteFailedTrial();
      log.warn("the CLI did not tell what it serves", { error: code, ended: owned?.process.ending });
    } finally {
      this.#inquiry.underway--;
    }
  }

  /**
   * Learns from a process's `initialize` answer. If the CLI is not logged in with the server's own configuration, asks
   * another process, with the user's, and resolves when that has answered. If it is not known what the CLI can do, also
   * starts a probe, without waiting for it, if it is due: this process shows that processes come up. Never rejects.
   */
  async learn(answer: InitializeAnswer, process: LiveProcess): Promise<void> {
    const { home, launcher, capabilities, models, account, boots, pace, processes, clock, log } = this.#options;
    boots.came(process);
    const born = processes.all.find((owned) => owned.process === process)?.birth.ms;
    if (born !== undefined) pace.noteBoot(clock.monotonic() - born);
    const owner = launcher.ownerOf(process);
    const news = home.noteLogin(owner, answer.loggedIn);
    if (news === "outdated") return;
    // A turn's own process answers what a probe asks, so only unknown capabilities still need a probe.
    if (capabilities.isKnown) this.#inquiry.postponed = undefined;
    models.learn(answer.models);
    const isNew = account.loggedIn !== true;
    account.noteLogin(answer);
    if (news === "server's after all") processes.supersede();
    if (news === "try the user's") {
      account.forgetLogin();
      processes.supersede();
      await this.ask(process.model);
      return;
    }
    if (owner === "user" && answer.loggedIn && isNew) {
      log.warn("the CLI is logged in only with the user's own configuration: it gets that, not the server's");
    }
    this.#askIfDue(process.model, 1);
  }

  async #askAgain(): Promise<void> {
    const { model } = this.#inquiry;
    if (model !== undefined) await this.ask(model);
  }

  /**
   * Starts a probe if somebody wants to know, none is under way, and the time for one has come. Where fewer than
   * `placesMin` processes may be started, it is postponed.
   */
  #askIfDue(model: string, placesMin: number): void {
    const { capabilities, processes } = this.#options;
    const { model: wanted, underway } = this.#inquiry;
    if (wanted === undefined || underway > 0 || !capabilities.claimTrial()) return;
    if (processes.room >= placesMin) void this.ask(model);
    else this.#inquiry.postponed = model;
  }

  /** Writes to the log what the probe has shown, if it is not what every version that was tried has shown. */
  #tellDrift(): void {
    const { log, installed: { installation }, capabilities: { isKnown } } = this.#options;
    if (!isKnown) return;
    const [lack, { untested }] = [this.#lack, this];
    if (lack !== undefined) log.error(lack);
    if (untested === undefined || installation?.kind !== "found") return;
    const names = untested.unexpected?.map(({ name }) => name) ?? [];
    log.warn("the CLI is newer than any that was tried", {
      version: installation.version, newest_tried: untested.newestTested,
      not_as_expected: names.length === 0 ? "nothing" : names.join(","),
    });
  }

  /** Probes a process, then ends it. */
  async #probed(owned: OwnedProcess): Promise<ProbeAnswer> {
    const { processes, clock } = this.#options;
    try {
      return await probe(owned.process, capabilitiesWaitMs, clock.after);
    } finally {
      processes.end(owned);
    }
  }
}

import { noCapabilities } from "../claude/capabilities.ts";
import type { Installation } from "../claude/installation.ts";
import { capabilitiesWaitMs, probe, type ProbeAnswer } from "../claude/probe.ts";
import type { LiveProcess } from "../claude/process.ts";
import type { InitializeAnswer } from "../claude/protocol.ts";
import { asBridgeError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { Account } from "./account.ts";
import type { Boots } from "./boots.ts";
import type { ConfigHome } from "./config-home.ts";
import type { InstalledCli } from "./installed-cli.ts";
import type { KnownCapabilities } from "./known-capabilities.ts";
import type { Launcher } from "./launcher.ts";
import type { ModelCatalog } from "./model-catalog.ts";
import type { OwnedProcess } from "./owned-process.ts";
import type { ProcessFolder } from "./process-folder.ts";
import type { Pace } from "./pace.ts";
import type { Processes } from "./processes.ts";
import type { Clock } from "./world.ts";

/** After how many probes that could not try everything the CLI counts as one without any of the capabilities. */
const trialsMax = 3;

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
  /** The model of the last probe. */
  asked: string | undefined;
  /** How many probes ended before they had tried everything. */
  failedTrials: number;
}

/** The CLI on this machine: its installation, its login, the models it serves, and what it can do. */
export class Cli {
  readonly #options: CliOptions;
  readonly #inquiry: Inquiry = { postponed: undefined, asked: undefined, failedTrials: 0 };

  constructor(options: CliOptions) {
    this.#options = options;
    options.installed.watch(() => {
      options.capabilities.forget();
      options.processes.supersede();
      if (this.#inquiry.asked !== undefined) void this.ask(this.#inquiry.asked);
    });
    options.boots.watch(async () => {
      if (this.#inquiry.asked !== undefined) await this.ask(this.#inquiry.asked);
    });
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

  /** What was found on disk. Reported as unusable also while there is no folder for the processes to run in. */
  get installation(): Installation | undefined {
    const { installed: { installation }, folder: { fault } } = this.#options;
    return fault === undefined ? installation : { kind: "unusable", version: installation?.version, message: fault };
  }

  /** Looks for the CLI on disk. Never rejects. */
  find(): Promise<Installation> {
    return this.#options.installed.find();
  }

  /**
   * Looks for the CLI again if it may have changed. Rejects with `cli_unavailable` if there is no usable one. Also
   * starts a new probe, without waiting for it, if the CLI has refused some time ago what it could do.
   */
  ensureUsable(): Promise<void> {
    const { asked } = this.#inquiry;
    if (asked !== undefined && this.#options.capabilities.claimTrial()) void this.ask(asked);
    return this.#options.installed.ensureUsable();
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
    this.#inquiry.asked = model;
    try {
      owned = await processes.lease("probe", model);
      if (owned === undefined) {
        this.#inquiry.postponed = model;
        return;
      }
      const { capabilities: tried, ...initialized } = await this.#probed(owned);
      // A probe that was ended for a turn, or met a busy machine, may not have tried everything.
      if (tried !== undefined) capabilities.learn(tried);
      else if (++this.#inquiry.failedTrials < trialsMax) this.#inquiry.postponed = model;
      else if (!capabilities.isKnown) capabilities.learn(noCapabilities);
      await this.learn(initialized, owned.process);
    } catch (error) {
      boots.note(error);
      const { code } = asBridgeError(error);
      if (code === "server_busy") this.#inquiry.postponed = model;
      else log.warn("the CLI did not tell what it serves", { error: code, ended: owned?.process.ending });
    }
  }

  /**
   * Learns from a process's `initialize` answer. If the CLI is not logged in with the server's own configuration, asks
   * another process, with the user's, and resolves when that has answered. Never rejects.
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
    } else if (owner === "user" && answer.loggedIn && isNew) {
      log.warn("the CLI is logged in only with the user's own configuration: it gets that, not the server's");
    }
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

import type { Conversation } from "../claude/conversation.ts";
import { asBridgeError } from "../errors.ts";
import type { LogFields, Logger } from "../log.ts";
import type { KnownCapabilities } from "./known-capabilities.ts";
import type { OwnedProcess, OwnedWarm, Warm } from "./owned-process.ts";
import type { Processes } from "./processes.ts";
import type { Profile, RecentUse } from "./recent-use.ts";
import { rehearse } from "./rehearsal.ts";
import { type Launching, WarmStocks } from "./warm-stocks.ts";
import type { Clock } from "./world.ts";

export interface WarmBootsOptions {
  readonly processes: Processes;
  readonly capabilities: KnownCapabilities;
  readonly recent: RecentUse;
  /** Makes a conversation on a process that has just been started. */
  readonly converse: (owned: OwnedProcess) => Conversation;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called when the wait after a warm process that failed is over. */
  readonly onRetry: () => void;
  /** Called when the CLI has refused a beginning, so that a process is missing. */
  readonly onRefused: () => void;
}

/**
 * Boots warm processes, and has them rehearse. After one that failed before a turn got it, waits before it boots
 * another.
 */
export class WarmBoots {
  readonly #options: WarmBootsOptions;
  readonly #stocks: WarmStocks;
  #isClosed = false;

  constructor(options: WarmBootsOptions) {
    this.#options = options;
    this.#stocks = new WarmStocks(options.clock);
    options.processes.watch({
      onExit: ({ process }, use) => {
        // Nobody asked it to end, and no turn had it: it died.
        if (use.name === "warm") this.#backOff(process.model, { ended: process.ending });
      },
      onSpent: ({ process }, use, error) => {
        if (use.name === "warm") this.#backOff(process.model, { error });
      },
    });
  }

  /** How many warm processes are being started with one of the models that `counts` says yes to. */
  launching(counts: (model: string) => boolean): Launching { return this.#stocks.launching(counts); }

  /** Whether a warm process of that model failed so lately that no other is booted yet. */
  isWaiting(model: string): boolean { return this.#stocks.of(model).backoff.isWaiting; }

  /** To be called when a process that was started with that model was given to a turn. */
  noteUse(model: string): void { this.#stocks.of(model).backoff.reset(); }

  /** Boots a process and keeps it warm. With a profile it rehearses that beginning. Never rejects. */
  async boot(model: string, profile: Profile | undefined): Promise<void> {
    const { processes, recent, converse } = this.#options;
    const { launching } = this.#stocks.of(model);
    const kind = profile === undefined ? "any" : "rehearsed";
    launching[kind]++;
    try {
      const owned = await processes.lease("warm", model);
      if (owned === undefined) return;
      // Meanwhile other models may have come into use, so that none is kept of this one.
      if (!recent.knows(model)) return processes.end(owned);
      this.#keep(owned, converse(owned), profile);
    } catch (error) {
      this.#backOff(model, { error: asBridgeError(error).code });
    } finally {
      launching[kind]--;
    }
  }

  /** Has a warm process that was told nothing rehearse a beginning. */
  rehearse({ owned, use: { conversation } }: OwnedWarm, profile: Profile): void {
    this.#keep(owned, conversation, profile);
  }

  /** Boots no more. */
  close(): void {
    this.#isClosed = true;
    this.#stocks.close();
  }

  /** Keeps a process that was told nothing. It rehearses `profile`, or is told the settings of the latest turn. */
  #keep(owned: OwnedProcess, conversation: Conversation, profile: Profile | undefined): void {
    const { processes, recent, capabilities } = this.#options;
    const use: Warm = { name: "warm", conversation, rehearsed: profile?.hash };
    const latest = recent.latest(owned.process.model);
    if (profile !== undefined) this.#rehearse(owned, use, profile);
    // CLIs of before the rewind (seen on 2.1.120 and 2.1.160) forget how thoughts are to be shown when they are told
    // settings before `initialize`.
    else if (latest !== undefined && capabilities.current.rewindSteps) conversation.settings.presume(latest.turn);
    processes.release(owned, use);
  }

  #rehearse(owned: OwnedProcess, use: Warm, profile: Profile): void {
    const { processes, capabilities, recent, clock, log, onRefused } = this.#options;
    rehearse(owned, use, profile, {
      processes, capabilities, clock,
      onLate: () => this.#backOff(owned.process.model, { error: "turn_timeout" }),
      onRefused: (error) => {
        recent.noteRefusal(profile, owned.birth.generation);
        // Log no message: the CLI's may quote the prompt.
        log.warn("a beginning could not be rehearsed", { error: asBridgeError(error).code });
        onRefused();
      },
    });
  }

  /** To be called when a warm process of a model failed: the next one is not booted at once. */
  #backOff(model: string, why: LogFields): void {
    const { log, onRetry } = this.#options;
    const { backoff } = this.#stocks.of(model);
    if (this.#isClosed || backoff.isWaiting) return;
    const waitMs = backoff.wait(onRetry);
    log.warn("a claude process did not come up", { ...why, retry_in_ms: waitMs });
  }
}

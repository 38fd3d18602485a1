import { type Capabilities, noCapabilities } from "../claude/capabilities.ts";
import type { CapabilityName, NeedName } from "../claude/capability-rows.ts";
import { lackingOf, type Needs } from "../claude/needs.ts";
import type { Clock } from "./world.ts";

/** So many refusals within `refusalsMsMax` show that the CLI cannot do after all what the probe saw it do. */
export const refusalsMax = 3;
/**
 * For how long refusals are counted, in milliseconds. A single one may have a cause of its own: it costs only the
 * process that gave it. So may several in a bad minute: after this time the CLI is tried again.
 */
export const refusalsMsMax = 10 * 60_000;
/** How many probes in a row may show nothing before the next one has to wait. */
export const failedTrialsMax = 3;
/** That wait, in milliseconds. It doubles with each further probe that shows nothing, up to `refusalsMsMax`. */
export const trialWaitMs = 30_000;

/**
 * What the CLI on this machine can do, and when it is to be tried again. It is learnt by trying it, never taken from a
 * version number. Until it is known, nothing is rewound.
 */
export class KnownCapabilities {
  readonly #clock: Clock;
  #current: Capabilities = noCapabilities;
  #needs: Needs = {};
  #isKnown = false;
  /** The latest refusals, each with its time by the monotonic clock. */
  #refusals: readonly { readonly name: CapabilityName; readonly atMs: number }[] = [];
  /** From when on the CLI is to be tried again, by the monotonic clock; undefined while nothing is missing. */
  #trialAtMs: number | undefined = -Infinity;
  /** How many trials in a row have shown nothing. */
  #failedTrials = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isKnown(): boolean {
    return this.#isKnown;
  }

  get current(): Capabilities {
    return this.#current;
  }

  /** What was seen of what every CLI must do. */
  get needs(): Needs {
    return this.#needs;
  }

  /** What the CLI must do and does not, so that it cannot be used. */
  get lacking(): readonly NeedName[] {
    return lackingOf(this.#needs);
  }

  /** Notes what a turn has shown of what every CLI must do. */
  noteNeed(name: NeedName, has: boolean): void {
    if (this.#needs[name] !== has) this.#needs = { ...this.#needs, [name]: has };
  }

  learn(capabilities: Capabilities, needs: Needs = {}): void {
    this.#current = capabilities;
    this.#needs = { ...this.#needs, ...needs };
    this.#isKnown = true;
    this.#refusals = [];
    this.#trialAtMs = undefined;
    this.#failedTrials = 0;
  }

  /**
   * Notes that the CLI has refused what this capability says it can do. After `refusalsMax` of them it counts as lost.
   */
  noteRefusal(name: CapabilityName): void {
    const atMs = this.#clock.monotonic();
    this.#refusals = [...this.#refusals.filter((one) => atMs - one.atMs < refusalsMsMax), { name, atMs }];
    const count = this.#refusals.filter((one) => one.name === name).length;
    if (count < refusalsMax || !this.#current[name]) return;
    this.#current = { ...this.#current, [name]: false };
    this.#trialAtMs = atMs + refusalsMsMax;
  }

  /** Notes that a probe has not shown what the CLI can do: its process died, did not come up, or fell silent. */
  noteFailedTrial(): void {
    // What is known already is not lost by that.
    if (this.#trialAtMs === undefined) return;
    const exponent = ++this.#failedTrials - failedTrialsMax;
    const waitMs = exponent < 0 ? 0 : Math.min(refusalsMsMax, trialWaitMs * 2 ** exponent);
    this.#trialAtMs = this.#clock.monotonic() + waitMs;
  }

  /**
   * Whether the caller should probe the CLI: it is not known what it can do, or refusals have cost it a capability.
   * True for one caller in `refusalsMsMax`, or until that probe has shown nothing (`noteFailedTrial`).
   */
  claimTrial(): boolean {
    const nowMs = this.#clock.monotonic();
    if (this.#trialAtMs === undefined || nowMs < this.#trialAtMs) return false;
    this.#trialAtMs = nowMs + refusalsMsMax;
    return true;
  }

  /** Forgets what the CLI can do. To be called when the CLI has changed. */
  forget(): void {
    this.#current = noCapabilities;
    this.#needs = {};
    this.#isKnown = false;
    this.#refusals = [];
    this.#trialAtMs = -Infinity;
    this.#failedTrials = 0;
  }
}

import { type Capabilities, type CapabilityName, noCapabilities } from "../claude/capabilities.ts";
import type { Clock } from "./world.ts";

/** So many refusals within `refusalsMsMax` show that the CLI cannot do after all what the probe saw it do. */
export const refusalsMax = 3;
/**
 * For how long refusals are counted, in milliseconds. A single one may have a cause of its own: it costs only the
 * process that gave it. So may several in a bad minute: after this time the CLI is tried again.
 */
export const refusalsMsMax = 10 * 60_000;

/**
 * What the CLI on this machine can do. It is learnt by trying it, never taken from a version number. Until it is known,
 * nothing is rewound.
 */
export class KnownCapabilities {
  readonly #clock: Clock;
  #current: Capabilities = noCapabilities;
  #isKnown = false;
  /** The latest refusals, each with its time by the monotonic clock. */
  #refusals: readonly { readonly name: CapabilityName; readonly atMs: number }[] = [];
  /** When refusals last cost a capability, or `claimTrial` last returned true for that; undefined if none is lost. */
  #lostAtMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isKnown(): boolean {
    return this.#isKnown;
  }

  get current(): Capabilities {
    return this.#current;
  }

  learn(capabilities: Capabilities): void {
    this.#current = capabilities;
    this.#isKnown = true;
    this.#refusals = [];
    this.#lostAtMs = undefined;
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
    this.#lostAtMs = atMs;
  }

  /**
   * Whether the caller should probe the CLI again, as refusals have cost it a capability: true for one caller in
   * `refusalsMsMax`.
   */
  claimTrial(): boolean {
    const nowMs = this.#clock.monotonic();
    if (this.#lostAtMs === undefined || nowMs - this.#lostAtMs < refusalsMsMax) return false;
    this.#lostAtMs = nowMs;
    return true;
  }

  /** Forgets what the CLI can do. To be called when the CLI has changed. */
  forget(): void {
    this.#current = noCapabilities;
    this.#isKnown = false;
    this.#refusals = [];
    this.#lostAtMs = undefined;
  }
}

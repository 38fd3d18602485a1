import { type Capabilities, type CapabilityName, noCapabilities } from "../claude/capabilities.ts";
import type { Clock } from "./world.ts";

/** So many refusals within `refusalsMsMax` show that the CLI cannot do after all what the probe saw it do. */
export const refusalsMax = 3;
/**
 * In milliseconds. One refusal may have a cause of its own, and ends no more than the process that it came from. So may
 * several in a bad minute: after as long the CLI is tried again.
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
  /** When each was refused, by the monotonic clock. */
  #refusals: readonly { readonly name: CapabilityName; readonly atMs: number }[] = [];
  /** When refusals took an ability away, or a trial after that was claimed; undefined: they took none. */
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

  /** Notes a refusal that shows what the CLI could not do this time. */
  noteRefusal(name: CapabilityName): void {
    const atMs = this.#clock.monotonic();
    this.#refusals = [...this.#refusals.filter((one) => atMs - one.atMs < refusalsMsMax), { name, atMs }];
    const count = this.#refusals.filter((one) => one.name === name).length;
    if (count < refusalsMax || !this.#current[name]) return;
    this.#current = { ...this.#current, [name]: false };
    this.#lostAtMs = atMs;
  }

  /** Whether the CLI is to be tried again, as it has refused what it could do: to one caller in `refusalsMsMax`. */
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

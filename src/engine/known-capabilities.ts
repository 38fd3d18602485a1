import { type Capabilities, type CapabilityName, noCapabilities } from "../claude/capabilities.ts";

/**
 * What the CLI on this machine can do. It is learnt by trying it, never taken from a version number. Until it is known,
 * nothing is rewound.
 */
export class KnownCapabilities {
  #current: Capabilities = noCapabilities;
  #isKnown = false;

  get isKnown(): boolean {
    return this.#isKnown;
  }

  get current(): Capabilities {
    return this.#current;
  }

  learn(capabilities: Capabilities): void {
    this.#current = capabilities;
    this.#isKnown = true;
  }

  /** Notes that the CLI cannot do something after all, as a refusal of it has shown. */
  lacks(name: CapabilityName): void {
    this.#current = { ...this.#current, [name]: false };
  }

  /** Forgets what the CLI can do. To be called when the CLI has changed. */
  forget(): void {
    this.#current = noCapabilities;
    this.#isKnown = false;
  }
}

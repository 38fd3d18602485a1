import { BridgeError } from "../errors.ts";
import type { Turn } from "../turn/turn.ts";
import { type ControlChannel, ControlRefused } from "./control.ts";
import type { History } from "./history.ts";
import { type After, orLate } from "./late.ts";
import { LiveSettings } from "./live-settings.ts";

/** How long the CLI may take to take another model, in milliseconds. It takes 2. */
export const modelWaitMsMax = 2_000;

export interface SettingsChannelParts {
  readonly control: ControlChannel;
  readonly history: History;
  readonly after: After;
  /** Called when the CLI refused to be given another model. */
  readonly onModelRefused: () => void;
}

/** Tells a process the settings of its turns, and knows whether it has taken them. */
export class SettingsChannel {
  readonly #parts: SettingsChannelParts;
  readonly #live: LiveSettings;
  /** How many requests the CLI has not answered. */
  #open = 0;
  /** How many of these were sent before there was a turn. */
  #presumed = 0;

  /** `model` is what the process was launched with. */
  constructor(model: string, parts: SettingsChannelParts) {
    this.#live = new LiveSettings(model);
    this.#parts = parts;
  }

  /** The model that the process asks. Undefined when it refused to be given another. */
  get model(): string | undefined {
    return this.#live.model;
  }

  /** Whether it is not certain yet that the process has what it was told. */
  get isOpen(): boolean {
    return this.#open > 0;
  }

  /** Whether the process has a turn's settings, as far as they can be changed between two turns only. */
  suit(turn: Turn): boolean {
    return this.#live.suit(turn);
  }

  /**
   * Tells a waiting process the likely settings of its next turn, but for the model: told with the first turn, they
   * take 2.1.330 some 25 ms. What the CLI refuses is told again with the turn.
   */
  presume(turn: Turn): void {
    for (const change of this.tell(turn)) {
      this.#presumed++;
      change.catch(() => {}).finally(() => this.#presumed--);
    }
  }

  /**
   * Tells the process what a turn sets otherwise, but for the model. Each promise rejects with the CLI's refusal, of
   * which `onRefused` is told before more of the CLI's output is looked at: its answer may be in the same read.
   */
  tell(turn: Turn, onRefused?: (error: unknown) => void): Promise<unknown>[] {
    // The CLI may still refuse a presumed setting. That refusal would not fail this turn, so all settings are told
    // again.
    if (this.#presumed > 0) this.#live.forget();
    return this.#live.changes(turn).map(async (request) => {
      this.#open++;
      try {
        await this.#parts.control.request(request, onRefused);
      } catch (error) {
        this.#live.forget();
        throw error;
      } finally {
        this.#open--;
      }
    });
  }

  /**
   * Gives the process a turn's model. Nothing else is to be told before this resolves: a process that refuses would ask
   * the model that it has. Rejects with `cli_failed` then, and where the process has messages of another model.
   */
  async giveModel(turn: Turn): Promise<void> {
    const { control, history, after, onModelRefused } = this.#parts;
    if (!history.isEmpty) throw new BridgeError("cli_failed", "The claude process has a history with another model.");
    const request = this.#live.modelChange(turn);
    if (request === undefined) return;
    const isTaken = control.request(request).then(() => true, (error: unknown) => {
      if (error instanceof ControlRefused) return false;
      throw error;
    });
    if (await orLate(isTaken, modelWaitMsMax, () => false, after)) return;
    this.#live.loseModel();
    onModelRefused();
    throw new BridgeError("cli_failed", "The claude process did not take another model.");
  }
}

import { BridgeError } from "../errors.ts";
import { type ControlChannel, ControlRefused } from "./control.ts";
import type { History } from "./history.ts";
import { type After, orLate } from "./late.ts";
import { LiveSettings, type TurnSettings } from "./live-settings.ts";
import type { ToldTurn } from "./parameters.ts";

/** How long the CLI may take to answer `set_model`, in milliseconds. It takes 2. */
export const modelWaitMsMax = 2_000;

/** The control requests that tell a process settings. */
const settingsSubtypes = ["apply_flag_settings", "set_max_thinking_tokens"];

export interface SettingsChannelParts {
  readonly control: ControlChannel;
  readonly history: History;
  readonly after: After;
  /** Called when the CLI refused to be given another model. */
  readonly onModelRefused: () => void;
}

/** Settings told by `presume`: a new object each time, to tell one telling from another. */
type Presumption = object;

/** Tells a process the settings of its turns, and knows whether it has taken them. */
export class SettingsChannel {
  readonly #parts: SettingsChannelParts;
  readonly #live: LiveSettings;
  /** The presumed settings, until the CLI has answered them or a turn has come. */
  #presumed: Presumption | undefined;

  /** `model` is what the process was launched with. */
  constructor(model: string, parts: SettingsChannelParts) {
    this.#live = new LiveSettings(model);
    this.#parts = parts;
  }

  /** The model that the process asks; undefined if the CLI did not take the one that it was told. */
  get model(): string | undefined {
    return this.#live.model;
  }

  /** Whether the CLI has not yet answered some setting that it was told, as far as its output was read. */
  get hasUnanswered(): boolean {
    return this.#parts.control.awaits(settingsSubtypes);
  }

  /** Whether the process has those of a turn's settings that cannot be changed while a call waits for its result. */
  suits(turn: ToldTurn): boolean {
    return this.#live.suits(turn);
  }

  /**
   * Tells a waiting process the likely settings of its next turn, those of `turn`, but for the model: told with the
   * first turn, they take 2.1.330 some 25 ms. A setting that the CLI refuses is told again with the turn. Left out are
   * tools, their choice and the answer's form, which say nothing of the next conversation's.
   */
  presume(turn: ToldTurn): void {
    const {
      tools: _tools, tellsTools: _tellsTools, toolChoice: _choice, disableParallelToolUse: _isOne, webSearch: _search,
      outputFormat: _format, ...likely
    } = turn;
    this.#forgetPresumed();
    const presumed = {};
    this.#presumed = presumed;
    const isNeeded = (): boolean => this.#presumed === presumed;
    void Promise.allSettled(this.#send(likely, undefined, isNeeded)).then(() => {
      if (isNeeded()) this.#presumed = undefined;
    });
  }

  /**
   * Tells the process those settings of a turn that it does not have, but for the model. Each promise rejects with the
   * CLI's refusal, of which `onRefused` is told before more of the CLI's output is handled: an answer may be in the
   * same read.
   */
  tell(turn: ToldTurn, onRefused?: (error: unknown) => void): Promise<unknown>[] {
    this.#forgetPresumed();
    return this.#send(turn, onRefused, () => true);
  }

  /**
   * Gives a process that is up a turn's model. Nothing else is to be told before this resolves: if the CLI refused, a
   * question would go to the old model. Rejects with `cli_failed` if it refuses, and if the process has messages of
   * another model. `isOver`: whether nobody waits for the turn any more; its process may be ended then, and answer
   * nothing.
   */
  async giveModel(turn: ToldTurn, isOver: () => boolean): Promise<void> {
    const { control, history, after, onModelRefused } = this.#parts;
    if (!history.isEmpty) throw new BridgeError("cli_failed", "The claude process has a history with another model.");
    const request = this.#live.modelChange(turn);
    if (request === undefined) return;
    const answer = control.request(request).then(() => "taken", (error: unknown) => {
      if (error instanceof ControlRefused) return "refused";
      throw error;
    });
    const outcome = await orLate(answer, modelWaitMsMax, () => "late", after);
    if (outcome === "taken") return;
    this.#live.loseModel();
    if (outcome === "refused" || !isOver()) onModelRefused();
    throw new BridgeError("cli_failed", "The claude process did not take another model.");
  }

  /** The CLI may still refuse a presumed setting. That would not fail a turn, so the turn is told all settings. */
  #forgetPresumed(): void {
    if (this.#presumed !== undefined) this.#live.forget();
    this.#presumed = undefined;
  }

  /** `isNeeded`: whether it still matters that the CLI refuses. */
  #send(
    turn: TurnSettings, onRefused: ((error: unknown) => void) | undefined, isNeeded: () => boolean,
  ): Promise<unknown>[] {
    return this.#live.changes(turn).map(async (request) => {
      try {
        await this.#parts.control.request(request, onRefused);
      } catch (error) {
        if (isNeeded()) this.#live.forget();
        throw error;
      }
    });
  }
}

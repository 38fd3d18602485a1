import { BridgeError } from "../errors.ts";
import type { Time } from "./time.ts";

/** How long a process that was started a while ago may take to its first line in a turn, in milliseconds. */
export const firstLineWaitMsMin = 10_000;
/**
 * How long a process may say nothing while it is told a history, in milliseconds. It takes each message within some 12,
 * and asks the model nothing meanwhile.
 */
export const tellingWaitMsMax = 30_000;
/**
 * How long the `result` line of a whole answer may take, in milliseconds. It follows within some 10. If it is not there
 * by then, the answer ends without it.
 */
export const resultWaitMsMax = 5_000;
/**
 * How long a process that is up may take to its first word after a question, in milliseconds. It says within some 100
 * that it asks the API. The model's first word may take far longer, but has another limit.
 */
export const firstWordWaitMsMax = 30_000;
/** After how long without use a process's connection to the API may be dead, in milliseconds of wall clock. */
export const quietMsMin = 60_000;
/**
 * How long the first sign of an answer may take on a process that was not used for `quietMsMin`, in milliseconds, to a
 * question of few words: the model has to read them first. Where the connection is dead (a laptop that has slept, a
 * router that has forgotten it), none comes, and the CLI waits for ten minutes. A model as slow as that is asked once
 * more, on another process.
 */
export const firstSignWaitMsMax = 20_000;
/** For each so many bytes of a question and its history, a second is added to `firstSignWaitMsMax`. */
export const bytesReadPerSecond = 100_000;

/** The error of a process that did not come up in time. Any other one of the same CLI may do the same. */
export class BootTimeout extends BridgeError {
  constructor(waitMs: number) {
    super("cli_failed", `The claude process did not boot within ${Math.round(waitMs / 1000)} s.`);
  }
}

/** When a process has written something, in milliseconds of the wall clock. */
export interface Heard {
  readonly startedAtMs: number;
  /** When the process last wrote something; undefined before its first line. */
  lastAtMs: number | undefined;
  /**
   * When the process last wrote something after a question, so that it had asked the API. Undefined if it never has:
   * then there is no limit for the first sign, even if 2.1.197's own look at the API at its start (`HEAD /`) has left a
   * dead connection.
   */
  usedAtMs: number | undefined;
}

/**
 * How far a turn is, as far as its process may be silent. `booting`: the process has not said a word yet. `told`: it is
 * told a history. `asked`: the question is written, and the process has not said a word since. `waiting`: it has, but
 * nothing has come from the API. `answering`: something has. `answered`: all of the answer has come but for the line
 * that ends the turn.
 */
export type Phase = "booting" | "told" | "asked" | "waiting" | "answering" | "answered";

/** The limits of silence in a turn, in milliseconds; see the constants above. */
export interface Limits {
  readonly silenceMsMax: number;
  readonly bootMsMax: number;
  readonly tellingMsMax: number;
  readonly resultMsMax: number;
  readonly firstWordMsMax: number;
  /** Undefined where the process was used lately or never, so that its connection is taken to be alive. */
  readonly firstSignMsMax: number | undefined;
}

/** The limits of a turn that begins at `nowMs`. `bytesOf` gives the turn's size. */
export function limitsOf(
  { startedAtMs, usedAtMs }: Heard, nowMs: number, usual: Pick<Limits, "silenceMsMax" | "bootMsMax">,
  bytesOf: () => number,
): Limits {
  const { silenceMsMax, bootMsMax } = usual;
  const isQuiet = usedAtMs !== undefined && nowMs - usedAtMs >= quietMsMin;
  return {
    silenceMsMax,
    bootMsMax: Math.max(bootMsMax - (nowMs - startedAtMs), Math.min(firstLineWaitMsMin, bootMsMax)),
    tellingMsMax: tellingWaitMsMax,
    firstWordMsMax: firstWordWaitMsMax,
    resultMsMax: resultWaitMsMax,
    firstSignMsMax: isQuiet ? firstSignWaitMsMax + 1_000 * Math.floor(bytesOf() / bytesReadPerSecond) : undefined,
  };
}

/** What a watch does when a limit is reached, and what it looks at. */
export interface WatchOptions {
  readonly limits: Limits;
  readonly time: Time;
  /** False while no batch is asked for: the CLI may be paused then, so its silence says nothing. */
  readonly isListening: () => boolean;
  readonly fail: (error: BridgeError) => void;
  /** Called when the line that ends the turn does not come. */
  readonly onNoResult: () => void;
}

/** Watches one turn for silences that are too long. */
export class Watch {
  readonly #options: WatchOptions;
  #phase: Phase | undefined;
  #lastMs = 0;
  #cancelSilence = (): void => {};
  #cancelPhase = (): void => {};

  constructor(options: WatchOptions) {
    this.#options = options;
    this.refresh();
    this.#awaitSilence(options.limits.silenceMsMax);
  }

  /** To be called when the process has written something, or when it begins to be read again. */
  refresh(): void {
    this.#lastMs = this.#options.time.monotonic();
  }

  enter(phase: Phase): void {
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.#cancelPhase();
    const limitMs = this.#limitOf(phase);
    if (limitMs !== undefined) this.#awaitEnd(phase, limitMs);
  }

  stop(): void {
    this.#cancelSilence();
    this.#cancelPhase();
  }

  /** Sets one timer for the whole silence, in place of one at each read, of which there may be thousands a second. */
  #awaitSilence(ms: number): void {
    const { time, limits: { silenceMsMax }, isListening, fail } = this.#options;
    this.#cancelSilence = time.after(ms, () => {
      if (!isListening()) this.refresh();
      const leftMs = this.#lastMs + silenceMsMax - time.monotonic();
      if (leftMs > 0) return this.#awaitSilence(leftMs);
      fail(new BridgeError("turn_timeout", `The claude process was silent for ${silenceMsMax / 1000} s.`));
    });
  }

  #awaitEnd(phase: Phase, limitMs: number, ms = limitMs): void {
    const { time, isListening } = this.#options;
    this.#cancelPhase = time.after(ms, () => {
      // A long history takes long to tell: its limit counts from when the process last wrote something.
      const leftMs = phase === "told" ? this.#lastMs + limitMs - time.monotonic() : 0;
      if (leftMs > 0) this.#awaitEnd(phase, limitMs, leftMs);
      else if (isListening()) this.#onLate(phase, limitMs);
      else this.#awaitEnd(phase, limitMs);
    });
  }

  #limitOf(phase: Phase): number | undefined {
    const { bootMsMax, tellingMsMax, firstWordMsMax, firstSignMsMax, resultMsMax } = this.#options.limits;
    switch (phase) {
      case "booting": return bootMsMax;
      case "told": return tellingMsMax;
      case "asked": return firstWordMsMax;
      case "waiting": return firstSignMsMax;
      case "answered": return resultMsMax;
      case "answering": return undefined;
    }
  }

  #onLate(phase: Phase, limitMs: number): void {
    const { fail, onNoResult } = this.#options;
    if (phase === "answered") return onNoResult();
    if (phase === "booting") return fail(new BootTimeout(limitMs));
    const did = phase === "told" ? "take the conversation's history" : "react to its question";
    const words = phase === "waiting"
      ? "The claude process got no answer of the API (its connection may be dead)"
      : `The claude process did not ${did}`;
    fail(new BridgeError("cli_failed", `${words} within ${limitMs / 1000} s.`));
  }
}

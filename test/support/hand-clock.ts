/** A clock that stands still until the test moves it. */
import type { TestContext } from "node:test";
import type { Cancel, Clock } from "../../src/engine/world.ts";

const dayMs = 24 * 60 * 60_000;

interface Alarm { readonly atMs: number; readonly call: () => void }

export class HandClock implements Clock {
  /** The local date, which passes by itself no more than the time does. */
  date = "Mon Nov 30 2026";
  readonly #alarms = new Set<Alarm>();
  #passedMs = 0;
  readonly #startMs: number;

  constructor(startMs = 1_700_000_000_000) {
    this.#startMs = startMs;
  }

  readonly now = (): number => this.#startMs + this.#passedMs;
  readonly monotonic = (): number => this.#passedMs;
  readonly today = (): string => this.date;
  /** To the next whole day since the clock's start. */
  readonly untilTomorrow = (): number => dayMs - this.#passedMs % dayMs;

  readonly after = (ms: number, call: () => void): Cancel => {
    const alarm = { atMs: this.#passedMs + ms, call };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  };

  /** How many timers are set. */
  get pending(): number {
    return this.#alarms.size;
  }

  /** Lets so many milliseconds pass: each timer that is due is called at its time, those set meanwhile too. */
  pass(ms: number): void {
    const endMs = this.#passedMs + ms;
    for (;;) {
      const [next] = [...this.#alarms].filter(({ atMs }) => atMs <= endMs).sort((one, other) => one.atMs - other.atMs);
      if (next === undefined) break;
      this.#alarms.delete(next);
      this.#passedMs = Math.max(this.#passedMs, next.atMs);
      next.call();
    }
    this.#passedMs = endMs;
  }
}

const clocks = new WeakMap<TestContext, HandClock>();

/** The one clock of a test. */
export function clockOf(t: TestContext): HandClock {
  const clock = clocks.get(t) ?? new HandClock();
  clocks.set(t, clock);
  return clock;
}

import type { ClaudeProcess } from "../claude/process.ts";
import type { Logger } from "../log.ts";

/** A model counts as recently used for this long, in milliseconds. */
export const recentUseMs = 15 * 60_000;
/** A warm process is renewed after this long, in milliseconds: its login and its settings are those of its boot. */
export const warmAgeMsMax = 30 * 60_000;
/** After a boot that failed, the next waits this long, in milliseconds, and twice as long each time, up to a bound. */
export const bootRetryMs = 1_000;
export const bootRetryMsMax = 60_000;

export interface PoolOptions {
  /** How many processes wait for each recently used model; 0 turns the pool off. */
  readonly warm: number;
  readonly launch: (model: string) => Promise<ClaudeProcess>;
  /** Whether one more process fits within the cap without ending another. */
  readonly hasRoom: () => boolean;
  readonly log: Logger;
}

interface Warm {
  readonly process: ClaudeProcess;
  readonly ageTimer: NodeJS.Timeout;
}

/** Processes that are up before a request comes: booted, told nothing yet, and given to one conversation each. */
export class Pool {
  readonly #options: PoolOptions;
  readonly #warm = new Map<string, Warm[]>();
  /** When each model was last asked for; the latest is last. */
  readonly #lastUseMs = new Map<string, number>();
  readonly #launching = new Map<string, number>();
  #failedBoots = 0;
  #retryTimer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** How many processes wait. */
  get size(): number {
    let size = 0;
    for (const waiting of this.#warm.values()) size += waiting.length;
    return size;
  }

  /** Marks a model as used and boots what is missing. */
  prepare(model: string): void {
    this.#touch(model);
    this.refill();
  }

  /** A booted process of that model if one waits. */
  take(model: string): ClaudeProcess | undefined {
    this.#touch(model);
    const waiting = this.#warm.get(model) ?? [];
    for (let warm = waiting.shift(); warm !== undefined; warm = waiting.shift()) {
      clearTimeout(warm.ageTimer);
      if (warm.process.state !== "booting") continue;
      this.#failedBoots = 0;
      return warm.process;
    }
    return undefined;
  }

  /** Boots what is missing, in the background. */
  refill(): void {
    if (this.#isClosed || this.#retryTimer !== undefined) return;
    for (const model of this.#wantedModels()) {
      const up = (this.#warm.get(model)?.length ?? 0) + (this.#launching.get(model) ?? 0);
      for (let missing = this.#options.warm - up; missing > 0 && this.#options.hasRoom(); missing--) void this.#boot(model);
    }
  }

  /** Ends one that waits, of the model that was used least recently. False when none waits. */
  evictOne(): boolean {
    for (const model of [...this.#lastUseMs.keys()]) {
      const warm = this.#warm.get(model)?.shift();
      if (warm === undefined) continue;
      this.#retire(warm);
      return true;
    }
    return false;
  }

  /** Ends all that wait: what they were booted from has changed. */
  clear(): void {
    while (this.evictOne());
  }

  /** Ends all that wait and boots no more. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retryTimer);
    this.clear();
  }

  #touch(model: string): void {
    this.#lastUseMs.delete(model);
    this.#lastUseMs.set(model, Date.now());
  }

  /** Models used lately; when there were none, the last one. The others' processes are ended. */
  #wantedModels(): string[] {
    const since = Date.now() - recentUseMs;
    const models = [...this.#lastUseMs.keys()];
    const wanted = models.filter((model, index) => index === models.length - 1 || (this.#lastUseMs.get(model) ?? 0) > since);
    for (const model of models) {
      if (wanted.includes(model)) continue;
      for (const warm of this.#warm.get(model) ?? []) this.#retire(warm);
      this.#warm.delete(model);
      this.#lastUseMs.delete(model);
    }
    return wanted;
  }

  async #boot(model: string): Promise<void> {
    this.#launching.set(model, (this.#launching.get(model) ?? 0) + 1);
    try {
      this.#admit(model, await this.#options.launch(model));
    } catch {
      // The launch logs why; a request that needs a process tells its client.
      this.#backOff();
    } finally {
      this.#launching.set(model, (this.#launching.get(model) ?? 0) - 1);
    }
  }

  #admit(model: string, process: ClaudeProcess): void {
    if (this.#isClosed) return void process.end();
    const ageTimer = setTimeout(() => {
      this.#drop(model, warm);
      this.#retire(warm);
      this.refill();
    }, warmAgeMsMax);
    ageTimer.unref();
    const warm: Warm = { process, ageTimer };
    const waiting = this.#warm.get(model);
    if (waiting === undefined) this.#warm.set(model, [warm]);
    else waiting.push(warm);
    void process.closed.then(() => {
      clearTimeout(ageTimer);
      // One that died while it waited; the others left the list before they ended.
      if (this.#drop(model, warm)) this.#backOff();
    });
  }

  #drop(model: string, warm: Warm): boolean {
    const waiting = this.#warm.get(model) ?? [];
    const index = waiting.indexOf(warm);
    if (index !== -1) waiting.splice(index, 1);
    return index !== -1;
  }

  #retire({ process, ageTimer }: Warm): void {
    clearTimeout(ageTimer);
    void process.end();
  }

  #backOff(): void {
    if (this.#isClosed || this.#retryTimer !== undefined) return;
    const waitMs = Math.min(bootRetryMsMax, bootRetryMs * 2 ** this.#failedBoots++);
    this.#options.log.warn("a claude process ended before it was used", { retry_in_ms: waitMs });
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined;
      this.refill();
    }, waitMs);
    this.#retryTimer.unref();
  }
}

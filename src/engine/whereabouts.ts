import { type HistoryHash, type Timeline, tipOf } from "./history-hash.ts";

/** How many ended timelines are remembered, so that a later request for one is counted with the right reason. */
const departedMax = 1_000;

/** Why no process was found that has a part of a request's history. */
export type MissReason =
  /** The request has one message, so it has no history. */
  | "first_message"
  /** No process is known to have been told this history: it comes from elsewhere, or from before a restart. */
  | "unknown_history"
  /** Another turn has the process with this history: it runs, or it was left and is being taken back. */
  | "in_use"
  /** The process was idle, or waited for tools, for too long, and was ended. */
  | "idle_time"
  /** The process was evicted or given to another conversation. */
  | "evicted"
  /** The process was replaced: by its age, its memory, or because program or login have changed. */
  | "renewed"
  /** The process died in a turn or between two, or was ended with a turn that failed, was cut, or was left. */
  | "process_ended"
  /** The CLI refused to rewind the process, which was ended. */
  | "rewind_refused";

/** Remembers what became of the histories that processes had, to tell why a request's history is told anew. */
export class Whereabouts {
  readonly #inUse = new Map<HistoryHash, number>();
  readonly #departed = new Map<HistoryHash, MissReason>();

  /** Notes that a turn runs on the process that has this history. */
  enter(hash: HistoryHash): void {
    this.#inUse.set(hash, (this.#inUse.get(hash) ?? 0) + 1);
  }

  /** Notes that a turn which was noted by `enter` is over, however it ended. */
  leave(hash: HistoryHash): void {
    const uses = (this.#inUse.get(hash) ?? 0) - 1;
    if (uses > 0) this.#inUse.set(hash, uses);
    else this.#inUse.delete(hash);
  }

  /** Notes that a free process has this history. */
  arrive(timeline: Timeline): void {
    this.#departed.delete(tipOf(timeline));
  }

  /**
   * Notes that a process does not have this history any more. `others` are the histories of the other free processes:
   * one of them may be the same.
   */
  depart(timeline: Timeline, reason: MissReason, others: readonly Timeline[]): void {
    const tip = tipOf(timeline);
    if (others.some((other) => tipOf(other) === tip)) return;
    this.#departed.set(tip, reason);
    const [oldest] = this.#departed.keys();
    if (this.#departed.size > departedMax && oldest !== undefined) this.#departed.delete(oldest);
  }

  /** Why no free process has any of a request's history. */
  why({ hashes }: Timeline): MissReason {
    // The last message is left out: it is the question.
    for (const hash of hashes.slice(0, -1).reverse()) {
      if (this.#inUse.has(hash)) return "in_use";
      const departed = this.#departed.get(hash);
      if (departed !== undefined) return departed;
    }
    return hashes.length === 1 ? "first_message" : "unknown_history";
  }
}

import type { Conversation } from "../claude/conversation.ts";
import type { LiveProcess } from "../claude/process.ts";
import type { SpentReason } from "../claude/spent.ts";
import { type HistoryHash, shortened, type Timeline } from "./history-hash.ts";
import type { RenewalFacts, Wear } from "./renewal.ts";
import { type Clock, Timer } from "./world.ts";

/** What a process is leased for. */
export type Purpose = "turn" | "warm" | "probe";

/** A process that waits for the next new conversation. */
export interface Warm {
  readonly name: "warm";
  readonly conversation: Conversation;
  /** The beginning that the process has rehearsed. If undefined, it was told nothing and fits any conversation. */
  readonly rehearsed: HistoryHash | undefined;
}

/** A process between two turns of a conversation. `parked`: it waits for the results of the client's tools. */
export interface Rested {
  readonly name: "resting" | "parked";
  readonly conversation: Conversation;
  /**
   * The beginning of the conversation, and the hashes after each message that the process has, the last answer
   * included.
   */
  readonly timeline: Timeline;
}

/** A process that a turn has. */
export interface Running {
  readonly name: "running";
  readonly conversation: Conversation;
  /** The timeline of the turn, its question included. */
  readonly timeline: Timeline;
}

/** A process that may be leased for a turn. */
export type Free = Warm | Rested;

/** What a process does, as its owner sees it. `/health` counts processes by this. */
export type Use =
  /**
   * The process was leased, and has no turn yet. `isSpare`: the turn for which it boots has got another process, or was
   * left.
   */
  | { readonly name: "booting"; readonly isSpare: boolean }
  /** The process is asked what the CLI serves, and tried for what it can do. */
  | { readonly name: "probed" }
  | Running
  | Free
  /** The process was asked to end, or killed. */
  | { readonly name: "ending" };

/** Whether a process of this use is between two turns of a conversation. */
export function isRested(use: Use): use is Rested {
  return use.name === "resting" || use.name === "parked";
}

/** Whether a process of this use may be leased for a turn. */
export function isFree(use: Use): use is Free {
  return use.name === "warm" || isRested(use);
}

/**
 * The histories with which a client's next request may go on with a process. In a turn there are two. After a
 * broken-off answer a client may send the history with the turn's question, or without it, to ask it again or another.
 */
export function historiesOf(use: Use): readonly Timeline[] {
  if (isRested(use)) return [use.timeline];
  if (use.name !== "running") return [];
  const { timeline, timeline: { hashes } } = use;
  return hashes.length > 1 ? [timeline, shortened(timeline, hashes.length - 1)] : [timeline];
}

/** The circumstances of a process's start, which hold for its whole life. */
export interface Birth {
  /** How many times program, configuration or login had changed before. */
  readonly generation: number;
  /** The local date when the process was started: the CLI tells it to the model. */
  readonly day: string;
  /** When the process was started: by the monotonic clock, in milliseconds. */
  readonly ms: number;
}

/** A process of the CLI and what its owner knows of it. `Processes` alone changes it. */
export class OwnedProcess {
  readonly process: LiveProcess;
  readonly birth: Birth;
  readonly wear: Wear = { turns: 0, firstBytes: undefined, bytes: undefined };
  /** Ends the process when it has been free for too long. */
  readonly timer: Timer;
  /** Whether the process is kept only for the conversation that it is in the middle of. */
  isWorn = false;
  use: Use;
  /** Since when `use` is what it is: by the monotonic clock, in milliseconds. */
  sinceMs: number;

  constructor(process: LiveProcess, birth: Birth, clock: Clock, use: Use) {
    this.process = process;
    this.birth = birth;
    this.timer = new Timer(clock);
    this.use = use;
    this.sinceMs = birth.ms;
  }

  /** Whether the process is shutting down, or was killed, whoever asked for that. */
  get isEnding(): boolean {
    const { state } = this.process;
    return this.use.name === "ending" || state === "closing" || state === "closed";
  }
}

/** What is known now of a process that decides whether it is replaced. */
export function renewalFacts(
  { birth, wear }: OwnedProcess, generation: number, clock: Pick<Clock, "today" | "monotonic">,
): RenewalFacts {
  const [isSuperseded, isOfAnotherDay] = [birth.generation !== generation, birth.day !== clock.today()];
  return { isSuperseded, isOfAnotherDay, ageMs: clock.monotonic() - birth.ms, wear };
}

/** A warm process. */
export interface OwnedWarm {
  readonly owned: OwnedProcess;
  readonly use: Warm;
}

/** Whether a turn waits for this process to come up. */
export function bootsForTurn({ use, process, isEnding }: OwnedProcess): boolean {
  return use.name === "running" && !process.isUp && !isEnding;
}

/** The warm processes among `all`. */
export function warmOf(all: readonly OwnedProcess[]): OwnedWarm[] {
  return all.flatMap((owned) => (owned.use.name === "warm" ? [{ owned, use: owned.use }] : []));
}

/**
 * Warm processes in the order in which they are ended: first rehearsed ones, as many as there are beyond
 * `wantedRehearsed`.
 */
export function dispensable(warm: readonly OwnedWarm[], wantedRehearsed: number): OwnedWarm[] {
  const rehearsed = warm.filter(({ use }) => use.rehearsed !== undefined);
  const first = rehearsed.slice(0, Math.max(0, rehearsed.length - wantedRehearsed));
  return [...first, ...warm.filter((one) => !first.includes(one))];
}

/** Who is told of what happens to processes. */
export interface Watcher {
  /** A turn has left its process, which may be free now: turns that wait for one may take it at once. */
  readonly onFree?: () => void;
  /** A process has exited, so that there may be room. `use` is what it did then: `ending` if that was asked for. */
  readonly onExit?: (owned: OwnedProcess, use: Use) => void;
  /** A process was ended because it has no further use. `use` is what it did before. */
  readonly onSpent?: (owned: OwnedProcess, use: Use, reason: SpentReason) => void;
}

/** How many processes there are of each use. */
export type ProcessCounts = Readonly<Record<Use["name"], number>>;

/** Counts processes by what they do. `starting`: how many more are about to be spawned; they count as booting. */
export function countByUse(all: Iterable<OwnedProcess>, starting: number): ProcessCounts {
  const counts = { booting: starting, probed: 0, running: 0, warm: 0, resting: 0, parked: 0, ending: 0 };
  for (const { isEnding, use } of all) counts[isEnding ? "ending" : use.name]++;
  return counts;
}

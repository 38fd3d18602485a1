/** The owner of processes behind which nothing runs, on a clock that the test moves. */
import type { TestContext } from "node:test";
import type { Conversation } from "../../src/claude/conversation.ts";
import type { Surroundings } from "../../src/engine/launcher.ts";
import type { HistoryHash, Timeline } from "../../src/engine/history-hash.ts";
import type { OwnedProcess, Rested, Warm } from "../../src/engine/owned-process.ts";
import { Processes, type ProcessesOptions } from "../../src/engine/processes.ts";
import { Whereabouts } from "../../src/engine/whereabouts.ts";
import { createLogger } from "../../src/log.ts";
import { clockOf, type HandClock } from "./hand-clock.ts";
import { StandInProcess } from "./stand-in-process.ts";
import { never } from "./turns.ts";

export const [idleMsMax, parkedMsMax] = [60_000, 300_000];

export interface OwnedProcesses {
  readonly processes: Processes;
  readonly whereabouts: Whereabouts;
  readonly clock: HandClock;
  /** All that were ever started, in their order. */
  readonly started: StandInProcess[];
  /** What `memoryOf` gives. */
  memory: number | undefined;
  /** What the start of a process waits for. */
  gate: Promise<void>;
  /** What the start of a process fails by. */
  fault: Error | undefined;
  readonly log: string[];
  /** A process that a turn has. */
  readonly leased: () => Promise<OwnedProcess>;
  /** One that was released so. */
  readonly released: (use: Rested | Warm) => Promise<OwnedProcess>;
}

export function ownProcesses(t: TestContext, options: Partial<ProcessesOptions> = {}): OwnedProcesses {
  const clock = clockOf(t);
  const started: StandInProcess[] = [];
  const whereabouts = new Whereabouts();
  const log: string[] = [];
  const owner: OwnedProcesses = {
    processes: new Processes({
      max: 100, restingMax: Infinity, idleMsMax, parkedMsMax, whereabouts,
      launcher: {
        prepare: async () => {
          await owner.gate;
          if (owner.fault !== undefined) throw owner.fault;
          return {} as Surroundings;
        },
        start: (model) => {
          const process = new StandInProcess(model);
          started.push(process);
          return process.asProcess;
        },
      },
      world: { clock, memoryOf: () => owner.memory }, log: createLogger("debug", (line) => log.push(line)), ...options,
    }),
    whereabouts, clock, started, memory: undefined, gate: Promise.resolve(), fault: undefined, log,
    leased: () => owner.processes.lease("turn", "opus", never),
    released: async (use) => {
      const owned = await owner.leased();
      owner.processes.run(owned, use.conversation, timelineOfWords(""));
      owner.processes.release(owned, use);
      return owned;
    },
  };
  t.after(() => owner.processes.kill());
  return owner;
}

/** `a b c` after the beginning `B`: each word is the hash after one more message. In `b/1` the message has thinking known by `1`. */
export function timelineOfWords(words: string, beginning = "B"): Timeline {
  const told = words.split(" ").filter(Boolean).map((word) => word.split("/"));
  return { beginning: beginning as HistoryHash, root: beginning as HistoryHash, hashes: told.map(([hash]) => hash as HistoryHash), asides: told.map(([, thought]) => thought) };
}

/** A process between two turns. `places`: how many messages are kept at each place to which it can be rewound. */
export function rested(words: string, more: { readonly name?: Rested["name"]; readonly beginning?: string; readonly conversation?: object } = {}): Rested {
  const { name = "resting", beginning, conversation = {} } = more;
  return { name, conversation: conversation as Conversation, timeline: timelineOfWords(words, beginning) };
}

/** A process that waits for a new conversation. */
export function warm(rehearsed?: string): Warm {
  return { name: "warm", conversation: {} as Conversation, rehearsed: rehearsed as HistoryHash | undefined };
}

/** Warm processes on a clock that the test moves, with conversations that the test answers for. */
import type { TestContext } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import { noCapabilities } from "../../src/claude/capabilities.ts";
import type { Conversation } from "../../src/claude/conversation.ts";
import { Account } from "../../src/engine/account.ts";
import type { HistoryHash } from "../../src/engine/history-hash.ts";
import { KnownCapabilities } from "../../src/engine/known-capabilities.ts";
import { type Profile, RecentUse } from "../../src/engine/recent-use.ts";
import { refillDelayMs, RefillTimer } from "../../src/engine/refill-timer.ts";
import { WarmProcesses } from "../../src/engine/warm-processes.ts";
import { BridgeError } from "../../src/errors.ts";
import { createLogger } from "../../src/log.ts";
import type { Turn } from "../../src/turn/turn.ts";
import { type OwnedProcesses, ownProcesses, timelineOfWords } from "./owned-processes.ts";
import type { StandInProcess } from "./stand-in-process.ts";
import { systemOf, turnOf } from "./turns.ts";

/** A conversation to come: alive as long as its process, with a rehearsal that the test settles. */
export class StandInConversation {
  readonly process: StandInProcess;
  rehearsed: Turn | undefined;
  /** The turns whose settings it was told. */
  readonly presumed: Turn[] = [];
  readonly settings = { presume: (turn: Turn): void => void this.presumed.push(turn) };
  refuse: (error: BridgeError) => void = () => {};
  accept: () => void = () => {};

  constructor(process: StandInProcess) {
    this.process = process;
  }

  get model(): string {
    return this.process.model;
  }

  get isReusable(): boolean {
    return this.process.state === "booting";
  }

  rehearse(turn: Turn): Promise<void> {
    this.rehearsed = turn;
    return new Promise((resolve, reject) => {
      this.accept = resolve;
      this.refuse = reject;
    });
  }
}

export const profile = (name: string): Profile => ({ hash: name as HistoryHash, turn: turnOf({ system: systemOf(name) }), isMovable: true });
/** Of one that comes once. */
let profiles = 0;
export const some = (): Profile => profile(`some ${++profiles}`);

export interface Scene {
  readonly warm: WarmProcesses;
  readonly owner: OwnedProcesses;
  readonly refills: RefillTimer;
  /** All that were ever started, in their order. */
  readonly launched: StandInProcess[];
  readonly conversations: StandInConversation[];
  /** How many are warm. */
  size(): number;
  take(model: string, wanted?: Profile): StandInConversation | undefined;
  /** Past the moment that is left to the turn which took one. */
  refilled(): Promise<void>;
  /** Of the live ones. */
  models(): string[];
  readonly log: string[];
}

export function start(t: TestContext, { warm: wanted = 2, roomFor = 100, canSetModel = false, canRewind = true } = {}): Scene {
  const owner = ownProcesses(t, { max: roomFor });
  const { processes, clock, started: launched, log } = owner;
  const conversations: StandInConversation[] = [];
  const logger = createLogger("info", (line) => log.push(line));
  const refills = new RefillTimer(clock);
  const capabilities = new KnownCapabilities(clock);
  capabilities.learn({ ...noCapabilities, setModel: canSetModel, rewindSteps: canRewind });
  const warm = new WarmProcesses({
    warm: wanted, processes, capabilities, recent: new RecentUse(clock), account: new Account(logger, clock), isMovable: (model) => canSetModel && model !== "odd", clock,
    refills, log: logger,
    converse: ({ process }) => {
      const conversation = new StandInConversation(process as unknown as StandInProcess);
      conversations.push(conversation);
      return conversation as unknown as Conversation;
    },
  });
  t.after(() => warm.close());
  return {
    warm, owner, refills, launched, conversations, log,
    size: () => processes.counts.warm,
    // As for a turn that nothing but a warm process suits.
    take: (model, { hash, turn } = some()) => {
      const isMovable = canSetModel && model !== "odd";
      const profileOfTurn = { hash, turn: { ...turn, model }, isMovable };
      warm.note(model, profileOfTurn);
      const found = warm.suitable(profileOfTurn);
      if (found === undefined) {
        warm.noteMiss(model);
        return undefined;
      }
      processes.run(found.owned, found.use.conversation, timelineOfWords("", hash));
      warm.noteTaken(found.owned);
      return found.use.conversation as unknown as StandInConversation;
    },
    refilled: async () => {
      // An exit is noticed a round later, and brings a refill.
      await nextRound();
      clock.pass(refillDelayMs);
      await nextRound();
    },
    models: () => launched.filter(({ state }) => state !== "closed").map(({ model }) => model),
  };
}

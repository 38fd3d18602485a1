import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import { noCapabilities } from "../../src/claude/capabilities.ts";
import type { Conversation } from "../../src/claude/conversation.ts";
import { bootWaitMs } from "../../src/claude/probe.ts";
import { Account } from "../../src/engine/account.ts";
import { bootRetryMs, bootRetryMsMax } from "../../src/engine/backoff.ts";
import type { HistoryHash } from "../../src/engine/history-hash.ts";
import { KnownCapabilities } from "../../src/engine/known-capabilities.ts";
import { modelsMax, type Profile, RecentUse, refusedMax } from "../../src/engine/recent-use.ts";
import { RefillTimer, refillDelayMs } from "../../src/engine/refill-timer.ts";
import { warmAgeMsMax } from "../../src/engine/resting.ts";
import { recentUseMs } from "../../src/engine/warm-plan.ts";
import { WarmProcesses } from "../../src/engine/warm-processes.ts";
import { BridgeError } from "../../src/errors.ts";
import { createLogger } from "../../src/log.ts";
import type { Turn } from "../../src/turn/turn.ts";
import { clockOf } from "../support/hand-clock.ts";
import { ownProcesses, type OwnedProcesses, timelineOfWords } from "../support/owned-processes.ts";
import type { StandInProcess } from "../support/stand-in-process.ts";
import { systemOf, turnOf } from "../support/turns.ts";

/** A conversation to come: alive as long as its process, with a rehearsal that the test settles. */
class StandInConversation {
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

const profile = (name: string): Profile => ({ hash: name as HistoryHash, turn: turnOf({ system: systemOf(name) }), isMovable: true });
/** Of one that comes once. */
let profiles = 0;
const some = (): Profile => profile(`some ${++profiles}`);

interface Scene {
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

function start(t: TestContext, { warm: wanted = 2, roomFor = 100, canSetModel = false } = {}): Scene {
  const owner = ownProcesses(t, { max: roomFor });
  const { processes, clock, started: launched, log } = owner;
  const conversations: StandInConversation[] = [];
  const logger = createLogger("info", (line) => log.push(line));
  const refills = new RefillTimer(clock);
  const capabilities = new KnownCapabilities(clock);
  if (canSetModel) capabilities.learn({ ...noCapabilities, setModel: true });
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

describe("warm processes", () => {
  it("boots as many as are wanted, of the models that were prepared", async (t) => {
    const { warm, models, size } = start(t);
    warm.prepare("opus");
    await nextRound();
    assert.deepEqual(models(), ["opus", "opus"]);
    warm.prepare("opus");
    warm.prepare("sonnet");
    await nextRound();
    assert.deepEqual(models(), ["opus", "opus", "sonnet", "sonnet"]);
    assert.equal(size(), 4);
  });

  it("boots as many for all models together where one process serves any, and gives each to whatever model comes", async (t) => {
    const { warm, models, take, refilled } = start(t, { canSetModel: true });
    warm.prepare("opus");
    warm.prepare("sonnet");
    await nextRound();
    assert.deepEqual(models(), ["opus", "opus"]);
    assert.equal(take("sonnet")?.model, "opus");
    await refilled();
    assert.deepEqual(models(), ["opus", "opus", "sonnet"], "the next is started with the model used last");
  });

  it("keeps more where requests found none, twice as many at most, until that was long ago", async (t) => {
    const { warm, take, refilled, size } = start(t);
    warm.prepare("opus");
    await nextRound();
    const burst = async (requests: number): Promise<number> => {
      for (let request = 0; request < requests; request++) take("opus")?.process.die();
      await refilled();
      return size();
    };
    assert.equal(await burst(2), 2, "they were enough");
    assert.equal(await burst(3), 3);
    assert.equal(await burst(3), 3, "now they are");
    assert.equal(await burst(20), 4);
    for (const left of [4, 2, 2]) {
      clockOf(t).pass(recentUseMs / 2);
      assert.equal(await burst(1), left);
    }
  });

  it("boots no more while the first are still being launched", async (t) => {
    const { warm, launched } = start(t);
    for (let round = 0; round < 5; round++) warm.prepare("opus");
    await nextRound();
    assert.equal(launched.length, 2);
  });

  it("gives the one that waited longest, at once, and each to one request", async (t) => {
    const { warm, take, conversations, size } = start(t);
    warm.prepare("opus");
    await nextRound();
    assert.equal(take("opus"), conversations[0]);
    assert.equal(take("opus"), conversations[1]);
    assert.equal(take("opus"), undefined);
    assert.equal(take("sonnet"), undefined);
    assert.equal(size(), 0);
  });

  it("are told the settings of their model's latest conversation, which the next is likely to have", async (t) => {
    const { warm, take, conversations, refilled } = start(t, { warm: 1 });
    warm.prepare("opus");
    await nextRound();
    const wanted = some();
    take("opus", { ...wanted, turn: { ...wanted.turn, effort: "low" } });
    await refilled();
    assert.deepEqual(conversations.map(({ presumed }) => presumed.map(({ effort }) => effort)), [[], ["low"]]);
  });

  it("keeps no more for long when a turn leaves it one that was booted for the turn: one that was told nothing stays", async (t) => {
    const { warm, owner, refilled, conversations, size } = start(t, { warm: 1 });
    warm.prepare("opus");
    await nextRound();
    const left = await owner.leased();
    warm.adopt(left, {} as Conversation, some());
    assert.equal(size(), 2);
    await refilled();
    assert.deepEqual([size(), left.use.name, conversations[0]?.process.ends], [1, "ending", 0]);
  });

  it("fills up a moment after one was taken: the turn comes first", async (t) => {
    const { warm, take, launched, size } = start(t);
    warm.prepare("opus");
    await nextRound();
    take("opus");
    clockOf(t).pass(refillDelayMs - 1);
    await nextRound();
    assert.equal(launched.length, 2);
    clockOf(t).pass(1);
    await nextRound();
    assert.equal(launched.length, 3);
    assert.equal(size(), 2);
  });

  it("waits with that while a history is told", async (t) => {
    const { warm, take, launched, refills } = start(t, { warm: 1 });
    warm.prepare("opus");
    await nextRound();
    take("opus");
    clockOf(t).pass(refillDelayMs - 1);
    refills.putOff();
    clockOf(t).pass(refillDelayMs - 1);
    await nextRound();
    assert.equal(launched.length, 1);
    clockOf(t).pass(1);
    await nextRound();
    assert.equal(launched.length, 2, "a delay after the last message");
  });

  it("boots none of a model that nobody but a client names, until it has begun to answer", async (t) => {
    const { warm, take, refilled, models } = start(t);
    assert.equal(take("claude-made-up"), undefined);
    await refilled();
    assert.deepEqual(models(), []);
    warm.noteAnswering("sonnet", some());
    await refilled();
    assert.deepEqual(models(), ["sonnet", "sonnet"]);
  });

  it("holds no more models than so many: the least recently used one's processes are ended", async (t) => {
    const { warm, refilled, models } = start(t, { warm: 1 });
    const names = Array.from({ length: modelsMax + 1 }, (_, index) => `model-${index}`);
    for (const name of names) {
      warm.noteAnswering(name, some());
      await refilled();
    }
    assert.deepEqual(models(), names.slice(1));
  });

  it("ends a process that was being started for a model that was let go of meanwhile", async (t) => {
    const { warm, owner, launched, models } = start(t, { warm: 1 });
    let proceed = (): void => {};
    owner.gate = new Promise((resolve) => (proceed = resolve));
    warm.prepare("first");
    for (let index = 0; index < modelsMax; index++) warm.prepare(`model-${index}`);
    proceed();
    await nextRound();
    assert.deepEqual([launched[0]?.model, launched[0]?.ends, models().includes("first")], ["first", 1, false]);
  });

  it("boots none when it is turned off, or when there is no room", async (t) => {
    const off = start(t, { warm: 0 });
    off.warm.prepare("opus");
    await nextRound();
    assert.equal(off.launched.length, 0);
    const full = start(t, { roomFor: 1 });
    full.warm.prepare("opus");
    await nextRound();
    assert.equal(full.launched.length, 1);
  });

  it("gives none that is not alive any more", async (t) => {
    const { warm, take, launched } = start(t);
    warm.prepare("opus");
    await nextRound();
    for (const process of launched) process.state = "closing";
    assert.equal(take("opus"), undefined);
  });

  it("renews one that has waited too long", async (t) => {
    const { warm, take, launched, models, refilled } = start(t, { warm: 1 });
    warm.prepare("opus");
    await nextRound();
    clockOf(t).pass(warmAgeMsMax - 1);
    await nextRound();
    assert.equal(launched.length, 1);
    clockOf(t).pass(1);
    await nextRound();
    assert.equal(launched[0]?.ends, 1);
    await refilled();
    assert.deepEqual(models(), ["opus"]);
    assert.equal(take("opus")?.process, launched[1]);
    // One that is in use has no age.
    clockOf(t).pass(2 * warmAgeMsMax);
    await nextRound();
    assert.equal(launched[1]?.ends, 0);
  });

  it("lets go of a model that was not asked for lately, but never of the last one", async (t) => {
    const { warm, models } = start(t, { warm: 1 });
    warm.prepare("sonnet");
    await nextRound();
    clockOf(t).pass(recentUseMs / 2);
    warm.prepare("opus");
    await nextRound();
    assert.deepEqual(models(), ["sonnet", "opus"]);
    clockOf(t).pass(recentUseMs / 2);
    warm.refill();
    await nextRound();
    assert.deepEqual(models(), ["opus"]);
    clockOf(t).pass(recentUseMs);
    warm.refill();
    await nextRound();
    assert.deepEqual(models(), ["opus"]);
  });

  it("waits longer with each boot that fails, up to a bound", async (t) => {
    const scene = start(t, { warm: 1 });
    scene.owner.fault = new Error("no process for you");
    scene.warm.prepare("opus");
    await nextRound();
    const waits: number[] = [];
    for (let round = 0; round < 9; round++) {
      const line = scene.log.at(-1) ?? "";
      const waitMs = Number(/retry_in_ms=(\d+)/u.exec(line)?.[1]);
      waits.push(waitMs);
      assert.equal(scene.log.length, round + 1);
      scene.warm.prepare("opus");
      clockOf(t).pass(waitMs - 1);
      await nextRound();
      assert.equal(scene.log.length, round + 1, "nothing is tried before its time, whoever asks");
      clockOf(t).pass(1);
      await nextRound();
    }
    assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256].map((factor) => Math.min(bootRetryMsMax, factor * bootRetryMs)));
    scene.owner.fault = undefined;
    clockOf(t).pass(bootRetryMsMax);
    await nextRound();
    assert.equal(scene.size(), 1);
  });

  it("waits for the one model alone", async (t) => {
    const scene = start(t, { warm: 1 });
    scene.owner.fault = new Error("no process for you");
    scene.warm.prepare("opus");
    await nextRound();
    scene.owner.fault = undefined;
    scene.warm.prepare("sonnet");
    await nextRound();
    assert.deepEqual(scene.models(), ["sonnet"]);
  });

  it("waits as well when one dies before it was used, and begins anew when one was of use", async (t) => {
    const scene = start(t, { warm: 1 });
    const { warm, launched, log, size } = scene;
    warm.prepare("opus");
    await nextRound();
    launched[0]?.die();
    await nextRound();
    assert.equal(size(), 0);
    warm.refill();
    await nextRound();
    assert.equal(launched.length, 1);
    clockOf(t).pass(bootRetryMs);
    await nextRound();
    assert.equal(launched.length, 2);
    assert.ok(scene.take("opus") !== undefined);
    await scene.refilled();
    launched[2]?.die();
    await nextRound();
    assert.equal(log.length, 2);
    // The CLI's last words may quote what it was told: only how it ended is logged.
    assert.match(log[1] ?? "", /warn a claude process did not come up ended="exit code 3" /u);
    assert.match(log[1] ?? "", new RegExp(`retry_in_ms=${bootRetryMs}$`, "u"));
  });

  it("begins anew for the model that the process was started with, whichever it was of use to", async (t) => {
    const scene = start(t, { warm: 1, canSetModel: true });
    const { warm, launched, log } = scene;
    warm.prepare("opus");
    await nextRound();
    launched[0]?.die();
    await nextRound();
    clockOf(t).pass(bootRetryMs);
    await nextRound();
    assert.equal(scene.take("claude-made-up")?.model, "opus");
    warm.prepare("opus");
    await nextRound();
    launched[2]?.die();
    await nextRound();
    assert.deepEqual([launched[2]?.model, log.length], ["opus", 2]);
    assert.match(log[1] ?? "", new RegExp(`retry_in_ms=${bootRetryMs}$`, "u"));
  });

  it("does not wait when one that is in use ends", async (t) => {
    const { warm, take, refilled, launched, log, size } = start(t, { warm: 1 });
    warm.prepare("opus");
    await nextRound();
    take("opus");
    launched[0]?.die();
    await refilled();
    assert.deepEqual(log, []);
    assert.equal(size(), 1);
  });

  it("ends all that wait when it is cleared, and may fill up again", async (t) => {
    const { warm, launched, size, owner } = start(t);
    warm.prepare("opus");
    await nextRound();
    owner.processes.supersede();
    assert.deepEqual(launched.map(({ ends }) => ends), [1, 1]);
    warm.refill();
    await nextRound();
    assert.equal(size(), 2);
  });

  it("ends all that wait when it is closed, also one that is being launched, and boots no more", async (t) => {
    const { warm, launched, size, owner } = start(t);
    warm.prepare("opus");
    await nextRound();
    warm.prepare("sonnet");
    warm.close();
    owner.processes.drain();
    await nextRound();
    assert.deepEqual(launched.map(({ ends }) => ends), [1, 1, 1, 1]);
    warm.prepare("opus");
    warm.refill();
    await nextRound();
    assert.equal(launched.length, 4);
    assert.equal(size(), 0);
  });

  it("boots no more after its close, also when one was taken just before", async (t) => {
    const { warm, take, refilled, launched } = start(t);
    warm.prepare("opus");
    await nextRound();
    take("opus");
    warm.close();
    await refilled();
    assert.equal(launched.length, 2);
  });
});

describe("rehearsals", () => {
  const ours = profile("ours");

  /** A warm whose last two conversations began alike. */
  async function withHabit(t: TestContext): Promise<Scene> {
    const scene = start(t);
    scene.warm.prepare("opus");
    await nextRound();
    for (let round = 0; round < 2; round++) {
      scene.take("opus", ours);
      await scene.refilled();
    }
    return scene;
  }

  /** What those that wait have rehearsed: the first two launched were taken. */
  const waiting = ({ conversations }: Scene): (string | undefined)[] => conversations.slice(2).filter(({ isReusable }) => isReusable).map(({ rehearsed }) => rehearsed?.system[0]?.text);

  it("is rehearsed by one that was told nothing, so that none is booted for it", async (t) => {
    const { warm, launched, conversations, refilled } = start(t);
    warm.prepare("opus");
    await nextRound();
    const ours = profile("ours");
    for (let conversation = 0; conversation < 2; conversation++) warm.note("opus", ours);
    await refilled();
    assert.deepEqual(conversations.map(({ rehearsed }) => rehearsed?.system[0]?.text), ["ours", undefined]);
    assert.deepEqual([launched.length, launched.every(({ state }) => state === "booting")], [2, true]);
  });

  it("are held of a beginning that came twice in a row, by half of those that wait", async (t) => {
    const scene = await withHabit(t);
    assert.deepEqual(waiting(scene).sort(), ["ours", undefined]);
    assert.equal(scene.size(), 2);
  });

  it("have half of the room also where there is less than is wanted", async (t) => {
    const scene = start(t, { roomFor: 2 });
    scene.warm.prepare("opus");
    await nextRound();
    // The third finds none, so that twice as many are wanted from then on.
    const taken = [ours, ours, ours].map((one) => scene.take("opus", one));
    assert.equal(taken.filter((one) => one === undefined).length, 1);
    for (const one of taken) one?.process.die();
    await scene.refilled();
    assert.deepEqual([waiting(scene).sort(), scene.models().length], [["ours", undefined], 2]);
  });

  it("are held of none that came once", async (t) => {
    const scene = start(t);
    scene.warm.prepare("opus");
    await nextRound();
    for (const one of [ours, some(), ours, some()]) {
      scene.take("opus", one);
      await scene.refilled();
    }
    assert.ok(scene.conversations.every(({ rehearsed }) => rehearsed === undefined));
  });

  it("serve only a conversation that begins so", async (t) => {
    const scene = await withHabit(t);
    assert.equal(scene.take("opus", profile("others"))?.rehearsed, undefined);
    assert.equal(scene.take("opus", profile("others")), undefined, "the one that rehearsed is not given to others");
    assert.equal(scene.size(), 1);
    assert.equal(scene.take("opus", ours)?.rehearsed?.system[0]?.text, "ours");
    assert.equal(scene.size(), 0);
  });

  it("come before one that was told nothing, and that one before none", async (t) => {
    const scene = await withHabit(t);
    assert.equal(scene.take("opus", ours)?.rehearsed?.system[0]?.text, "ours");
    const second = scene.take("opus", ours);
    assert.ok(second !== undefined && second.rehearsed === undefined);
    assert.equal(scene.take("opus", ours), undefined);
  });

  it("are another model's not", async (t) => {
    const scene = await withHabit(t);
    assert.equal(scene.take("sonnet", ours), undefined);
  });

  it("give way to a new habit", async (t) => {
    const scene = await withHabit(t);
    const others = profile("others");
    for (let round = 0; round < 2; round++) {
      scene.take("opus", others);
      await scene.refilled();
    }
    assert.ok(!waiting(scene).includes("ours"));
    assert.equal(scene.take("opus", others)?.rehearsed?.system[0]?.text, "others");
  });

  it("that fail end their process, and are not tried again", async (t) => {
    const scene = await withHabit(t);
    const rehearsing = scene.conversations.find(({ rehearsed, isReusable }) => isReusable && rehearsed !== undefined);
    rehearsing?.refuse(new BridgeError("cli_failed", "not to my taste"));
    await nextRound();
    assert.equal(rehearsing?.process.ends, 1);
    assert.equal(scene.size(), 1);
    // The CLI's words may quote the client's beginning: only their kind is logged.
    assert.match(scene.log.at(-1) ?? "", /a beginning could not be rehearsed error=cli_failed$/u);
    const { length } = scene.launched;
    scene.warm.refill();
    await nextRound();
    assert.equal(scene.launched.length, length + 1);
    assert.equal(scene.conversations.at(-1)?.rehearsed, undefined, "what was refused is not tried again");
    // Nor when it goes on coming.
    for (let round = 0; round < 3; round++) {
      scene.take("opus", ours);
      await scene.refilled();
    }
    assert.ok(waiting(scene).every((system) => system === undefined));
    assert.equal(scene.size(), 2);
    // The CLI that refused it is another now.
    scene.owner.processes.supersede();
    scene.warm.refill();
    await nextRound();
    assert.ok(waiting(scene).includes("ours"));
  });

  it("that fail are remembered of so many beginnings, the last", async (t) => {
    const scene = start(t);
    scene.warm.prepare("opus");
    await nextRound();
    const rehearsedOf = async (name: string): Promise<StandInConversation | undefined> => {
      for (let round = 0; round < 2; round++) {
        scene.take("opus", profile(name));
        await scene.refilled();
      }
      return scene.conversations.find(({ rehearsed, isReusable }) => isReusable && rehearsed?.system[0]?.text === name);
    };
    for (let index = 0; index <= refusedMax; index++) {
      (await rehearsedOf(`bad ${index}`))?.refuse(new BridgeError("cli_failed", "not to my taste"));
      await scene.refilled();
    }
    assert.deepEqual([(await rehearsedOf("bad 1"))?.rehearsed?.system[0]?.text, (await rehearsedOf("bad 0"))?.rehearsed?.system[0]?.text], [undefined, "bad 0"]);
  });

  it("that are never answered end in time, and the next boot waits", async (t) => {
    const scene = await withHabit(t);
    const rehearsing = scene.conversations.find(({ rehearsed, isReusable }) => isReusable && rehearsed !== undefined);
    const { length } = scene.launched;
    clockOf(t).pass(bootWaitMs);
    await nextRound();
    assert.deepEqual([rehearsing?.process.ends, scene.size(), scene.launched.length], [1, 1, length]);
    assert.match(scene.log.at(-1) ?? "", /warn a claude process did not come up error=turn_timeout retry_in_ms=1000$/u);
    clockOf(t).pass(bootRetryMs);
    await nextRound();
    assert.deepEqual(waiting(scene).sort(), ["ours", undefined]);
  });

  it("that are answered have no such limit, nor those that were given away", async (t) => {
    const scene = await withHabit(t);
    scene.conversations.find(({ rehearsed, isReusable }) => isReusable && rehearsed !== undefined)?.accept();
    await nextRound();
    clockOf(t).pass(bootWaitMs);
    await nextRound();
    assert.deepEqual([scene.log, scene.size()], [[], 2]);
  });

  it("that end with their process are a death like any other, and tried again", async (t) => {
    const scene = await withHabit(t);
    const rehearsing = scene.conversations.find(({ rehearsed, isReusable }) => isReusable && rehearsed !== undefined);
    if (rehearsing !== undefined) rehearsing.process.state = "closing";
    rehearsing?.refuse(new BridgeError("cli_failed", "it died"));
    await nextRound();
    assert.deepEqual(scene.log, [], "its process tells it");
    rehearsing?.process.die();
    await nextRound();
    assert.equal(scene.log.length, 1);
    assert.match(scene.log[0] ?? "", /did not come up ended=/u);
    clockOf(t).pass(bootRetryMs);
    await nextRound();
    assert.deepEqual(waiting(scene).sort(), ["ours", undefined]);
  });

  it("take the place of others only when those are gone", async (t) => {
    const scene = start(t, { roomFor: 2 });
    const others = profile("others");
    const waitingNow = (): (string | undefined)[] => scene.conversations.filter(({ isReusable }) => isReusable).map(({ rehearsed }) => rehearsed?.system[0]?.text).sort();
    const useAndEnd = async (wanted: Profile): Promise<void> => {
      scene.take("opus", wanted)?.process.die();
      await scene.refilled();
    };
    scene.warm.prepare("opus");
    await nextRound();
    for (const one of [ours, ours]) await useAndEnd(one);
    const rehearsing = scene.conversations.find(({ rehearsed, isReusable }) => isReusable && rehearsed !== undefined);
    if (rehearsing !== undefined) rehearsing.process.lingers = true;
    for (const one of [others, others]) await useAndEnd(one);
    assert.deepEqual([rehearsing?.process.state, waitingNow(), scene.models().length], ["closing", [undefined], 2]);
    rehearsing?.process.die();
    scene.warm.refillSoon();
    await scene.refilled();
    assert.deepEqual(waitingNow(), ["others", undefined]);
  });

  it("that fail after they were given away are the turn's affair", async (t) => {
    const scene = await withHabit(t);
    const given = scene.take("opus", ours);
    given?.refuse(new BridgeError("cli_failed", "not to my taste"));
    await nextRound();
    assert.equal(given?.process.ends, 0);
    assert.deepEqual(scene.log, []);
  });
});

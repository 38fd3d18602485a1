/** What warm processes rehearse, and what becomes of those that cannot. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import { bootWaitMs } from "../../src/claude/probe.ts";
import { bootRetryMs } from "../../src/engine/backoff.ts";
import { type Profile, refusedMax } from "../../src/engine/recent-use.ts";
import { BridgeError } from "../../src/errors.ts";
import { clockOf } from "../support/hand-clock.ts";
import { profile, type Scene, some, StandInConversation, start } from "../support/warm-scene.ts";

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

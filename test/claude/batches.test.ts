import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BatchQueue } from "../../src/claude/batches.ts";
import { seededRandom } from "../support/random.ts";

function queueOf() {
  const valve: string[] = [];
  const batches = new BatchQueue<number>({ pause: () => valve.push("pause"), resume: () => valve.push("resume") });
  const queue = {
    get items() { return batches.items; },
    get isEnded() { return batches.isEnded; },
    get isAwaited() { return batches.isAwaited; },
    get isWhole() { return batches.isWhole; },
    flush: () => batches.flush(),
    end: (error?: Error) => batches.end(error),
    /** The next batch; undefined at the end. */
    next: async () => (await batches.next()).value,
  };
  const read = (...items: number[]): void => {
    queue.items.push(...items);
    queue.flush();
  };
  return { queue, valve, read };
}

describe("a batch", () => {
  it("is what was pushed between two flushes", async () => {
    const { queue, read } = queueOf();
    const first = queue.next();
    read(1, 2);
    assert.deepEqual(await first, [1, 2]);
    const second = queue.next();
    read(3);
    assert.deepEqual(await second, [3]);
  });

  it("that nobody waits for is held, and those after it are joined to it", async () => {
    const { queue, read } = queueOf();
    read(1);
    read(2, 3);
    assert.deepEqual(await queue.next(), [1, 2, 3]);
  });

  it("has nothing that was pushed behind the end, though it comes in the same read", async () => {
    const { queue, read } = queueOf();
    queue.items.push(1);
    queue.end(new Error("the end"));
    read(2);
    assert.equal(queue.isEnded, true);
    assert.deepEqual(await queue.next(), [1]);
    await assert.rejects(queue.next(), /the end/u);
  });

  it("is never empty", async () => {
    const { queue, read } = queueOf();
    const next = queue.next();
    read();
    assert.equal(queue.isAwaited, true);
    read(1);
    assert.deepEqual(await next, [1]);
  });

  it("once handed on is not added to", async () => {
    const { queue, read } = queueOf();
    read(1);
    const batch = await queue.next();
    read(2);
    assert.deepEqual(batch, [1]);
  });
});

describe("the source", () => {
  it("is paused when a batch is not awaited, once, and goes on when it is taken", async () => {
    const { queue, valve, read } = queueOf();
    read(1);
    read(2);
    assert.deepEqual(valve, ["pause"]);
    await queue.next();
    assert.deepEqual(valve, ["pause", "resume"]);
    read(3);
    assert.deepEqual(valve, ["pause", "resume", "pause"]);
  });

  it("is not paused while the writer waits", async () => {
    const { queue, valve, read } = queueOf();
    const next = queue.next();
    read(1);
    await next;
    assert.deepEqual(valve, []);
  });

  it("is not paused by a flush of nothing", () => {
    const { valve, read } = queueOf();
    read();
    assert.deepEqual(valve, []);
  });

  it("is not paused once it has ended", () => {
    const { queue, valve } = queueOf();
    queue.items.push(1);
    queue.end();
    queue.flush();
    assert.deepEqual(valve, []);
  });
});

describe("the end", () => {
  it("is told after what is held", async () => {
    const { queue, read } = queueOf();
    read(1);
    queue.end();
    assert.deepEqual([await queue.next(), queue.isWhole, await queue.next(), queue.isWhole, await queue.next()], [[1], false, undefined, true, undefined]);
  });

  it("in an error is thrown after what is held, each time", async () => {
    const { queue, read } = queueOf();
    const error = new Error("over");
    read(1);
    queue.items.push(2);
    queue.end(error);
    assert.deepEqual(await queue.next(), [1, 2]);
    await assert.rejects(queue.next(), error);
    await assert.rejects(queue.next(), error);
    assert.equal(queue.isWhole, false);
  });

  it("gives what was pushed and not flushed to who waits, then the error", async () => {
    const { queue } = queueOf();
    const error = new Error("over");
    const next = queue.next();
    queue.items.push(1);
    queue.end(error);
    assert.deepEqual(await next, [1]);
    await assert.rejects(queue.next(), error);
  });

  it("reaches who waits", async () => {
    const { queue } = queueOf();
    const next = queue.next();
    queue.end();
    assert.equal(await next, undefined);
    const failing = queueOf().queue;
    const waiting = failing.next();
    failing.end(new Error("over"));
    await assert.rejects(waiting, /over/);
    assert.equal(failing.isAwaited, false);
  });

  it("is the first one: a later error does not undo it, nor the other way round", async () => {
    const good = queueOf().queue;
    good.end();
    good.end(new Error("late"));
    assert.equal(await good.next(), undefined);
    const bad = queueOf().queue;
    bad.end(new Error("first"));
    bad.end();
    await assert.rejects(bad.next(), /first/);
  });
});

it("nothing is lost, doubled or reordered, however reads and takes fall", async () => {
  const random = seededRandom(3);
  for (let run = 0; run < 500; run++) {
    const { queue, valve, read } = queueOf();
    const taken: number[] = [];
    let pushed = 0;
    let pending: Promise<void> | undefined;
    const take = async (): Promise<void> => {
      const batch = await queue.next();
      assert.notEqual(batch?.length, 0);
      taken.push(...batch ?? []);
      pending = undefined;
    };
    for (let step = random.below(40); step > 0; step--) {
      if (random.below(2) === 0) read(...Array.from({ length: random.below(4) }, () => pushed++));
      else pending ??= take();
      if (random.below(3) === 0) await new Promise(setImmediate);
    }
    queue.end();
    await pending;
    for (let batch = await queue.next(); batch !== undefined; batch = await queue.next()) taken.push(...batch);
    assert.deepEqual(taken, Array.from({ length: pushed }, (_, index) => index));
    // Pauses and resumes alternate.
    assert.ok(valve.every((turn, index) => turn === (index % 2 === 0 ? "pause" : "resume")), valve.join());
  }
});

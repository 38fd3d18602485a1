import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BatchRelay } from "../../src/claude/batches.ts";
import { seededRandom } from "../support/random.ts";

/** A relay whose taker has room until a test says otherwise; it keeps what it took, and the order of all that was told. */
function relayOf() {
  const told: string[] = [];
  const batches: (readonly number[])[] = [];
  const rooms: { readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = [];
  const taker = { hasRoom: true, onTake: (): void => {} };
  const take = (batch: readonly number[]): Promise<void> | undefined => {
    batches.push(batch);
    taker.onTake();
    return taker.hasRoom ? undefined : new Promise((resolve, reject) => rooms.push({ resolve, reject }));
  };
  const relay = new BatchRelay<number>(take, { pause: () => told.push("pause"), resume: () => told.push("resume") });
  const read = (...items: number[]): void => {
    relay.items.push(...items);
    relay.flush();
  };
  const makeRoom = async (): Promise<void> => {
    taker.hasRoom = true;
    rooms.shift()?.resolve();
    await settled();
  };
  let end: unknown = "not yet";
  relay.done.then(() => { end = "done"; }, (error: unknown) => { end = error; });
  const ending = async (): Promise<unknown> => {
    await settled();
    return end;
  };
  return { relay, told, batches, rooms, taker, read, makeRoom, ending };
}

/** All promises that can settle have settled. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a batch", () => {
  it("is what was pushed between two flushes, taken within the flush", () => {
    const { read, batches } = relayOf();
    read(1, 2);
    assert.deepEqual(batches, [[1, 2]]);
    read(3);
    assert.deepEqual(batches, [[1, 2], [3]]);
  });

  it("for which there is no room is held, and those after it are joined to it", async () => {
    const { read, batches, taker, makeRoom } = relayOf();
    taker.hasRoom = false;
    read(1);
    read(2);
    read(3, 4);
    assert.deepEqual(batches, [[1]]);
    await makeRoom();
    assert.deepEqual(batches, [[1], [2, 3, 4]]);
  });

  it("is never empty", async () => {
    const { read, batches, taker, makeRoom } = relayOf();
    read();
    taker.hasRoom = false;
    read(1);
    await makeRoom();
    assert.deepEqual(batches, [[1]]);
  });

  it("once handed on is not added to", () => {
    const { read, batches } = relayOf();
    read(1);
    read(2);
    assert.deepEqual(batches[0], [1]);
  });
});

describe("the source", () => {
  it("is paused when a batch is held, once, and goes on when there is room", async () => {
    const { relay, read, told, taker, makeRoom } = relayOf();
    taker.hasRoom = false;
    read(1);
    assert.deepEqual([told, relay.hasRoom], [[], false], "what is taken is not held");
    read(2);
    read(3);
    assert.deepEqual(told, ["pause"]);
    await makeRoom();
    assert.deepEqual([told, relay.hasRoom], [["pause", "resume"], true]);
  });

  it("is not paused while there is room, nor by a flush of nothing", () => {
    const { read, told, taker } = relayOf();
    read(1);
    read(2);
    taker.hasRoom = false;
    read(3);
    read();
    assert.deepEqual(told, []);
  });

  it("is not paused once it has ended, and goes on if it was", async () => {
    const ended = relayOf();
    ended.taker.hasRoom = false;
    ended.read(1);
    ended.relay.end();
    ended.read(2);
    assert.deepEqual(ended.told, []);
    const paused = relayOf();
    paused.taker.hasRoom = false;
    paused.read(1);
    paused.read(2);
    paused.relay.end();
    await paused.makeRoom();
    assert.deepEqual([paused.told, paused.batches], [["pause", "resume"], [[1], [2]]]);
  });
});

describe("the end", () => {
  it("is told when there is room again after what was held", async () => {
    const { relay, read, batches, taker, makeRoom, ending } = relayOf();
    taker.hasRoom = false;
    read(1);
    read(2);
    relay.end();
    assert.equal(await ending(), "not yet");
    await makeRoom();
    assert.deepEqual([batches, await ending()], [[[1], [2]], "done"]);
  });

  it("waits for room a second time where what was held fills it again", async () => {
    const { relay, read, taker, rooms, ending } = relayOf();
    taker.hasRoom = false;
    read(1);
    read(2);
    relay.end();
    rooms.shift()?.resolve();
    assert.equal(await ending(), "not yet");
    rooms.shift()?.resolve();
    assert.equal(await ending(), "done");
  });

  it("in an error comes after what was pushed and not flushed", async () => {
    const { relay, batches, ending } = relayOf();
    const error = new Error("over");
    relay.items.push(1);
    relay.end(error);
    assert.deepEqual([batches, await ending()], [[[1]], error]);
  });

  it("is the first one: a later error does not undo it, nor the other way round", async () => {
    const good = relayOf();
    good.relay.end();
    good.relay.end(new Error("late"));
    assert.equal(await good.ending(), "done");
    const bad = relayOf();
    const first = new Error("first");
    bad.relay.end(first);
    bad.relay.end();
    assert.equal(await bad.ending(), first);
  });

  it("is the last: what is read after it is taken by nobody, and not kept", async () => {
    const { relay, read, batches } = relayOf();
    relay.end();
    read(1);
    assert.deepEqual([batches, relay.items], [[], []]);
  });

  it("may be told by the taker itself, though it has no room", async () => {
    const { relay, read, taker, batches, ending } = relayOf();
    taker.hasRoom = false;
    taker.onTake = () => relay.end();
    read(1);
    read(2);
    assert.deepEqual([batches, await ending()], [[[1]], "done"]);
  });
});

describe("a taker that fails", () => {
  it("is the end, whatever was told of it", async () => {
    const { relay, taker, read, batches, ending } = relayOf();
    const boom = new Error("boom");
    taker.onTake = () => { throw boom; };
    read(1);
    relay.end();
    read(2);
    assert.deepEqual([batches, await ending()], [[[1]], boom]);
    const late = relayOf();
    late.taker.onTake = () => { throw boom; };
    late.relay.items.push(1);
    late.relay.end();
    assert.equal(await late.ending(), boom);
  });

  it("while it makes room is the end too, and the source goes on", async () => {
    const { taker, read, rooms, told, batches, ending } = relayOf();
    const boom = new Error("boom");
    taker.hasRoom = false;
    read(1);
    read(2);
    rooms.shift()?.reject(boom);
    assert.deepEqual([await ending(), told, batches], [boom, ["pause", "resume"], [[1]]]);
  });
});

it("nothing is lost, doubled or reordered, however reads and rooms fall", async () => {
  const random = seededRandom(3);
  for (let run = 0; run < 500; run++) {
    const { relay, told, taker, batches, rooms, read, ending } = relayOf();
    let pushed = 0;
    for (let step = random.below(40); step > 0; step--) {
      taker.hasRoom = random.below(2) === 0;
      if (random.below(2) === 0) read(...Array.from({ length: random.below(4) }, () => pushed++));
      else rooms.shift()?.resolve();
      if (random.below(3) === 0) await settled();
    }
    relay.end();
    taker.hasRoom = true;
    while (rooms.length > 0) {
      rooms.shift()?.resolve();
      await settled();
    }
    assert.equal(await ending(), "done");
    assert.deepEqual(batches.flat(), Array.from({ length: pushed }, (_, index) => index));
    assert.ok(batches.every(({ length }) => length > 0));
    // Pauses and resumes alternate, and the source is not left paused.
    assert.ok(told.every((turn, index) => turn === (index % 2 === 0 ? "pause" : "resume")) && told.length % 2 === 0, told.join());
  }
});

import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { BatchQueue } from "../../src/claude/batches.ts";
import { TurnBatches } from "../../src/engine/turn-batches.ts";
import type { TurnEvent } from "../../src/turn/event.ts";
import { messageStart, messageStop } from "../support/turn-events.ts";

/** What happened, in order: a turn whose generator goes straight with its first batch. */
let log: string[] = [];

function turnOf(onBatch = (_batch: readonly TurnEvent[]): void => {}) {
  const run = new BatchQueue<TurnEvent>({ pause: () => {}, resume: () => {} });
  const batches = new TurnBatches(async function* (goStraight) {
    try {
      for await (const batch of run) {
        log.push(`generator ${typesOf(batch)}`);
        goStraight(run, (later) => {
          log.push(`record ${typesOf(later)}`);
          onBatch(later);
        });
        yield batch;
      }
      return undefined;
    } catch (error) {
      log.push(`generator ${String(error)}`);
      throw error;
    } finally {
      log.push("process given back");
    }
  });
  const read = (...events: TurnEvent[]): void => {
    run.items.push(...events);
    run.flush();
  };
  return { run, batches, read };
}

async function readAll(batches: TurnBatches): Promise<void> {
  try {
    for await (const batch of batches) log.push(`client ${typesOf(batch)}`);
    log.push("client end");
  } catch (error) {
    log.push(`client ${String(error)}`);
  }
}

function typesOf(batch: readonly TurnEvent[]): string {
  return batch.map(({ type }) => type).join();
}

const start = messageStart();
const retry: TurnEvent = { type: "retry" };
const stop = messageStop("end_turn");
const opening = ["generator message_start", "client message_start"];
const nextRound = (): Promise<void> => new Promise(setImmediate);

describe("a turn that goes straight", () => {
  beforeEach(() => { log = []; });

  it("has each later batch recorded, then given to its client, and ends in its generator", async () => {
    const { run, batches, read } = turnOf();
    read(start);
    const over = readAll(batches);
    await nextRound();
    read(retry);
    await nextRound();
    read(stop);
    run.end();
    await over;
    assert.deepEqual(log, [...opening, "record retry", "client retry", "record message_stop", "client message_stop", "process given back", "client end"]);
    assert.deepEqual(await batches.next(), { done: true, value: undefined });
  });

  it("gives its process back before its client, who waits, is told the end or the error", async () => {
    for (const [error, ...told] of [
      [undefined, "process given back", "client end"],
      [new Error("over"), "generator Error: over", "process given back", "client Error: over"],
    ] as const) {
      log = [];
      const { run, batches, read } = turnOf();
      read(start);
      const over = readAll(batches);
      await nextRound();
      run.end(error);
      await over;
      assert.deepEqual(log, [...opening, ...told]);
    }
  });

  it("gives what was held before the error to its client first", async () => {
    const { run, batches, read } = turnOf();
    read(start);
    const first = await batches.next();
    read(retry);
    run.end(new Error("over"));
    assert.deepEqual([first.value, (await batches.next()).value], [[start], [retry]]);
    await assert.rejects(batches.next(), /over/u);
  });

  it("gives its process back where its client leaves", async () => {
    const { batches, read } = turnOf();
    read(start);
    for await (const batch of batches) {
      log.push(`client ${typesOf(batch)}`);
      read(retry);
      if (log.some((line) => line === "record retry")) break;
    }
    assert.deepEqual(log, [...opening, "record retry", "client retry", "process given back"]);
  });

  it("fails, and gives its process back, where a batch cannot be recorded", async () => {
    const failing = (): void => { throw new Error("no memory"); };
    const { batches, read } = turnOf(failing);
    read(start);
    await batches.next();
    read(retry);
    await assert.rejects(batches.next(), /no memory/u);
    assert.deepEqual(log, ["generator message_start", "record retry", "generator Error: no memory", "process given back"]);
    const waiting = turnOf(failing);
    waiting.read(start);
    await waiting.batches.next();
    const next = waiting.batches.next();
    // The read fails as the process's listener does, which then ends the run.
    assert.throws(() => waiting.read(retry), /no memory/u);
    waiting.run.end(new Error("no memory"));
    await assert.rejects(next, /no memory/u);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Admission } from "../../src/engine/admission.ts";
import type { BridgeError } from "../../src/errors.ts";

const never = new AbortController().signal;

/** Asks for a place, and notes its name when it has it. */
function entrance(admission: Admission) {
  const admitted: string[] = [];
  const ways = new Map<string, () => void>();
  const enter = (name: string, signal: AbortSignal = never): Promise<void> => admission.enter(signal).then((leave) => {
    admitted.push(name);
    ways.set(name, leave);
  });
  return { admitted, enter, leave: (name: string) => ways.get(name)?.() };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const refusal = (kind: string) => (error: unknown): boolean => (error as BridgeError).code === kind;

describe("admission", () => {
  it("lets in as many as may run, and the rest in the order they came", async () => {
    const admission = new Admission({ runningMax: 2, waitingMax: 10 });
    const { admitted, enter, leave } = entrance(admission);
    for (const name of ["a", "b", "c", "d", "e"]) void enter(name);
    await settle();
    assert.deepEqual([admitted, admission.running, admission.waiting], [["a", "b"], 2, 3]);
    leave("b");
    await settle();
    assert.deepEqual([admitted, admission.running, admission.waiting], [["a", "b", "c"], 2, 2]);
    leave("a");
    leave("c");
    await settle();
    assert.deepEqual(admitted, ["a", "b", "c", "d", "e"]);
    leave("d");
    leave("e");
    assert.deepEqual([admission.running, admission.waiting], [0, 0]);
  });

  it("is not overtaken by who comes when a place is just free", async () => {
    const admission = new Admission({ runningMax: 1, waitingMax: 10 });
    const { admitted, enter, leave } = entrance(admission);
    void enter("a");
    void enter("b");
    await settle();
    leave("a");
    void enter("c");
    await settle();
    assert.deepEqual(admitted, ["a", "b"]);
    assert.equal(admission.running, 1);
  });

  it("gives a place back once, however often its way out is taken", async () => {
    const admission = new Admission({ runningMax: 1, waitingMax: 10 });
    const leave = await admission.enter(never);
    leave();
    leave();
    assert.equal(admission.running, 0);
    await admission.enter(never);
    leave();
    assert.equal(admission.running, 1);
  });

  it("turns away who finds the queue full, with advice", async () => {
    const admission = new Admission({ runningMax: 1, waitingMax: 1 });
    const { enter } = entrance(admission);
    void enter("a");
    void enter("b");
    await assert.rejects(enter("c"), (error) => refusal("server_busy")(error) && (error as BridgeError).retryAfterSeconds === 5);
    assert.deepEqual([admission.running, admission.waiting], [1, 1]);
  });

  it("has no queue when none may wait", async () => {
    const admission = new Admission({ runningMax: 1, waitingMax: 0 });
    const leave = await admission.enter(never);
    await assert.rejects(admission.enter(never), refusal("server_busy"));
    leave();
    await admission.enter(never);
  });
});

describe("a waiter that leaves", () => {
  it("gives its place in the queue back at once, and is never let in", async () => {
    const admission = new Admission({ runningMax: 1, waitingMax: 2 });
    const { admitted, enter, leave } = entrance(admission);
    const left = new AbortController();
    void enter("a");
    const b = enter("b", left.signal);
    void enter("c");
    left.abort();
    await assert.rejects(b, refusal("client_closed"));
    assert.equal(admission.waiting, 1);
    void enter("d");
    leave("a");
    await settle();
    assert.deepEqual([admitted, admission.running, admission.waiting], [["a", "c"], 1, 1]);
  });

  it("that had left before it came is turned away, and takes no place", async () => {
    const admission = new Admission({ runningMax: 1, waitingMax: 1 });
    await admission.enter(never);
    await assert.rejects(admission.enter(AbortSignal.abort()), refusal("client_closed"));
    assert.deepEqual([admission.running, admission.waiting], [1, 0]);
  });

  it("that leaves after it was let in keeps its place until it goes", async () => {
    const admission = new Admission({ runningMax: 1, waitingMax: 1 });
    const first = await admission.enter(never);
    const left = new AbortController();
    const waiting = admission.enter(left.signal);
    first();
    left.abort();
    const second = await waiting;
    assert.equal(admission.running, 1);
    second();
    assert.equal(admission.running, 0);
  });
});

describe("closing", () => {
  it("turns away who waits and who comes, and is done when the last has left", async () => {
    const admission = new Admission({ runningMax: 2, waitingMax: 10 });
    const leaves = [await admission.enter(never), await admission.enter(never)];
    const waiters = [admission.enter(never), admission.enter(never)];
    let closed = false;
    const close = admission.close().then(() => {
      closed = true;
    });
    for (const waiter of waiters) await assert.rejects(waiter, refusal("shutting_down"));
    await assert.rejects(admission.enter(never), refusal("shutting_down"));
    assert.equal(admission.waiting, 0);
    leaves[0]?.();
    await settle();
    assert.equal(closed, false);
    leaves[1]?.();
    await close;
  });

  it("is done at once when nothing runs", async () => {
    await new Admission({ runningMax: 1, waitingMax: 1 }).close();
  });
});

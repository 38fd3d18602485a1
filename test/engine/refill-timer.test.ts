import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { busyDelayMsMax, refillDelayMs, refillDelayMsMax, RefillTimer } from "../../src/engine/refill-timer.ts";
import { clockOf } from "../support/hand-clock.ts";

interface Scene {
  readonly timer: RefillTimer;
  readonly refill: () => void;
  readonly refills: () => number;
  readonly pass: (ms: number) => void;
}

function start(t: TestContext, isBusy?: () => boolean): Scene {
  const clock = clockOf(t);
  let refills = 0;
  return {
    timer: new RefillTimer(clock, isBusy), refill: () => void refills++, refills: () => refills,
    pass: (ms) => clock.pass(ms),
  };
}

describe("the timer of a refill", () => {
  it("calls for one a delay later, once however often it was started, and again when it is started again", (t) => {
    const { timer, refill, refills, pass } = start(t);
    timer.start(refill);
    pass(refillDelayMs - 1);
    timer.start(refill);
    assert.equal(refills(), 0);
    pass(1);
    assert.equal(refills(), 1);
    pass(10 * refillDelayMs);
    assert.equal(refills(), 1);
    timer.start(refill);
    pass(refillDelayMs);
    assert.equal(refills(), 2);
  });

  it("waits while turns run, but not for ever", (t) => {
    let isBusy = true;
    const { timer, refill, refills, pass } = start(t, () => isBusy);
    timer.start(refill);
    pass(3 * refillDelayMs);
    assert.equal(refills(), 0);
    isBusy = false;
    pass(refillDelayMs);
    assert.equal(refills(), 1);
    isBusy = true;
    timer.start(refill);
    pass(busyDelayMsMax - 1);
    assert.equal(refills(), 1);
    pass(1);
    assert.equal(refills(), 2);
  });

  it("waits no longer on a busy server for being asked for again, and put off, all the while", (t) => {
    const { timer, refill, refills, pass } = start(t, () => true);
    const stepMs = 10;
    let waitedMs = 0;
    for (; refills() === 0 && waitedMs < 2 * busyDelayMsMax; waitedMs += stepMs) {
      timer.start(refill);
      timer.putOff();
      pass(stepMs);
    }
    assert.ok(waitedMs > busyDelayMsMax - refillDelayMs && waitedMs <= busyDelayMsMax, `${waitedMs} ms`);
  });

  it("waits its delay again when it is put off", (t) => {
    const { timer, refill, refills, pass } = start(t);
    timer.start(refill);
    pass(refillDelayMs - 1);
    timer.putOff();
    pass(refillDelayMs - 1);
    assert.equal(refills(), 0);
    pass(1);
    assert.equal(refills(), 1);
  });

  it("is not put off for longer than it may be", (t) => {
    const { timer, refill, refills, pass } = start(t);
    const stepMs = 10;
    timer.start(refill);
    let waitedMs = 0;
    for (; refills() === 0 && waitedMs < 2 * refillDelayMsMax; waitedMs += stepMs) {
      timer.putOff();
      pass(stepMs);
    }
    assert.ok(waitedMs > refillDelayMsMax - refillDelayMs && waitedMs <= refillDelayMsMax, `${waitedMs} ms`);
  });

  it("calls for none that was not started, or was stopped, put off or not", (t) => {
    const { timer, refill, refills, pass } = start(t);
    timer.putOff();
    pass(refillDelayMs);
    timer.start(refill);
    timer.stop();
    timer.putOff();
    pass(refillDelayMs);
    assert.equal(refills(), 0);
    timer.start(refill);
    pass(refillDelayMs);
    assert.equal(refills(), 1, "and may be started again");
  });
});

/** How a process ends: by the ladder, or by itself. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setImmediate as nextRound } from "node:timers/promises";
import { pipeCloseWaitMs } from "../../src/claude/child.ts";
import { interruptWaitMs, sigtermWaitMs, stdinCloseWaitMs } from "../../src/claude/process.ts";
import { turnLine } from "../../src/claude/protocol.ts";
import { BridgeError } from "../../src/errors.ts";
import { startFakeNode, Witness } from "../support/fake-claude.ts";
import { isRunning, waitUntilGone } from "../support/processes.ts";
import { startWatched } from "../support/watched-process.ts";

const onlyPosix = process.platform === "win32" ? "Windows knows no SIGTERM that a process could refuse" : false;

const goneWithinMs = 5_000;
/** Timers may fire a little early by another clock. */
const clockSlackMs = 20;

const prompt = (text: string): string => turnLine({ role: "user", content: [{ type: "text", text }] }, randomUUID());
const isReady = ({ type }: Readonly<Record<string, unknown>>): boolean => type === "fake_ready";

async function timeOf(happening: Promise<void>): Promise<number> {
  const beganAtMs = performance.now();
  await happening;
  return performance.now() - beganAtMs;
}

describe("the ladder", () => {
  it("needs no signal when the process ends with its stdin", async (t) => {
    const { claude, witness, cwd } = await startWatched(t, "ends-with-stdin");
    await witness.message(isReady);
    await claude.end();
    assert.equal(readFileSync(join(cwd, "ended-by"), "utf8"), "stdin");
  });

  it("goes on to SIGTERM when that was not enough", { skip: onlyPosix }, async (t) => {
    const { claude, witness, cwd } = await startWatched(t, "ignores-stdin-close");
    await witness.message(isReady);
    claude.rest();
    const tookMs = await timeOf(claude.end());
    assert.equal(readFileSync(join(cwd, "ended-by"), "utf8"), "SIGTERM");
    assert.ok(tookMs >= stdinCloseWaitMs - clockSlackMs, `${tookMs} ms`);
  });

  it("goes on to SIGTERM sooner in the middle of a turn", { skip: onlyPosix }, async (t) => {
    const { claude, witness, cwd } = await startWatched(t, "ignores-stdin-close");
    await witness.message(isReady);
    claude.work();
    const tookMs = await timeOf(claude.end());
    assert.equal(readFileSync(join(cwd, "ended-by"), "utf8"), "SIGTERM");
    assert.ok(tookMs >= interruptWaitMs - clockSlackMs, `${tookMs} ms`);
    assert.ok(interruptWaitMs < stdinCloseWaitMs, "a turn is not waited for as long as a process at rest");
  });

  it("has no steps for a process that waits for the client's tools: it would ask the model once more", { skip: onlyPosix }, async (t) => {
    const { claude, witness, cwd, pid } = await startWatched(t, "ends-with-stdin");
    await witness.message(isReady);
    claude.work();
    claude.park();
    await claude.end();
    assert.deepEqual([existsSync(join(cwd, "ended-by")), isRunning(pid), claude.state], [false, false, "closed"]);
  });

  it("goes on to SIGKILL when nothing else was enough", { skip: onlyPosix }, async (t) => {
    const { claude, witness, cwd, pid } = await startWatched(t, "ignores-sigterm");
    await witness.message(isReady);
    claude.rest();
    const tookMs = await timeOf(claude.end());
    assert.ok(tookMs >= stdinCloseWaitMs + sigtermWaitMs - clockSlackMs, `${tookMs} ms`);
    assert.equal(readFileSync(join(cwd, "ignored"), "utf8"), "SIGTERM");
    assert.equal(isRunning(pid), false);
  });

  it("is stepped on once, however often the end is asked for", async (t) => {
    const { claude, witness } = await startWatched(t, "ends-with-stdin");
    await witness.message(isReady);
    await Promise.all([claude.end(), claude.end(), claude.fail(new BridgeError("internal", "late"))]);
    assert.deepEqual([claude.state, witness.failures], ["closed", []]);
    await claude.end();
  });

  it("frees a process that is blocked on a full pipe, so that it sees the end of its stdin", async (t) => {
    const { claude, witness, cwd } = await startWatched(t, "writes-much");
    await witness.message(isReady);
    claude.pause();
    await claude.write(prompt("go"));
    claude.rest();
    await claude.end();
    assert.equal(readFileSync(join(cwd, "ended-by"), "utf8"), "stdin");
  });

  it("ends a process that writes without end", async (t) => {
    const { claude, witness } = await startWatched(t, "floods");
    await claude.write(prompt("go"));
    await witness.line();
    claude.pause();
    await claude.end();
    assert.deepEqual([claude.state, witness.failures], ["closed", []]);
  });

  it("is skipped by a hurried end", { skip: onlyPosix }, async (t) => {
    const { claude, witness, cwd } = await startWatched(t, "ignores-sigterm");
    await witness.message(isReady);
    claude.kill();
    assert.match((await witness.failure()).message, /signal SIGKILL/u);
    await claude.closed;
    assert.equal(existsSync(join(cwd, "ignored")), false);
    // A second time there is nothing left to signal.
    claude.kill();
  });

  it("takes along what the process has started", { skip: onlyPosix }, async (t) => {
    const { claude, witness } = await startWatched(t, "leaves-a-child");
    const child = Number((await witness.message(({ type }) => type === "fake_child"))["pid"]);
    assert.ok(isRunning(child));
    // The child holds stdout, so this would not resolve while it lives.
    await claude.end();
    await waitUntilGone(child, goneWithinMs);
  });
});

describe("a death", () => {
  it("is told once, with the exit code and the last words, after the lines that came before it", async (t) => {
    const { claude, witness } = await startWatched(t, "dies-midway");
    await claude.write(prompt("go"));
    const error = await witness.failure();
    assert.deepEqual([error.code, error.message], ["cli_failed", "The claude process ended before it had answered (exit code 7): last words"]);
    assert.equal(witness.lines.filter((line) => line.includes("text_delta")).length, 2);
    await claude.closed;
    assert.equal(witness.failures.length, 1);
  });

  it("without last words is told too", async (t) => {
    const { claude, witness } = await startWatched(t, "exits-quietly");
    await claude.write(prompt("go"));
    assert.equal((await witness.failure()).message, "The claude process ended before it had answered (exit code 0).");
  });

  it("that leaves a child with its pipes is told all the same, and the child is ended", { skip: onlyPosix }, async (t) => {
    const { claude, witness } = await startWatched(t, "leaves-a-child");
    const child = Number((await witness.message(({ type }) => type === "fake_child"))["pid"]);
    await claude.write(prompt("go"));
    assert.match((await witness.failure()).message, /\(exit code 4\)/u);
    await waitUntilGone(child, goneWithinMs);
  });

  it("that leaves a child in a session of its own, with the pipes, is told all the same, once all is read", async (t) => {
    const { claude, witness } = await startWatched(t, "leaves-a-daemon");
    const child = Number((await witness.message(({ type }) => type === "fake_child"))["pid"]);
    t.after(() => process.kill(child, "SIGKILL"));
    claude.pause();
    await claude.write(prompt("100000"));
    t.mock.timers.enable({ apis: ["setTimeout"] });
    await claude.exited;
    assert.equal(claude.ending, "exit code 5");
    // Its reader is slow: what it wrote waits, for however long.
    claude.pause();
    t.mock.timers.tick(pipeCloseWaitMs);
    for (let round = 0; round < 3; round++) await nextRound();
    t.mock.timers.reset();
    claude.resume();
    assert.match((await witness.failure()).message, /\(exit code 5\)/u);
    await claude.closed;
    assert.ok(isRunning(child), "nobody may end what left the group");
    assert.equal(witness.lines.filter((line) => line.includes("fake_filler")).length, 100);
  });

  it("asked for does not wait for a child that holds the pipes", async (t) => {
    const { claude, witness } = await startWatched(t, "leaves-a-daemon");
    const child = Number((await witness.message(({ type }) => type === "fake_child"))["pid"]);
    t.after(() => process.kill(child, "SIGKILL"));
    claude.work();
    claude.park();
    claude.pause();
    await claude.end();
    assert.ok(isRunning(child));
  });

  it("at boot is told", async (t) => {
    const { witness } = await startWatched(t, "crashes-at-boot");
    assert.match((await witness.failure()).message, /\(exit code 3\): fake claude: cannot boot$/u);
  });

  it("that has been is told to who comes later", async (t) => {
    const { claude } = await startFakeNode(t, "crashes-at-boot");
    await claude.closed;
    const witness = new Witness();
    claude.attach(witness);
    assert.match(witness.failures[0]?.message ?? "", /exit code 3/u);
    assert.equal(claude.state, "closed");
  });

  it("by a closed stdin ends the process, and its exit is what is told", { skip: onlyPosix }, async (t) => {
    const { claude, witness, pid } = await startWatched(t, "closes-stdin");
    await claude.write(prompt("first"));
    await witness.message(isReady);
    await claude.write(prompt("second"));
    const error = await witness.failure();
    assert.deepEqual([error.code, error.message], ["cli_failed", "The claude process ended before it had answered (signal SIGTERM)."]);
    await claude.closed;
    assert.equal(isRunning(pid), false);
  });

  it("by a line without end is told, and ends the process", async (t) => {
    const { claude, witness, pid } = await startWatched(t, "floods-one-line");
    await claude.write(prompt("go"));
    const error = await witness.failure();
    assert.deepEqual([error.code, error.message], ["cli_failed", "The claude process wrote a line that is longer than can be read."]);
    await claude.closed;
    assert.deepEqual([isRunning(pid), witness.lines, witness.failures.length], [false, [], 1]);
  });

  it("for a reason of the server's is told as that reason", async (t) => {
    const { claude, witness } = await startWatched(t, "hangs");
    const cause = new BridgeError("shutting_down", "over");
    await claude.fail(cause);
    assert.deepEqual(witness.failures, [cause]);
    const late = new Witness();
    claude.attach(late);
    assert.deepEqual(late.failures, [cause]);
  });

  it("that was asked for by end() is told to nobody", async (t) => {
    const { claude, witness } = await startWatched(t, "hangs");
    await claude.end();
    assert.deepEqual(witness.failures, []);
  });
});

import assert from "node:assert/strict";
import { type ChildProcess, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { ClaudeProcess } from "../../src/claude/process.ts";
import { controlRequestLine, initializeRequest, turnLine } from "../../src/claude/protocol.ts";
import { BridgeError } from "../../src/errors.ts";
import { fakeClaudePath, startFakeNode, Witness } from "../support/fake-claude.ts";
import { argumentsOf, environmentOf } from "../support/processes.ts";
import { platformEnvironment } from "../support/real-claude.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { systemOf } from "../support/turns.ts";
import { typescriptArguments } from "../support/typescript.ts";
import { startWatched } from "../support/watched-process.ts";

const onlyPosix = process.platform === "win32" ? "Windows knows no SIGTERM that a process could refuse" : false;
const onlyLinux = process.platform === "linux" ? false : "needs /proc";

const prompt = (text: string): string => turnLine({ role: "user", content: [{ type: "text", text }] }, randomUUID());
const isReady = ({ type }: Readonly<Record<string, unknown>>): boolean => type === "fake_ready";

describe("a process", () => {
  it("has not come up before it has written something", async (t) => {
    const { claude, witness } = await startWatched(t, "silent");
    assert.equal(claude.isUp, false);
    await claude.end();
    assert.deepEqual([claude.isUp, witness.lines], [false, []]);
  });

  it("gives each line, and the end of each read after its lines", async (t) => {
    const { claude, witness } = await startWatched(t, "answers");
    await claude.write(prompt("WORDS 3"));
    await witness.message(({ type }) => type === "result");
    assert.equal(claude.isUp, true);
    assert.ok(witness.lines.every((line) => line.startsWith("{") && line.endsWith("}")));
    assert.equal(witness.lines.filter((line) => line.includes("text_delta")).length, 3);
    assert.ok(witness.reads >= 1);
    assert.deepEqual(witness.failures, []);
  });

  it("is booting, busy while it works, ready when it rests, parked while it waits, closing and closed", async (t) => {
    const { claude } = await startFakeNode(t, "answers");
    const moves = { attach: () => claude.attach(new Witness()), work: () => claude.work(), rest: () => claude.rest(), park: () => claude.park() };
    const after = (move: keyof typeof moves): string => {
      moves[move]();
      return claude.state;
    };
    // Whoever listens, it was told nothing yet; and what does not work neither rests nor waits.
    assert.deepEqual((["attach", "rest", "park", "work", "work"] as const).map(after), ["booting", "booting", "booting", "busy", "busy"]);
    assert.deepEqual((["rest", "park", "work", "park", "rest", "work", "rest"] as const).map(after), ["ready", "ready", "busy", "parked", "parked", "busy", "ready"]);
    const end = claude.end();
    assert.deepEqual((["attach", "work", "rest", "park"] as const).map(after), ["closing", "closing", "closing", "closing"]);
    await end;
    assert.deepEqual((["attach", "work"] as const).map(after), ["closed", "closed"]);
  });

  it("that was killed is closing, whatever it did, and an end closes it though its reader is slow", async (t) => {
    const { claude, witness } = await startWatched(t, "floods");
    await claude.write(prompt("go"));
    claude.work();
    await witness.line();
    claude.pause();
    claude.kill();
    claude.rest();
    assert.equal(claude.state, "closing");
    await claude.exited;
    await claude.end();
    claude.kill();
    assert.equal(claude.state, "closed");
  });

  it("whose signals cannot be sent is not said to have failed to start, however often", async (t) => {
    const children: ChildProcess[] = [];
    const onChild = (message: unknown): void => void children.push((message as { readonly process: ChildProcess }).process);
    subscribe("child_process", onChild);
    t.after(() => unsubscribe("child_process", onChild));
    const { claude, witness, pid } = await startWatched(t, "answers");
    // As Windows tells of one that is ending already.
    for (let signal = 0; signal < 3; signal++) children.find((child) => child.pid === pid)?.emit("error", new Error("kill EPERM"));
    assert.deepEqual([witness.failures, claude.state], [[], "booting"]);
    await claude.write(prompt("WORDS 1"));
    await witness.message(({ type }) => type === "result");
  });

  it("whose last words cannot be read goes on", async (t) => {
    const children: ChildProcess[] = [];
    const onChild = (message: unknown): void => {
      children.push((message as { readonly process: ChildProcess }).process);
    };
    subscribe("child_process", onChild);
    t.after(() => unsubscribe("child_process", onChild));
    const { claude, witness, pid } = await startWatched(t, "answers");
    const { stderr } = children.find((child) => child.pid === pid) ?? assert.fail();
    const closed = new Promise((resolve) => stderr?.once("close", resolve));
    stderr?.destroy(new Error("read EIO"));
    await closed;
    await claude.write(prompt("WORDS 1"));
    await witness.message(({ type }) => type === "result");
    assert.deepEqual([witness.failures, claude.state], [[], "booting"]);
  });

  for (const part of ["takeInPlace", "onLine", "onReadEnd"] as const) {
    it(`whose listener throws (${part}) fails, and ends: nothing is thrown out of a stream's event`, async (t) => {
      const { claude } = await startFakeNode(t, "answers");
      const witness = new Witness();
      const fault = new Error("planted");
      const { onLine, onReadEnd, onFailure } = witness;
      claude.attach({ onLine, onReadEnd, onFailure, [part]: () => { throw fault; } });
      await claude.write(prompt("WORDS 1"));
      const { code, cause } = await witness.failure();
      assert.deepEqual([code, cause], ["internal", fault]);
      await claude.closed;
    });
  }

  it("tells only the listener that has it now", async (t) => {
    const { claude } = await startFakeNode(t, "answers");
    const [first, second] = [new Witness(), new Witness()];
    claude.attach(first);
    claude.attach(second);
    await claude.write(prompt("WORDS 1"));
    await second.message(({ type }) => type === "result");
    assert.deepEqual(first.lines, []);
  });

  it("has its arguments, environment and folder from the launch, and none of a prompt", { skip: onlyLinux }, async (t) => {
    const { claude, witness, pid, cwd } = await startWatched(t, "answers", { MADE_UP: "1" });
    await claude.write(controlRequestLine("1", initializeRequest({ system: systemOf("secret system"), tools: [] })));
    await claude.write(prompt("secret prompt"));
    await witness.message(({ type }) => type === "result");
    const line = argumentsOf(pid);
    assert.deepEqual(line.slice(0, 3), [process.execPath, fakeClaudePath("answers"), "-p"]);
    assert.deepEqual(line.slice(-2), ["--model", "fake"]);
    // Node adds the one variable itself when coverage is measured.
    const { NODE_V8_COVERAGE: _coverage, ...environment } = environmentOf(pid);
    assert.deepEqual(environment, { ...platformEnvironment(), MADE_UP: "1" });
    assert.doesNotMatch(JSON.stringify([line, environment]), /secret/u);
    assert.ok(existsSync(cwd));
  });

  it("is started by its executable bit too", { skip: onlyPosix }, async (t) => {
    const cwd = await temporaryFolder(t);
    const claude = new ClaudeProcess({ command: { file: fakeClaudePath("answers"), leadingArguments: [] }, model: "fake", cwd, environment: platformEnvironment() });
    t.after(() => claude.end());
    const witness = new Witness();
    claude.attach(witness);
    await claude.write(prompt("WORDS 1"));
    await witness.message(({ type }) => type === "result");
  });
});

describe("a process that cannot be started", () => {
  for (const [what, file] of [["is missing", "no-such-claude"], ["is no executable", "plain-file"]] as const) {
    it(`because it ${what} is a failure, and closed at once`, async (t) => {
      const cwd = await temporaryFolder(t);
      const path = what === "is missing" ? join(cwd, file) : fakeClaudePath("protocol");
      const claude = new ClaudeProcess({ command: { file: path, leadingArguments: [] }, model: "fake", cwd, environment: platformEnvironment() });
      const witness = new Witness();
      claude.attach(witness);
      await claude.write(prompt("nobody reads this"));
      const error = await witness.failure();
      assert.equal(error.code, "cli_unavailable");
      assert.match(error.message, /^The claude process could not be started: spawn .*\.$/u);
      await claude.closed;
      await claude.end();
      assert.deepEqual([claude.state, claude.pid], ["closed", undefined]);
    });
  }
});

describe("a machine with no room for another process", () => {
  const noRoom = "The claude process could not be started: the machine has no room for another.";

  it("is told as such, when Node throws", async (t) => {
    const cwd = await temporaryFolder(t);
    const command = { file: process.execPath, leadingArguments: [] };
    // What Node refuses to pass on throws as a lack of memory does.
    assert.throws(() => new ClaudeProcess({ command, model: "fake", cwd, environment: { BAD: "\0" } }), (error: unknown) => {
      assert.ok(error instanceof BridgeError);
      assert.deepEqual([error.code, error.message, error.cause instanceof TypeError], ["cli_unavailable", noRoom, true]);
      return true;
    });
  });

  it("is told as such, when Node gives a process without pipes", { skip: onlyPosix }, () => {
    const script = fileURLToPath(new URL("../support/out-of-descriptors.ts", import.meta.url));
    const { stdout, stderr, status } = spawnSync("/bin/sh", ["-c", 'ulimit -n 100 && exec "$@"', "sh", process.execPath, ...typescriptArguments, script], { encoding: "utf8" });
    assert.deepEqual([stdout, status], [`cli_unavailable: ${noRoom}`, 0], stderr);
  });
});

describe("a write", () => {
  const large = "x".repeat(8_000_000);

  it("waits for the process to read, and settles when it never does and ends", { skip: onlyPosix }, async (t) => {
    const { claude, witness } = await startWatched(t, "never-reads");
    await witness.message(isReady);
    let settled = false;
    const write = claude.write(large).then(() => {
      settled = true;
    });
    // Another process boots, answers and ends in the meantime.
    const other = await startWatched(t, "answers");
    await other.claude.write(prompt("WORDS 1"));
    await other.witness.message(({ type }) => type === "result");
    assert.equal(settled, false);
    await claude.end();
    await write;
  });

  it("settles when the pipe has room again", async (t) => {
    const { claude } = await startFakeNode(t, "silent");
    await claude.write(`${JSON.stringify({ large })}\n`);
    assert.equal(claude.state, "booting");
  });

  it("to a process that is gone settles at once", async (t) => {
    const { claude } = await startFakeNode(t, "answers");
    await claude.end();
    await claude.write(large);
  });
});

it("a paused process is not read from until it is resumed", async (t) => {
  const { claude, witness } = await startWatched(t, "floods");
  await claude.write(prompt("go"));
  await witness.line();
  claude.pause();
  const other = await startWatched(t, "answers");
  const { length } = witness.lines;
  await other.claude.write(prompt("WORDS 1"));
  await other.witness.message(({ type }) => type === "result");
  assert.equal(witness.lines.length, length);
  claude.resume();
  await witness.message(() => witness.lines.length > length);
});

/**
 * A day in fast motion: the server as a process of its own, with conversations of every kind, clients that leave, children
 * that are killed, bursts and idle hours. Nothing of it may add up: no process, no handle, no memory.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { describe, it, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type BridgeProcess, startBridge } from "../support/bridge-process.ts";
import type { ChatBody, ChatMessage } from "../support/tree-chat.ts";
import { listProcesses, memoryOf } from "../support/processes.ts";
import { type RememberingClaude, startRememberingClaude } from "../support/remembering-claude.ts";
import { sampleOf, seedOf } from "../support/sample.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { chatRequest } from "../support/sse.ts";
import { ask } from "../support/tree-client.ts";
import { grow, Observations } from "../support/tree-judge.ts";

const soakSeconds = sampleOf({ what: "seconds", small: 20, large: 30, whole: 1_800 });
const seedFirst = seedOf(1);
const treesAtOnce = 4;
const maxProcesses = 12;
const maxQueue = 20;
/** One waits, for whichever of the two models. */
/** Up to twice as many wait where requests found none. */
const warmWanted = 1;
/** Of each process that lives: its stdin, stdout and stderr. */
const handlesOfProcess = 3;
/** More than run and wait at once. */
const burstRequests = 48;
const hourMs = 2_000;
const diaryMessagesMax = 20;
const settleMsMax = 20_000;
const pollMs = 50;
const memorySamples = 10;
const residentGrowthMax = 0.1;
/** Tables that have their bound fill up in the first minutes. */
const usedBytesSlack = 2_500_000;

interface Health {
  readonly running_turns: number;
  readonly waiting_turns: number;
  readonly processes: { readonly all: number; readonly warm: number; readonly resting: number; readonly parked: number };
  readonly turns: { readonly went_on: number; readonly told: Readonly<Record<string, number>> };
}

interface Day {
  readonly bridge: BridgeProcess;
  readonly claude: RememberingClaude;
  readonly seen: Observations;
  /** One that goes on all day, and rests in between for longer than its process may. */
  readonly diary: ChatMessage[];
  trees: number;
  burst: { answered: number; turnedAway: number };
}

/** What the server holds when nothing is asked of it. */
interface AtRest {
  readonly residentBytes: number;
  /** On the heap and beside it, right after a collection. */
  readonly usedBytes: number;
  /** Without the connections of clients, which keep them for as long as they like. */
  readonly handles: readonly string[];
  /** How many of them are not those of a CLI that waits. */
  readonly ownHandles: number;
}

async function start(t: TestContext): Promise<Day> {
  const claude = await startRememberingClaude(t, seedFirst);
  const temporary = await temporaryFolder(t);
  const bridge = await startBridge(t, {
    args: [
      "--claude", claude.path, "--pass-env", Object.keys(claude.environment).join(), "--log-level", "warn",
      "--conversation-idle", "1", "--max-processes", String(maxProcesses), "--max-queue", String(maxQueue),
    ],
    env: {
      ...claude.environment, TMPDIR: temporary,
      // Room that the heap and the allocator keep for later is no leak, and comes in steps of its own: as little of it as may be.
      MALLOC_ARENA_MAX: "1",
      NODE_OPTIONS: `--max-semi-space-size=2 --import ${new URL("../support/collects-on-signal.mjs", import.meta.url).href}`,
    },
  });
  await bridge.waitForOutput(/Try it/u);
  const seen = new Observations({ url: bridge.url, claude, isRoomy: false });
  return { bridge, claude, seen, diary: [], trees: 0, burst: { answered: 0, turnedAway: 0 } };
}

async function health({ bridge }: Day): Promise<Health> {
  return await (await fetch(`${bridge.url}/health`)).json() as Health;
}

async function writeDiary({ bridge, seen, diary }: Day): Promise<void> {
  diary.push({ role: "user", content: `entry ${diary.length}` });
  // It forgets what is long past, as people do.
  if (diary.length > diaryMessagesMax) diary.splice(0, diary.length - 1);
  const body: ChatBody = { model: "opus", messages: [...diary], stream: false };
  seen.note({ name: "diary", bodies: [body], fate: "taken" });
  const reply = await ask(bridge.url, body);
  assert.ok(reply.kind === "answer", JSON.stringify(reply));
  seen.hold(body, reply.text);
  diary.push({ role: "assistant", content: reply.text });
}

/** Conversations of every kind for a while, then more new ones at once than there is room for, then nothing until all have ended. */
async function hour(day: Day): Promise<void> {
  const untilMs = performance.now() + hourMs;
  const scene = { url: day.bridge.url, claude: day.claude, isRoomy: false, hasTools: false };
  await Promise.all(Array.from({ length: treesAtOnce }, async () => {
    while (performance.now() < untilMs) await grow(seedFirst + day.trees++, scene, day.seen);
  }));
  const burst = await Promise.all(Array.from({ length: burstRequests }, (_, index) => askInBurst(day, index)));
  for (const status of burst) {
    if (status === 200) day.burst.answered++;
    else day.burst.turnedAway++;
  }
  for (let entry = 0; entry < 2; entry++) await writeDiary(day);
}

async function askInBurst({ bridge, seen }: Day, index: number): Promise<number> {
  const body = { model: "opus", messages: [{ role: "user" as const, content: `burst ${index}` }], stream: index % 2 === 0 };
  seen.note({ name: "burst", bodies: [body], fate: "taken" });
  const response = await chatRequest(bridge.url, body);
  const text = await response.text();
  assert.ok(response.status === 200 || (response.status === 429 && response.headers.has("retry-after")), `${response.status} ${text}`);
  return response.status;
}

/** Settles when conversations have timed out and what ended is gone: the idle time passes, and nothing tells of it. */
async function settled(day: Day): Promise<Health> {
  const deadlineMs = performance.now() + settleMsMax;
  for (;;) {
    const now = await health(day);
    const { all, warm, parked } = now.processes;
    const resting = now.processes.resting + parked;
    const children = listProcesses(day.claude.path, day.bridge.child.pid);
    if (now.running_turns + now.waiting_turns + resting === 0 && warm >= warmWanted && warm <= 2 * warmWanted && [all, children.length, day.claude.processes.size].every((count) => count === warm)) return now;
    assert.ok(performance.now() < deadlineMs, `at rest there is still ${JSON.stringify(now)}, ${children.length} children, ${day.claude.processes.size} links`);
    await delay(pollMs);
  }
}

async function atRest(day: Day): Promise<AtRest> {
  const pid = day.bridge.child.pid ?? 0;
  let residentBytes = Infinity;
  let usedBytes = Infinity;
  let own: Pick<AtRest, "handles" | "ownHandles"> | undefined;
  for (let sample = 0; sample < memorySamples; sample++) {
    usedBytes = Math.min(usedBytes, await collect(day));
    residentBytes = Math.min(residentBytes, memoryOf(pid).residentBytes);
    // The least, as a warm process may be starting or ending in between.
    const { processes } = await health(day);
    const handles = handlesOf(pid);
    const ownHandles = handles.length - handlesOfProcess * processes.all;
    if (own === undefined || ownHandles < own.ownHandles) own = { handles, ownHandles };
  }
  assert.ok(own !== undefined);
  return { residentBytes, usedBytes, ...own };
}

/** Gives what is left, in bytes. */
async function collect({ bridge }: Day): Promise<number> {
  const next = collections(bridge).length + 1;
  bridge.child.kill("SIGUSR2");
  await bridge.waitForOutput(new RegExp(`^collected ${next} left \\d+ bytes$`, "mu"), settleMsMax);
  return collections(bridge).at(-1) ?? Infinity;
}

/** What was left by each collection so far, in bytes. */
function collections(bridge: BridgeProcess): number[] {
  return [...bridge.stderr().matchAll(/^collected \d+ left (\d+) bytes$/gmu)].map(([, bytes]) => Number(bytes));
}

function handlesOf(pid: number): string[] {
  const connections = new Set(["tcp", "tcp6"].flatMap((table) => readFileSync(`/proc/${pid}/net/${table}`, "utf8").trim().split("\n").slice(1).flatMap((line) => {
    const columns = line.trim().split(/\s+/u);
    const [state, inode] = [columns[3], columns[9]];
    const listens = "0A";
    return state === listens ? [] : [`socket:[${inode}]`];
  })));
  return readdirSync(`/proc/${pid}/fd`).flatMap((name) => {
    try {
      const target = readlinkSync(`/proc/${pid}/fd/${name}`);
      return connections.has(target) ? [] : [target];
    } catch {
      // Closed since it was listed.
      return [];
    }
  });
}

describe("a day in fast motion", { skip: process.platform === "linux" ? false : "needs /proc" }, () => {
  it("leaves nothing behind: no process, no handle, no memory", async (t) => {
    const day = await start(t);
    const beganAtMs = performance.now();
    const endsAtMs = beganAtMs + soakSeconds * 1_000;
    const quarterAtMs = beganAtMs + soakSeconds * 250;
    let quarter: AtRest | undefined;
    while (performance.now() < endsAtMs) {
      await hour(day);
      await settled(day);
      await collect(day);
      if (quarter === undefined && performance.now() >= quarterAtMs) quarter = await atRest(day);
    }
    const end = await atRest(day);
    const last = await settled(day);
    assert.ok(quarter !== undefined);
    const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
    t.diagnostic(`${day.trees} trees, ${day.seen.requests} requests (${day.burst.turnedAway} turned away), ${day.claude.counts.turns} turns, ${day.claude.counts.processes} processes, ${day.seen.killed.size} kills, ${((performance.now() - beganAtMs) / 1000).toFixed(0)} s`);
    t.diagnostic(`turns: ${JSON.stringify(last.turns)}`);
    t.diagnostic(`resident ${mb(quarter.residentBytes)} at the quarter, ${mb(end.residentBytes)} at the end; used ${mb(quarter.usedBytes)}, ${mb(end.usedBytes)}; the server's own handles ${quarter.ownHandles}, ${end.ownHandles}`);

    assert.deepEqual(day.seen.strays, []);
    assert.deepEqual(day.claude.violations, []);
    assert.ok(day.burst.turnedAway > 0 && day.burst.answered >= maxProcesses + maxQueue);
    assert.ok(last.turns.went_on > 0, "no turn went on");
    for (const reason of ["first_message", "unknown_history", "in_use", "idle_time"]) assert.ok((last.turns.told[reason] ?? 0) > 0, `no turn was a ${reason}`);
    assert.ok(end.residentBytes < quarter.residentBytes * (1 + residentGrowthMax), "resident memory grows");
    assert.ok(end.usedBytes < quarter.usedBytes + usedBytesSlack, "used memory grows");
    assert.ok(end.ownHandles <= quarter.ownHandles, `handles: ${end.handles.join(" ")}, not ${quarter.handles.join(" ")}`);

    assert.deepEqual(await day.bridge.stop(), { code: 0, signal: null });
    assert.deepEqual(listProcesses(day.claude.path), []);
  });
});

/** An engine on a made-up CLI, and how a turn of it is pulled. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Command } from "../../src/claude/launch.ts";
import { Engine, type EngineOptions } from "../../src/engine/engine.ts";
import { createLogger } from "../../src/log.ts";
import type { TurnEvent } from "../../src/turn/event.ts";
import type { Turn } from "../../src/turn/turn.ts";
import { realWorld } from "../../src/world.ts";
import { fakeProgram, runningFakes } from "./fake-claude.ts";
import { platformEnvironment } from "./real-claude.ts";
import { never } from "./turns.ts";

export const goneWithinMs = 5_000;
const statusWaitMsMax = 5_000;
const statusPollMs = 5;

export interface StartedEngine {
  readonly engine: Engine;
  readonly logLines: readonly string[];
}

/** An engine that keeps no process warm and none alive, unless asked to; closed after the test, when every process must be gone. */
export function startEngine(t: TestContext, fake: string | Command, options: Partial<EngineOptions> = {}): StartedEngine {
  const logLines: string[] = [];
  const engine = new Engine({
    command: typeof fake === "string" ? fakeProgram(fake) : fake, environment: platformEnvironment(), defaultModel: "opus", aliases: [], maxProcesses: 4, maxQueue: 4,
    warm: 0, conversationIdleMsMax: 0, world: realWorld, silenceMsMax: 20_000, log: createLogger("debug", (line) => logLines.push(line)), onRest: () => {}, ...options,
  });
  t.after(async () => {
    await engine.close(0);
    if (typeof fake === "string") assert.deepEqual(runningFakes(fake), [], `${fake} is gone after the test`);
  });
  return { engine, logLines };
}

/** A turn that is pulled by hand, up to its first text. */
export async function begin(engine: Engine, turn: Turn, signal: AbortSignal = never) {
  const batches = engine.run(turn, signal);
  const events: TurnEvent[] = [];
  while (!events.some(({ type }) => type === "text")) {
    const { value, done } = await batches.next();
    if (done === true) throw new Error("the turn ended before its first text");
    events.push(...value);
  }
  return { batches, events };
}

/** For what the engine tells by its status alone: of a warm process, or one that died, there is no event. */
export async function until(holds: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + statusWaitMsMax;
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error(`not so after ${statusWaitMsMax} ms: ${String(holds)}`);
    await delay(statusPollMs);
  }
}

/** How many conversations have a process between two turns, those that wait for the client's tools among them. */
export function restingIn({ status: { processes: { resting, parked } } }: Engine): number {
  return resting + parked;
}

/** Turns of all kinds at once, by chance: the cap holds at every moment, and nobody who stays waits in vain. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { Engine } from "../../src/engine/engine.ts";
import type { BridgeError } from "../../src/errors.ts";
import { createLogger } from "../../src/log.ts";
import type { Turn } from "../../src/turn/turn.ts";
import { realWorld } from "../../src/world.ts";
import { cleanUp } from "../support/cleanup.ts";
import { fakeProgram, runningFakes } from "../support/fake-claude.ts";
import { countLiveProcesses } from "../support/live-processes.ts";
import { seededRandom } from "../support/random.ts";
import { platformEnvironment } from "../support/real-claude.ts";
import { sampleOf } from "../support/sample.ts";
import { callsIn, collect, summaryOf } from "../support/turn-events.ts";
import { ask, assistant, callsOf, resultsOf, tool, user } from "../support/turns.ts";

const clients = 8;
const turnsOfEach = sampleOf({ what: `turns of each of ${clients} clients`, small: 2, large: 6, whole: 40 });
const tools = [tool("look")];

for (const maxProcesses of [1, 2, 3]) {
  it(`a cap of ${maxProcesses} holds, whatever is asked and whoever leaves`, async (t) => {
    const live = countLiveProcesses(t);
    const engine = new Engine({
      command: fakeProgram("calls-tools"), environment: platformEnvironment(), defaultModel: "opus", aliases: [], maxProcesses, maxQueue: clients, warm: 1,
      conversationIdleMsMax: 60_000, world: realWorld, silenceMsMax: 20_000, log: createLogger("silent", () => {}), onRest: () => {},
    });
    cleanUp(t, () => engine.close(0));
    void engine.discover();

    /** Plain turns, conversations that go on, calls that are answered or forgotten, and turns that are left. */
    const client = async (seed: number): Promise<void> => {
      const random = seededRandom(seed);
      for (let round = 0; round < turnsOfEach; round++) {
        const model = random.pick(["opus", "opus", "haiku"]);
        const kind = random.pick(["plain", "more", "call", "forgotten call", "left"] as const);
        if (kind === "left") {
          const leaving = new AbortController();
          const left = collect(engine.run(ask("hello", { model }), leaving.signal));
          for (let wait = random.below(200); wait > 0; wait--) await new Promise(setImmediate);
          leaving.abort();
          const { error } = await left;
          if (error !== undefined) assert.equal((error as BridgeError).code, "client_closed");
          continue;
        }
        const turn = ask(kind.endsWith("call") ? "CALL look {}" : `hello ${seed} ${round}`, { model, tools });
        const first = await served(turn);
        if (kind === "more") await served({ ...turn, messages: [...turn.messages, assistant("ok"), user("more")] });
        if (kind !== "call") continue;
        const [call] = callsIn(first);
        assert.ok(call !== undefined);
        await served({ ...turn, messages: [...turn.messages, callsOf([call.id, call.name]), resultsOf([call.id, "a bird"])] });
      }
    };
    const served = async (turn: Turn) => {
      const { events, error } = await collect(engine.run(turn, new AbortController().signal));
      assert.deepEqual([error, typeof summaryOf(events).stopReason], [undefined, "string"]);
      return events;
    };
    await Promise.all(Array.from({ length: clients }, (_, index) => client(100 * maxProcesses + index)));
    assert.ok(live.most <= maxProcesses, `${live.most} at once`);
    assert.ok(live.started > maxProcesses);
    await engine.close(0);
    assert.deepEqual([engine.status.processes.all, runningFakes("calls-tools")], [0, []]);
  });
}

/**
 * The promise that matters most, held against thousands of conversations in random order: whatever the history of a
 * request, the model sees exactly that, on a living process or a fresh one, and no process ever sees two conversations.
 *
 *     SEED=7 SAMPLE=1   runs the tree of seed 7 alone, in each place; a failure names its seed
 */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { type ClaudeMaxApi, createClaudeMaxApi, type EngineStatus } from "../../src/index.ts";
import { cleanUp } from "../support/cleanup.ts";
import type { Profile } from "../support/conversation-trees.ts";
import { platformEnvironment } from "../support/real-claude.ts";
import { relaysUnavailable } from "../support/relays.ts";
import { seededRandom } from "../support/random.ts";
import { startRememberingClaude } from "../support/remembering-claude.ts";
import type { RewindFault, SettingFault } from "../support/remembered-faults.ts";
import { type RewindAbilities, rewindAbilities } from "../support/rewindable-history.ts";
import { isCountFixed, sampleOf, seedOf } from "../support/sample.ts";
import { grow, type JudgedServer, Observations } from "../support/tree-judge.ts";

const seedFirst = seedOf(1);
const treesWanted = sampleOf({ what: "trees", small: 8, large: 150, whole: 2_000 });
/** A script's processes cost sixty times as much. */
const treesDear = 100;
/** On a busy machine fewer have to do: no more are planted after this, unless their number was asked for. */
const plantingMsMax = 75_000;
/** One tree in so many grows where processes are few. */
const crampedShare = 20;
/** Processes rehearse when requests leave the time: trees are planted until so many turns had one that did. */
const rehearsedTurnsWanted = 5;
const usual: Profile = { model: "opus", system: "Be brief.", bound: undefined, settings: {}, hasTool: false };

interface Place {
  readonly maxProcesses: number;
  readonly warm: number;
  readonly isRoomy: boolean;
  readonly usual?: Profile;
  readonly abilities?: RewindAbilities;
  /** Whether a process ends with its turn, unless it waits for tools. */
  readonly keepsNone?: boolean;
}
interface Scene extends JudgedServer { readonly server: ClaudeMaxApi }
interface Forest {
  readonly trees: number;
  readonly firstSeed: number;
  readonly atOnce: number;
  /** Whether fewer will do. */
  readonly isEnough?: (seen: Observations) => boolean;
  /** Called before the first is planted. */
  readonly onPlanted?: (seen: Observations) => void;
}

function treesFor({ claude }: Scene): number {
  return claude.isCheap || isCountFixed() ? treesWanted : Math.min(treesWanted, treesDear);
}

async function start(t: TestContext, { maxProcesses, warm, isRoomy, usual, abilities, keepsNone = false }: Place): Promise<Scene> {
  const claude = await startRememberingClaude(t, seedFirst, abilities === undefined ? {} : { abilities });
  const server = createClaudeMaxApi(
    {
      port: 0, claude: claude.path, passEnv: Object.keys(claude.environment), maxProcesses, maxQueue: 1_000, warm, logLevel: "silent", allowWebSearch: true,
      // A failure keeps its status however slow the machine.
      headWaitSeconds: 600,
      ...(keepsNone ? { conversationIdleSeconds: 0 } : {}),
    },
    { environment: { ...platformEnvironment(), ...claude.environment } },
  );
  const { url } = await server.listen();
  cleanUp(t, () => server.close());
  await server.discovered();
  return { url, claude, server, isRoomy, usual };
}

async function growAll(t: TestContext, scene: Scene, { trees, firstSeed, atOnce, isEnough, onPlanted }: Forest): Promise<{ readonly seen: Observations; readonly status: EngineStatus; readonly grown: number }> {
  const seen = new Observations(scene);
  onPlanted?.(seen);
  const beganAtMs = performance.now();
  let grown = 0;
  const isWanted = (): boolean => grown < trees && isEnough?.(seen) !== true && (isCountFixed() || performance.now() - beganAtMs < plantingMsMax);
  await Promise.all(Array.from({ length: Math.min(trees, atOnce) }, async () => {
    while (isWanted()) await grow(firstSeed + grown++, scene, seen);
  }));
  const status = await scene.server.discovered();
  await scene.server.close();
  assert.deepEqual(scene.claude.violations, []);
  assert.deepEqual(seen.strays, []);
  assert.ok(seen.passedOverSoon <= 1 + seen.continuedInPlace / 100, `${seen.passedOverSoon} requests were given to another process than that which stood at their history, and ${seen.continuedInPlace} were not`);
  const { turns } = scene.claude.counts;
  assert.ok(turns <= seen.requests + seen.killed.size + seen.settingFaults, `${turns} turns for ${seen.requests} requests and ${seen.killed.size} kills: some were asked twice`);
  const seconds = ((performance.now() - beganAtMs) / 1000).toFixed(1);
  t.diagnostic(`${grown} trees from seed ${firstSeed} on, ${seen.requests} requests, ${scene.claude.counts.turns} turns, ${scene.claude.counts.processes} processes (${scene.claude.counts.rehearsals} rehearsed), ${seen.killed.size} kills (${seen.errorsOfKills} noticed), ${seconds} s`);
  t.diagnostic(`turns: ${JSON.stringify(status.turns)}; steps: ${JSON.stringify(Object.fromEntries(seen.steps))}`);
  return { seen, status, grown };
}

/** What a whole forest has seen is asked only of one. */
function isTooFew(t: TestContext, grown: number): boolean {
  if (grown >= treesDear / 2) return false;
  t.diagnostic(`only ${grown} trees: that they met with everything is not asked`);
  return true;
}

describe("conversation trees", { skip: relaysUnavailable }, () => {
  it("every process sees exactly what the client sent, and goes on with its own conversation alone", async (t) => {
    const scene = await start(t, { maxProcesses: 200, warm: 8, isRoomy: true });
    const trees = Math.ceil(treesFor(scene) * (1 - 1 / crampedShare));
    const { seen, status, grown } = await growAll(t, scene, { trees, firstSeed: seedFirst, atOnce: 8 });
    if (isTooFew(t, grown)) return;
    const { wentOn, rewound, told: { first_message: first, in_use: inUse, ...others } } = status.turns;
    const hit = wentOn + rewound;
    const replayed = Object.values(others).reduce((sum, count) => sum + count, 0);
    assert.ok(hit > seen.requests / 5, `only ${hit} of ${seen.requests} requests went on with a living process`);
    assert.ok(replayed > seen.requests / 20, `only ${replayed} of ${seen.requests} histories were replayed`);
    assert.ok(first > 0, "no conversation began");
    assert.ok(inUse > 0, "no process was in use when another request asked for it");
    assert.ok(seen.errorsOfKills <= seen.freshKills, `${seen.errorsOfKills} clients noticed ${seen.freshKills} kills`);
  });

  // Used processes that rest take the place of rehearsed ones, so none is kept here.
  it("the same where new conversations begin alike, and processes have rehearsed it", async (t) => {
    const scene = await start(t, { maxProcesses: 200, warm: 4, isRoomy: true, usual, keepsNone: true });
    const isEnough = ({ rehearsedTurns }: Observations): boolean => rehearsedTurns >= rehearsedTurnsWanted;
    const { seen, grown } = await growAll(t, scene, { trees: treesFor(scene), firstSeed: seedFirst, atOnce: 2, isEnough });
    if (isEnough(seen) || isTooFew(t, grown)) return;
    if (!isCountFixed()) assert.ok(isEnough(seen), `only ${seen.rehearsedTurns} turns had a process that had rehearsed; ${scene.claude.counts.rehearsals} did`);
  });

  it("the same where processes are few, and conversations lose theirs to others", async (t) => {
    const scene = await start(t, { maxProcesses: 3, warm: 1, isRoomy: false });
    const trees = Math.ceil(treesFor(scene) / crampedShare);
    const { status, grown } = await growAll(t, scene, { trees, firstSeed: seedFirst, atOnce: 2 });
    if (isTooFew(t, grown)) return;
    assert.ok(status.turns.told.evicted > 0, "no conversation lost its process to another");
    assert.ok(status.turns.wentOn > 0, "no request went on with a living process");
  });

  for (const version of ["2.1.160", "2.1.197", "2.1.280"] as const) {
    it(`the same on a CLI that takes back what ${version} does`, async (t) => {
      const scene = await start(t, { maxProcesses: 200, warm: 2, isRoomy: true, abilities: rewindAbilities[version] });
      const trees = Math.ceil(treesFor(scene) / crampedShare);
      const { status, grown } = await growAll(t, scene, { trees, firstSeed: seedFirst, atOnce: 4 });
      if (isTooFew(t, grown)) return;
      assert.equal(status.turns.rewound > 0, version !== "2.1.160");
      assert.equal(status.turns.toldOn.recycled > 0, rewindAbilities[version].toEmpty);
    });
  }

  it("the same where a rewind may be refused, misunderstood, left without an answer, or the end of its process", async (t) => {
    const scene = await start(t, { maxProcesses: 200, warm: 2, isRoomy: false });
    const random = seededRandom(seedFirst);
    const faults: RewindFault[] = [];
    scene.claude.faultOfRewind = () => {
      // One in twelve; one in two hundred has no answer, which is waited for.
      const fault = random.below(12) > 0 ? undefined : random.below(17) === 0 ? "unanswered" : random.pick(["refused", "dies", "garbled"] as const);
      if (fault !== undefined) faults.push(fault);
      return fault;
    };
    const trees = Math.ceil(treesFor(scene) / crampedShare);
    const { grown } = await growAll(t, scene, { trees, firstSeed: seedFirst, atOnce: 4 });
    t.diagnostic(`faults: ${faults.join(" ")}`);
    if (!isTooFew(t, grown)) assert.ok(faults.length > 3, "no rewind failed");
  });

  it("the same where a setting may be refused, answered late, left without an answer, or the end of its process", async (t) => {
    const scene = await start(t, { maxProcesses: 200, warm: 2, isRoomy: false });
    const random = seededRandom(seedFirst);
    const faults: string[] = [];
    const { grown } = await growAll(t, scene, {
      trees: Math.ceil(treesFor(scene) / crampedShare), firstSeed: seedFirst, atOnce: 4,
      onPlanted: (seen) => {
        scene.claude.faultOfSetting = (_process, request) => {
          const fault: SettingFault | undefined = random.below(12) > 0 ? undefined : random.below(9) === 0 ? random.pick(["unanswered", "lost"] as const) : random.pick(["refused", "dies", "late"] as const);
          if (fault === undefined) return undefined;
          faults.push(`${request} ${fault}`);
          if (fault !== "late") seen.settingFaults++;
          return fault;
        };
      },
    });
    t.diagnostic(`faults: ${faults.join(", ")}`);
    if (!isTooFew(t, grown)) assert.ok(faults.length > 3, "no setting failed");
  });
});

/**
 * Single questions: many conversations of one question each, with one system prompt and different texts, so many of
 * them at a time. What a server does with its processes decides how many it answers a second, and what that costs the
 * machine. Real CLI at two versions, stub upstream that answers at once or after 2 s; every load meets a server that
 * was started anew and rests. The order turns from load to load and from round to round:
 *   ours                   our server with its defaults, compiled, on Node without tsx
 *   reference              claude-max-api-proxy 1.0.0 as its README starts it: a process for every question
 *   one process, rewound   the same launch as ours driven over its pipes, one question after the other, its only
 *                          message taken back before the next; where the CLI can be emptied so
 * CPU is that of all processes, of those that ended too, from before the first question until five seconds after the
 * last answer. Memory is PSS of all processes (server and CLIs), in which a page shared by n processes counts as
 * a page / n. At rest it is measured before any question, five seconds after one, and five seconds after fifty that
 * were asked one after the other. Linux only.
 */
import { setTimeout as delay } from "node:timers/promises";
import { textAnswer } from "../../test/support/anthropic-stub.ts";
import { calm, calmNote } from "./calm.ts";
import { parseOptions, roundsOf } from "./options.ts";
import { type Answerer, type Contestant, questionAnswerers } from "./question-answerers.ts";
import { figureNames, type Figures, type Load, loadRows, noFigures, restRows } from "./question-figures.ts";
import { type CliRun, measureCliVersions } from "./real-cli.ts";
import { report, rowLines } from "./report.ts";
import type { Row } from "./result.ts";
import { withScope } from "./scope.ts";
import { rotated } from "./statistics.ts";
import { requireProc, treeCpuMs, treeMemory, watchTreePeak } from "./tree-usage.ts";

const roundsUsual = 3;
const msPerSecond = 1_000;
const options = parseOptions(process.argv.slice(2));
const rounds = roundsOf(options, roundsUsual, 1);
const slowUpstreamMs = options.isQuick ? 200 : 2_000;
const settleMs = options.isQuick ? 0 : 1_000;
const afterMs = options.isQuick ? 500 : 5_000;
const loads: readonly Load[] = options.isQuick
  ? [{ atOnce: 2, questions: 4, upstreamMs: 0 }, { atOnce: 2, questions: 4, upstreamMs: slowUpstreamMs }]
  : [
    { atOnce: 1, questions: 20, upstreamMs: 0 },
    { atOnce: 4, questions: 40, upstreamMs: 0 },
    { atOnce: 16, questions: 40, upstreamMs: 0 },
    { atOnce: 4, questions: 16, upstreamMs: slowUpstreamMs },
    { atOnce: 16, questions: 32, upstreamMs: slowUpstreamMs },
  ];
/** After how many questions memory at rest is looked at. */
const restStages = options.isQuick ? [0, 1] : [0, 1, 50];

requireProc();
await withScope(async (scope) => {
  const { measured, versions } = await measureCliVersions(scope, options, {}, measure);
  await report({
    name: "single-questions",
    title: "Single questions",
    method:
      "Real CLI, stub upstream at 0 ms, or where it is said at 2 s; each question a conversation of its own with the " +
      "same system prompt, each load on a server started anew. CPU and memory (PSS) are those of all processes.",
    rounds,
    versions,
    rows: measured.flat(),
    notes: [
      "CPU counts until five seconds after the last answer, with the processes that have ended.",
      "The rewound process answers one question after the other, however many are asked at a time.",
      calmNote(),
    ],
  }, options);
});

async function measure(run: CliRun): Promise<Row[]> {
  const { contestants, canBeEmptied } = await questionAnswerers(run);
  if (!options.isQuick) await fillCaches(run, contestants);
  const rows: Row[] = [];
  for (const [index, load] of loads.entries()) {
    const isSlow = load.upstreamMs > 0;
    run.stub.respond = async () => {
      if (isSlow) await delay(load.upstreamMs);
      return textAnswer(["Hello", " there"]);
    };
    // A single process beside an upstream that takes its time says nothing.
    const those = isSlow ? contestants.filter(({ name }) => name === "ours" || name === "reference") : contestants;
    const samples = noFigures(those.map(({ name }) => name));
    for (let round = 0; round < rounds; round++) {
      for (const contestant of rotated(those, index + round)) {
        const measured = await underLoad(run, contestant, load);
        for (const name of figureNames) samples[name][contestant.name]?.push(measured[name]);
      }
    }
    const ofLoad = loadRows(run.version, load, samples, canBeEmptied);
    // The whole takes most of an hour: what an end of it would lose is told as it comes.
    process.stderr.write(`single-questions, ${ofLoad.flatMap(rowLines).join("\n")}\n`);
    rows.push(...ofLoad);
  }
  return [...rows, ...await measureRest(run, contestants)];
}

/** The first start in an environment takes longer than all later ones. */
async function fillCaches({ scope }: CliRun, contestants: readonly Contestant[]): Promise<void> {
  for (const { start } of contestants) {
    await withScope(async (inner) => (await start(inner, options)).ask("Is anybody there?"), scope);
  }
}

function underLoad({ scope }: CliRun, { start }: Contestant, load: Load): Promise<Figures> {
  return withScope(async (inner) => {
    const answerer = await start(inner, options);
    await calm(settleMs, options);
    const cpuBefore = treeCpuMs(answerer.pid);
    const peak = watchTreePeak(answerer.pid);
    const begin = performance.now();
    const times = await askAll(answerer, load);
    const wholeMs = performance.now() - begin;
    const peakMegabytes = peak.stop();
    await delay(afterMs);
    const { processes, megabytes } = treeMemory(answerer.pid);
    return {
      rate: (load.questions / wholeMs) * msPerSecond,
      slowest: Math.max(...times),
      cpu: (treeCpuMs(answerer.pid) - cpuBefore) / load.questions,
      peak: peakMegabytes,
      processes: processes - answerer.serverProcesses,
      memory: megabytes,
    };
  }, scope);
}

/** Milliseconds from each question to the end of its answer. As many clients as `atOnce`, each with the next one. */
async function askAll({ ask }: Answerer, { atOnce, questions }: Load): Promise<number[]> {
  const times: number[] = [];
  let asked = 0;
  const client = async (): Promise<void> => {
    while (asked < questions) {
      const question = `Question ${++asked}: what is ${asked} times ${asked}?`;
      const start = performance.now();
      await ask(question);
      times.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, client));
  return times;
}

async function measureRest({ scope, version }: CliRun, contestants: readonly Contestant[]): Promise<Row[]> {
  const servers = contestants.filter(({ name }) => name === "ours" || name === "reference");
  const stages = restStages.map((after) => ({ after, samples: noFigures(servers.map(({ name }) => name)) }));
  for (let round = 0; round < rounds; round++) {
    for (const { name, start } of rotated(servers, round)) {
      await withScope(async (inner) => {
        const { pid, serverProcesses, ask } = await start(inner, options);
        let asked = 0;
        for (const { after, samples } of stages) {
          while (asked < after) await ask(`Question ${++asked}`);
          await delay(afterMs);
          const { processes, megabytes } = treeMemory(pid);
          samples.processes[name]?.push(processes - serverProcesses);
          samples.memory[name]?.push(megabytes);
        }
      }, scope);
    }
  }
  process.stderr.write(`single-questions ${version}: at rest done\n`);
  return stages.flatMap(({ after, samples }) => restRows(version, after, samples));
}

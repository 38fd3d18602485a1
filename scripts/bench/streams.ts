/**
 * Many streams at once, at the pace of a model: 1, 10, 50 and 200 of them, each a delta every 20 ms for 6 s from a
 * fake CLI that writes its clock into every delta. One client process reads them all. A delta's age when it is read
 * is the time of fake, pipe, server, socket and client together. Therefore a server that only pipes the CLI's stdout
 * into the response is measured too, and what ours adds is the difference to its ages. Deltas count while all streams
 * run, from a second after the last began. The fake is a C program that is compiled first (one process a stream, as
 * with the real CLI). Without a C compiler it is a Node script, of which 50 streams are the most. Server CPU is the
 * server process's alone, per second of the whole run, in which the CLI processes start too.
 */
import { fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { endingOf, startServer } from "./child-process.ts";
import { calm, calmNote } from "./calm.ts";
import { contestantEnvironment } from "./environment.ts";
import { parseOptions, roundsOf } from "./options.ts";
import { buildOurs, startOurs } from "./our-server.ts";
import type { PacedOutcome, PacedTask } from "./paced-clients.ts";
import { cpuMs, watchPeakMegabytes } from "./process-usage.ts";
import { installReference, referenceName, referenceVersion, startReference } from "./reference.ts";
import { report } from "./report.ts";
import { type Comparison, difference, oursTo, row, type Row } from "./result.ts";
import { withScope, type Scope } from "./scope.ts";
import { noSamples, pairedDifference, rotated, type Samples } from "./statistics.ts";

const roundsUsual = 5;
const nodeFakeStreamsMax = 50;
const everyMs = 20;
const settleMs = 2_000;
const msPerSecond = 1_000;
const targetStreams = 200;
const targets = { addedP99Ms: 10, megabytes: 200 };

const options = parseOptions(process.argv.slice(2));
const rounds = roundsOf(options, roundsUsual, 1);
// On a busy machine fifty short streams may have no moment in common.
const counts = options.isQuick ? [1, 10] : [1, 10, 50, 200];
const streamMs = options.isQuick ? 3_000 : 6_000;
const compiledNote = "The fake CLI was the C program, one process a stream.";
const interpretedNote =
  `There is no C compiler: the fake CLI was a Node script, so no more than ${nodeFakeStreamsMax} streams.`;
const fakes = fileURLToPath(new URL("./fakes/", import.meta.url));

await withScope(async (scope) => {
  const build = await buildOurs(scope, options);
  const { path: fake, isCompiled } = await makeFake(scope);
  const environment = (): Promise<Record<string, string>> => contestantEnvironment(scope, { claude: fake });
  const ours = await startOurs(scope, build, { env: await environment(), args: ["--max-processes", "250"] });
  const reference = await startReference(scope, await installReference(scope, options.reference), await environment());
  const pipe = await startServer(scope, {
    args: [join(fakes, "pipe-server.mjs")],
    cwd: build.folder,
    env: await environment(),
    ready: /http:\/\/[\d.]+:(\d+) /,
  });
  const clients = await startClients(scope);
  const contestants = [
    { name: "ours", server: ours },
    { name: "reference", server: reference },
    { name: "bare pipe", server: pipe },
  ];
  const names = contestants.map(({ name }) => name);
  const rows: Row[] = [];
  for (const streams of counts) {
    if (!isCompiled && streams > nodeFakeStreamsMax) continue;
    const [p50, p99, cpu, memory] = [noSamples(names), noSamples(names), noSamples(names), noSamples(names)];
    for (let round = 0; round < rounds; round++) {
      for (const { name, server } of rotated(contestants, round)) {
        await calm(settleMs, options);
        const peak = watchPeakMegabytes(server.pid);
        const cpuBefore = cpuMs(server.pid);
        const start = performance.now();
        const outcome = await clients({ port: server.port, streams, deltas: streamMs / everyMs, everyMs });
        cpu[name]?.push(((cpuMs(server.pid) - cpuBefore) / (performance.now() - start)) * msPerSecond);
        p50[name]?.push(outcome.p50);
        p99[name]?.push(outcome.p99);
        memory[name]?.push(peak.stop());
      }
    }
    const isTarget = streams === targetStreams;
    const label = `${streams} ${streams === 1 ? "stream" : "streams"}`;
    const p99Target = isTarget ? targets.addedP99Ms : undefined;
    const ourHighest = Math.max(...memory["ours"] ?? []);
    const memoryTarget = difference("ours, the highest of all rounds", ourHighest, targets.megabytes);
    rows.push(
      row(`p50-${streams}`, `${label}: age of a delta, median`, "ms", p50, addedToPipe(p50, undefined)),
      row(`p99-${streams}`, `${label}: age of a delta, 99th percentile`, "ms", p99, addedToPipe(p99, p99Target)),
      row(`cpu-${streams}`, `${label}: server CPU a second`, "ms", cpu, [oursTo("reference", cpu)]),
      row(`memory-${streams}`, `${label}: server's peak RSS`, "MB", memory, isTarget ? [memoryTarget] : []),
    );
    process.stderr.write(`streams: ${streams} done\n`);
  }
  await report({
    name: "streams",
    title: "Many streams at the pace of a model",
    method:
      `A delta every ${everyMs} ms for ${streamMs / msPerSecond} s in each stream; its age from the fake CLI's write ` +
      "to the client's read.",
    rounds,
    versions: { "claude-max-api": build.version, [referenceName]: referenceVersion },
    rows,
    notes: [calmNote(), isCompiled ? compiledNote : interpretedNote],
  }, options);
});

/** What our server and the reference add to the bare pipe's ages. Only ours has a target. */
function addedToPipe(samples: Samples, ourTarget: number | undefined): Comparison[] {
  const { ours = [], reference = [], "bare pipe": pipe = [] } = samples;
  return [
    difference("ours over the bare pipe", pairedDifference(ours, pipe), ourTarget),
    difference("reference over the bare pipe", pairedDifference(reference, pipe)),
  ];
}

async function makeFake(scope: Scope): Promise<{ readonly path: string; readonly isCompiled: boolean }> {
  const path = join(await scope.folder(), "paced");
  const { status } = spawnSync("cc", ["-O2", "-o", path, join(fakes, "paced.c")], { stdio: "inherit" });
  return status === 0 ? { path, isCompiled: true } : { path: join(fakes, "paced.mjs"), isCompiled: false };
}

async function startClients(scope: Scope): Promise<(task: PacedTask) => Promise<PacedOutcome>> {
  const child = fork(fileURLToPath(new URL("./paced-clients.ts", import.meta.url)), { execArgv: ["--import", "tsx"] });
  endingOf(scope, child);
  await once(child, "spawn");
  return async (task) => {
    child.send(task);
    const [reply] = await once(child, "message") as [{ readonly outcome?: PacedOutcome; readonly error?: string }];
    if (reply.outcome === undefined) throw new Error(reply.error);
    return reply.outcome;
  };
}

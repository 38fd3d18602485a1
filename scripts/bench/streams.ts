/**
 * Many streams at once, at the pace of a model: 1, 10, 50, 200 and 1,000 of them, each with a rate of its own from 30
 * to 100 deltas a second, in bursts of one to five. The fake CLI (one process a stream, as with the real one) writes
 * its clock into every delta; the clients read with epoll in one process. Both are C programs, so that the servers are
 * measured and not they. A delta's age when it is read is the time of fake, pipe, server, socket and client together:
 * therefore a Node server that only pipes the CLI's stdout into the response is measured too, and a C one, the limit.
 * paced-contestants.ts says who is measured. Each measurement has a server started anew, which answers ten streams for
 * two seconds first, and rests.
 *     age      of the deltas that were written while all streams ran, from a second after the last had begun
 *     CPU      the server process's alone in that window, by the scheduler's count, divided by its deltas
 *     memory   the kernel's high-water mark of the server process's RSS; a stream's is that less RSS before, divided
 * Servers go in turn, each round beginning with the next one. A measurement with a second in which the machine had
 * nothing to spare is noted: the slowest of its deltas waited for a core, so its ages compare with nothing.
 *     --streams 200,1000   only these
 *     --before FOLDER      our server of another commit's build beside it
 *     --cpu-prof           runs our server once more at 200 streams (where --streams is without it, at its last number)
 *                          under Node's --cpu-prof, and keeps where its time went in results/streams-profile.txt
 */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { calm, calmNote } from "./calm.ts";
import { ownTimes, ownTimesText } from "./cpu-profile.ts";
import { describeMachine, machineLine } from "./machine.ts";
import { parseOptions, roundsOf } from "./options.ts";
import { buildOurs, type Build } from "./our-server.ts";
import { chatRequest, pacedContestants, type PacedContestant, startPacedOurs } from "./paced-contestants.ts";
import { compilePaced, pacedNeeds, type PacedPrograms, runLoad, streamsByOpenFiles } from "./paced-load.ts";
import { type FigureSamples, noFigures, samplesForThousandth, streamsRows, takeFigures } from "./paced-figures.ts";
import { residentMegabytes, watchPeakMegabytes } from "./process-usage.ts";
import { referenceName, referenceVersion } from "./reference.ts";
import { report } from "./report.ts";
import { resultsFolder, type Row } from "./result.ts";
import { withScope, type Scope } from "./scope.ts";
import { percentile, rotated } from "./statistics.ts";

const roundsUsual = 5;
const settleMs = 2_000;
const profiledStreams = 200;
const msPerSecond = 1_000;
/** Where less of the machine is idle, deltas wait for a core: with one build, a 99th percentile of 2 ms became 105. */
const idleShareMin = 0.1;
/** So few streams run longer, for as many deltas. */
const fewStreams = 10;

const options = parseOptions(process.argv.slice(2));
const rounds = roundsOf(options, roundsUsual, 1);
const counts = options.streams ?? (options.isQuick ? [4] : [1, 10, 50, 200, 1_000]);
const warmUp = { streams: 10, pace: "model", settleMs: 0, windowMs: 2_000 } as const;
const timesOf = (streams: number): { settleMs: number; windowMs: number } => {
  if (options.isQuick) return { settleMs: 100, windowMs: 500 };
  return { settleMs: 1_000, windowMs: streams <= fewStreams ? 20_000 : 8_000 };
};

await withScope(async (scope) => {
  const programs = await compilePaced(scope);
  if (programs === undefined) {
    console.log(`streams: ${pacedNeeds}`);
    return;
  }
  const build = await buildOurs(scope, options);
  const contestants = await pacedContestants(scope, build, programs, options);
  const rows: Row[] = [];
  const notes: string[] = [];
  let at200: FigureSamples | undefined;
  for (const streams of counts) {
    if (streams > streamsByOpenFiles()) {
      notes.push(`${streams} streams were left out: the hard limit on open files allows ${streamsByOpenFiles()}.`);
      continue;
    }
    const samples = noFigures(contestants.map(({ name }) => name));
    for (let round = 0; round < rounds; round++) {
      for (const contestant of rotated(contestants, round)) {
        const note = await measure(scope, programs, contestant, streams, samples);
        if (note !== undefined) notes.push(`${contestant.name} with ${streams} streams, round ${round + 1}: ${note}`);
      }
      process.stderr.write(`streams: ${streams}, ${round + 1} of ${rounds} rounds\n`);
    }
    if (streams === profiledStreams) at200 = samples;
    rows.push(...streamsRows(streams, samples, at200));
  }
  if (options.withCpuProfile) await profile(scope, programs, build, profiledOf(counts));
  await report({
    name: "streams",
    title: "Many streams at the pace of a model",
    method:
      "Each stream has 30 to 100 deltas a second, in bursts, from a fake CLI in C; a delta's age is from the fake's " +
      "write to the read of a client in C. CPU and memory are the server process's alone; a new server each time.",
    rounds,
    versions: { "claude-max-api": build.version, [referenceName]: referenceVersion },
    rows,
    notes: [
      `The 99.9th percentile is told where every round has ${samplesForThousandth.toLocaleString("en-US")} deltas.`,
      calmNote(), ...notes,
    ],
  }, options);
});

/**
 * Adds a measurement to the samples. Where streams failed, its figures are left out. Returns what a reader must know of
 * it: that streams failed, or that the machine had no core to spare.
 */
async function measure(
  scope: Scope, programs: PacedPrograms, contestant: PacedContestant, streams: number, samples: FigureSamples,
): Promise<string | undefined> {
  const { name } = contestant;
  return withScope(async (inner) => {
    const asked = await contestant.start(inner);
    const { pid } = asked.server;
    if (!options.isQuick) await runLoad(inner, programs, asked, warmUp);
    await calm(settleMs, options);
    const restMegabytes = residentMegabytes(pid);
    const peak = watchPeakMegabytes(pid);
    const outcome = await runLoad(inner, programs, asked, { streams, pace: "model", ...timesOf(streams) });
    const megabytes = peak.stop();
    const { ages, cpuMicroseconds, leastIdleShare, whole, failure } = outcome;
    samples.served[name]?.push(whole);
    if (whole < streams || ages.length === 0) {
      const note = `${whole} of ${streams} were served; the first that was not: ${failure}`;
      if (options.isQuick) throw new Error(`${name}: ${note}`);
      return note;
    }
    takeFigures(samples, name, streams, { ages, cpuMicroseconds, restMegabytes, megabytes });
    const show = (fraction: number): string => percentile(ages, fraction).toFixed(2);
    process.stderr.write(
      `  ${name}: ${ages.length} deltas, ages ${show(0.5)} / ${show(0.99)} / ${show(0.999)} ms, ` +
      `${(cpuMicroseconds / ages.length).toFixed(1)} µs, ${restMegabytes.toFixed(1)} to ${megabytes.toFixed(1)} MB, ` +
      `machine ${percent(leastIdleShare)} idle in its busiest second\n`,
    );
    if (leastIdleShare >= idleShareMin) return undefined;
    return `the machine was ${percent(leastIdleShare)} idle in the busiest second, so deltas waited for a core`;
  }, scope);
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function profiledOf(measured: readonly number[]): number {
  return measured.includes(profiledStreams) ? profiledStreams : measured.at(-1) ?? profiledStreams;
}

/** Prints where our server's time goes in the window, and keeps it where `src` as it is was run. */
async function profile(scope: Scope, programs: PacedPrograms, build: Build, streams: number): Promise<void> {
  const folder = await scope.folder();
  const nodeArgs = ["--cpu-prof", "--cpu-prof-interval", "250", `--cpu-prof-dir=${folder}`];
  const server = await startPacedOurs(scope, build, programs.fake, nodeArgs);
  const asked = { server, request: chatRequest };
  await runLoad(scope, programs, asked, warmUp);
  await calm(settleMs, options);
  const times = timesOf(streams);
  const { ages, window } = await runLoad(scope, programs, asked, { streams, pace: "model", ...times });
  // Node writes the profile when it exits.
  await server.stop();
  const [file] = await readdir(folder);
  if (file === undefined) throw new Error("the server left no profile");
  const text = [
    `Our server's own time with ${streams} streams, ${ages.length} deltas in ${times.windowMs / msPerSecond} s.`,
    `${machineLine(describeMachine())}; ${build.version}.`,
    "",
    ownTimesText(ownTimes(await readFile(join(folder, file), "utf8"), window), ages.length),
    "",
  ].join("\n");
  console.log(`\n${text}`);
  const isOfSource = options.build === undefined && !options.isQuick;
  if (isOfSource) await writeFile(`${resultsFolder}streams-profile.txt`, text);
}

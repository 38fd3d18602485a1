/**
 * What relaying costs: 200,000 text deltas in one answer, from a fake CLI that writes the CLI's exact lines as fast as
 * its pipe takes them, to a raw socket reader in a process of its own that throws them away. In every round, in turn:
 *   ours        the server with its defaults, compiled, on plain Node
 *   reference   claude-max-api-proxy 1.0.0 as its README starts it, with the same fake on PATH
 *   bare pipe   a server that does no more than `child.stdout.pipe(response)`: the limit; it moves more bytes, for the CLI's lines are longer than our chunks
 * CPU is user and system time of the server process alone (the kernel's count, in steps of 10 ms), over one answer;
 * wall is the reader's, from opening the connection to the end; peak RSS is the kernel's high-water mark of that answer.
 * Two unmeasured answers before let each side's code be compiled. `--cpu-prof` runs ours once more under --cpu-prof, and
 * keeps the most of it in the notes.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startServer } from "./child-process.ts";
import { selfTimes, selfTimesText } from "./cpu-profile.ts";
import { calm, calmNote } from "./calm.ts";
import { contestantEnvironment } from "./environment.ts";
import { chatContentMark, messagesContentMark } from "./http-stream.ts";
import { parseOptions, roundsOf } from "./options.ts";
import { buildOurs, startOurs, type Build } from "./our-server.ts";
import { cpuMs, watchPeakMegabytes } from "./process-usage.ts";
import { startReader, type Reader } from "./reader.ts";
import { installReference, referenceName, referenceVersion, startReference } from "./reference.ts";
import { report } from "./report.ts";
import { ratio, row } from "./result.ts";
import { withScope, type Scope } from "./scope.ts";
import { rotated } from "./statistics.ts";

const roundsUsual = 9;
const warmUpRounds = 2;
const microsecondsPerMs = 1000;
/** A pool's refill must be over before the next contestant, in milliseconds. */
const settleMs = 700;
const profileEntries = 25;
/** How many of them stand in the result's notes. */
const profileEntriesKept = 8;
const profileAnswers = 5;
const targets = { cpuToReference: 0.3, wallToReference: 0.4, cpuToPipe: 4 };

const options = parseOptions(process.argv.slice(2));
const rounds = roundsOf(options, roundsUsual);
const deltas = options.isQuick ? 20_000 : 200_000;
const prompt = `DELTAS ${deltas}`;
const fake = fileURLToPath(new URL("./fakes/flood.mjs", import.meta.url));

await withScope(async (scope) => {
  const build = await buildOurs(scope);
  const reader = await startReader(scope);
  const environment = (): Promise<Record<string, string>> => contestantEnvironment(scope, { claude: fake });
  const ours = await startOurs(scope, build, { env: await environment() });
  const reference = await startReference(scope, await installReference(scope, options.reference), await environment());
  const pipe = await startServer(scope, {
    args: [fileURLToPath(new URL("./fakes/pipe-server.mjs", import.meta.url))], cwd: build.folder, env: await environment(), ready: /http:\/\/[\d.]+:(\d+) /,
  });
  const contestants = [
    { name: "ours", server: ours, contentMark: chatContentMark, end: /data: \[DONE\]/ },
    { name: "reference", server: reference, contentMark: chatContentMark, end: /data: \[DONE\]/ },
    { name: "bare pipe", server: pipe, contentMark: messagesContentMark, end: /"modelUsage":\{\}\}\n/ },
  ];
  const cpu: Record<string, number[]> = Object.fromEntries(contestants.map(({ name }) => [name, []]));
  const wall = structuredClone(cpu);
  const memory = structuredClone(cpu);
  const bytes: Record<string, number> = {};
  for (let round = -warmUpRounds; round < rounds; round++) {
    for (const { name, server, contentMark, end } of rotated(contestants, round + warmUpRounds)) {
      await calm(settleMs);
      const peak = watchPeakMegabytes(server.pid);
      const cpuBefore = cpuMs(server.pid);
      const outcome = await reader.readChat(server.port, prompt, { contentMark });
      const used = cpuMs(server.pid) - cpuBefore;
      const megabytes = peak.stop();
      if (!end.test(outcome.tail)) throw new Error(`${name} did not end its answer: ${outcome.tail}`);
      bytes[name] = outcome.bytes;
      if (round < 0) continue;
      cpu[name]?.push((used * microsecondsPerMs) / deltas);
      wall[name]?.push(outcome.wholeMs);
      memory[name]?.push(megabytes);
    }
  }
  const of = (samples: Record<string, number[]>, name: string): number[] => samples[name] ?? [];
  const flame = options.withCpuProfile ? [await profile(scope, build, reader, await environment())] : [];
  await report({
    name: "relay",
    title: "Relaying 200,000 deltas",
    method: `${deltas.toLocaleString("en-US")} text deltas in one answer from a fake CLI, as fast as the pipe takes them; CPU of the server process alone.`,
    rounds,
    versions: { "claude-max-api": build.version, [referenceName]: referenceVersion },
    rows: [
      row("cpu", "Server CPU per delta", "µs", cpu, [
        ratio("ours to reference", of(cpu, "ours"), of(cpu, "reference"), targets.cpuToReference),
        ratio("ours to the bare pipe", of(cpu, "ours"), of(cpu, "bare pipe"), targets.cpuToPipe),
      ]),
      row("wall", "Whole answer", "ms", wall, [
        ratio("ours to reference", of(wall, "ours"), of(wall, "reference"), targets.wallToReference),
        ratio("ours to the bare pipe", of(wall, "ours"), of(wall, "bare pipe")),
      ]),
      row("memory", "Server's peak RSS", "MB", memory, [ratio("ours to reference", of(memory, "ours"), of(memory, "reference"))]),
    ],
    notes: [`Bytes to the client: ${Object.entries(bytes).map(([name, count]) => `${name} ${count.toLocaleString("en-US")}`).join(", ")}.`, calmNote(), ...flame],
  }, options);
});

/** Prints where the time of our server goes, and gives the most of it in a line. */
async function profile(scope: Scope, build: Build, reader: Reader, env: Readonly<Record<string, string>>): Promise<string> {
  const folder = await scope.folder();
  const server = await startOurs(scope, build, { env, nodeArgs: ["--cpu-prof", "--cpu-prof-interval", "200", `--cpu-prof-dir=${folder}`] });
  for (let answer = 0; answer < profileAnswers; answer++) {
    await reader.readChat(server.port, prompt);
    await delay(settleMs);
  }
  // The profile is written at the exit.
  await server.stop();
  const [file] = await readdir(folder);
  if (file === undefined) throw new Error("the server left no profile");
  const times = selfTimes(await readFile(join(folder, file), "utf8"), profileEntries);
  const title = `Self time of our server over ${profileAnswers} answers, without idle time`;
  console.log(`\n${title}:\n${selfTimesText(times)}`);
  return `${title}: ${selfTimesText(times.slice(0, profileEntriesKept)).split("\n").map((line) => line.trim().replaceAll(/ +/gu, " ")).join("; ")}.`;
}

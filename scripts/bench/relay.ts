/**
 * What relaying costs: 200,000 text deltas in one answer, from a fake CLI that writes the CLI's exact lines as fast
 * as its pipe takes them, to a raw socket reader in a process of its own that throws them away. Every round runs:
 *   ours        our server with its defaults, compiled, on Node without tsx
 *   reference   claude-max-api-proxy 1.0.0 as its README starts it, with the same fake on PATH
 *   before      with `--before FOLDER`: our server of another commit's build
 *   bare pipe   a server that does no more than `child.stdout.pipe(response)`: the limit. It moves more bytes than
 *               ours, because the CLI's lines are longer than our chunks
 * CPU is user and system time of the server process alone (the kernel's count, in steps of 10 ms), over one answer.
 * The time of the whole answer is the reader's, from opening the connection to the end. Peak RSS is the kernel's
 * high-water mark of that answer. Two answers that are not measured come first, for V8 to compile the hot code.
 * `--cpu-prof` runs our server once more under Node's --cpu-prof, prints where its time went, and keeps the first
 * lines of that in the notes.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { calm, calmNote } from "./calm.ts";
import { chatContentMark } from "./chat-request.ts";
import { startServer } from "./child-process.ts";
import { selfTimes, selfTimesText } from "./cpu-profile.ts";
import { contestantEnvironment } from "./environment.ts";
import { messagesContentMark } from "./messages-request.ts";
import { parseOptions, roundsOf } from "./options.ts";
import { buildOurs, startOurs, type Build } from "./our-server.ts";
import { cpuMs, watchPeakMegabytes } from "./process-usage.ts";
import { startReader, type Reader } from "./reader.ts";
import { installReference, referenceName, referenceVersion, startReference } from "./reference.ts";
import { report } from "./report.ts";
import { oursTo, row } from "./result.ts";
import { withScope, type Scope } from "./scope.ts";
import { noSamples, rotated } from "./statistics.ts";

const roundsUsual = 9;
const warmUpRounds = 2;
const microsecondsPerMs = 1000;
/** Time for the pool's refill to be over before the next contestant's answer. */
const settleMs = 700;
/** How many functions of the profile are printed. */
const profileEntries = 25;
/** How many of them stand in the result's notes. */
const profileEntriesKept = 8;
const profileAnswers = 5;
const targets = { cpuToReference: 0.14, wallToReference: 0.4, cpuToPipe: 1.7, wallToBefore: 1.05 };

const options = parseOptions(process.argv.slice(2));
const rounds = roundsOf(options, roundsUsual);
const deltas = options.isQuick ? 20_000 : 200_000;
const prompt = `DELTAS ${deltas}`;
const fake = fileURLToPath(new URL("./fakes/flood.mjs", import.meta.url));

await withScope(async (scope) => {
  const build = await buildOurs(scope, options);
  const reader = await startReader(scope);
  const environment = (): Promise<Record<string, string>> => contestantEnvironment(scope, { claude: fake });
  const ours = await startOurs(scope, build, { env: await environment() });
  const referenceFolder = await installReference(scope, options.reference);
  const reference = await startReference(scope, referenceFolder, await environment());
  const pipe = await startServer(scope, {
    args: [fileURLToPath(new URL("./fakes/pipe-server.mjs", import.meta.url))],
    cwd: build.folder,
    env: await environment(),
    ready: /http:\/\/[\d.]+:(\d+) /,
  });
  const before = options.before === undefined ? undefined
    : await startOurs(scope, await buildOurs(scope, { build: options.before }), { env: await environment() });
  const ofChat = { contentMark: chatContentMark, end: /data: \[DONE\]/ };
  const contestants = [
    { name: "ours", server: ours, ...ofChat },
    ...before === undefined ? [] : [{ name: "before", server: before, ...ofChat }],
    { name: "reference", server: reference, ...ofChat },
    { name: "bare pipe", server: pipe, contentMark: messagesContentMark, end: /"modelUsage":\{\}\}\n/ },
  ];
  const names = contestants.map(({ name }) => name);
  const [cpu, wall, memory] = [noSamples(names), noSamples(names), noSamples(names)];
  const bytes: Record<string, number> = {};
  for (let round = -warmUpRounds; round < rounds; round++) {
    for (const { name, server, contentMark, end } of rotated(contestants, round + warmUpRounds)) {
      await calm(settleMs, options);
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
  const profileNotes = options.withCpuProfile ? [await profile(scope, build, reader, await environment())] : [];
  await report({
    name: "relay",
    title: "Relaying 200,000 deltas",
    method:
      `${deltas.toLocaleString("en-US")} text deltas in one answer from a fake CLI, as fast as the pipe takes them; ` +
      "CPU of the server process alone.",
    rounds,
    versions: { "claude-max-api": build.version, [referenceName]: referenceVersion },
    rows: [
      row("cpu", "Server CPU per delta", "µs", cpu, [
        oursTo("reference", cpu, targets.cpuToReference),
        oursTo("bare pipe", cpu, targets.cpuToPipe),
        ...before === undefined ? [] : [oursTo("before", cpu)],
      ]),
      row("wall", "Whole answer", "ms", wall, [
        oursTo("reference", wall, targets.wallToReference),
        oursTo("bare pipe", wall),
        ...before === undefined ? [] : [oursTo("before", wall, targets.wallToBefore)],
      ]),
      row("memory", "Server's peak RSS", "MB", memory, [oursTo("reference", memory)]),
    ],
    notes: [bytesNote(bytes), calmNote(), ...profileNotes],
  }, options);
});

function bytesNote(bytes: Readonly<Record<string, number>>): string {
  const counts = Object.entries(bytes).map(([name, count]) => `${name} ${count.toLocaleString("en-US")}`);
  return `Bytes to the client: ${counts.join(", ")}.`;
}

/** Prints where our server's time goes. Gives the functions with the most time in a line for the notes. */
async function profile(
  scope: Scope, build: Build, reader: Reader, env: Readonly<Record<string, string>>,
): Promise<string> {
  const folder = await scope.folder();
  const nodeArgs = ["--cpu-prof", "--cpu-prof-interval", "200", `--cpu-prof-dir=${folder}`];
  const server = await startOurs(scope, build, { env, nodeArgs });
  for (let answer = 0; answer < profileAnswers; answer++) {
    await reader.readChat(server.port, prompt);
    await delay(settleMs);
  }
  // Node writes the profile when it exits.
  await server.stop();
  const [file] = await readdir(folder);
  if (file === undefined) throw new Error("the server left no profile");
  const times = selfTimes(await readFile(join(folder, file), "utf8"), profileEntries);
  const title = `Self time of our server over ${profileAnswers} answers, without idle time`;
  console.log(`\n${title}:\n${selfTimesText(times)}`);
  const keptLines = selfTimesText(times.slice(0, profileEntriesKept)).split("\n");
  return `${title}: ${keptLines.map((line) => line.trim().replaceAll(/ +/gu, " ")).join("; ")}.`;
}

/**
 * Readers that stop: a fake CLI writes 50 MB to each as fast as its pipe takes it; the reader reads the first
 * content, reads nothing for 5 s, then reads the rest. Our server has eight such readers at once, the reference one.
 * Each round has fresh servers. The fake answers in two shapes: `stream` is the deltas alone; `echo` repeats the
 * whole answer in its `assistant` line and in its `result`, as the CLI does, although no model's answer has 50 MB.
 * Memory is the server process's own, not the CLI's: RSS before the requests, the kernel's high-water mark until the
 * last byte, and RSS 15 s after the last byte, because V8 gives memory back only when it has been idle for a while.
 */
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { ServerProcess } from "./child-process.ts";
import { contestantEnvironment } from "./environment.ts";
import { parseOptions, roundsOf } from "./options.ts";
import { buildOurs, startOurs, waitUntilWarm, warm } from "./our-server.ts";
import { residentMegabytes, watchPeakMegabytes } from "./process-usage.ts";
import { startReader, type Reader } from "./reader.ts";
import { installReference, referenceName, referenceVersion, startReference } from "./reference.ts";
import { report } from "./report.ts";
import { difference, row, type Row } from "./result.ts";
import { withScope } from "./scope.ts";
import { noSamples, rotated } from "./statistics.ts";

const roundsUsual = 5;
const deltaChars = 1_000;
const bytesPerMegabyte = 1_000_000;
const readers = 8;
const peakTargetMegabytes = 180;
const settleMs = 1_000;

const options = parseOptions(process.argv.slice(2));
const rounds = roundsOf(options, roundsUsual, 1);
const stallMs = options.isQuick ? 1_000 : 5_000;
const restMs = options.isQuick ? 1_000 : 15_000;
const answerMegabytes = options.isQuick ? 5 : 50;
const prompt = `DELTAS ${(answerMegabytes * bytesPerMegabyte) / deltaChars} SIZE ${deltaChars}`;
const shapes = [
  { id: "stream", label: "", prompt: `${prompt} ECHO 0` },
  { id: "echo", label: ", the whole repeated at the end", prompt },
] as const;
const fake = fileURLToPath(new URL("./fakes/flood.mjs", import.meta.url));

/** In MB. */
interface Memory {
  readonly before: number;
  readonly peak: number;
  readonly after: number;
}

await withScope(async (scope) => {
  const build = await buildOurs(scope, options);
  const reference = await installReference(scope, options.reference);
  const reader = await startReader(scope);
  const contestants = [
    { name: `ours, ${readers} readers`, count: readers, isOurs: true },
    { name: "reference, 1 reader", count: 1, isOurs: false },
  ];
  const names = contestants.map(({ name }) => name);
  const rows: Row[] = [];
  for (const { id, label, prompt: shapePrompt } of shapes) {
    const [before, peak, after] = [noSamples(names), noSamples(names), noSamples(names)];
    for (let round = 0; round < rounds; round++) {
      for (const { name, count, isOurs } of rotated(contestants, round)) {
        const memory = await withScope(async (inner) => {
          const env = await contestantEnvironment(inner, { claude: fake });
          const server = isOurs ? await startOurs(inner, build, { env }) : await startReference(inner, reference, env);
          if (isOurs) await waitUntilWarm(server.port, warm);
          await delay(settleMs);
          return stall(server, reader, count, shapePrompt);
        }, scope);
        before[name]?.push(memory.before);
        peak[name]?.push(memory.peak);
        after[name]?.push(memory.after);
      }
    }
    const ourHighest = Math.max(...peak[names[0] ?? ""] ?? []);
    const target = id === "stream" ? peakTargetMegabytes : undefined;
    const comparison = difference("ours, the highest of all rounds", ourHighest, target);
    rows.push(
      row(`before-${id}`, `RSS before${label}`, "MB", before),
      row(`peak-${id}`, `Peak RSS${label}`, "MB", peak, [comparison]),
      row(`after-${id}`, `RSS ${restMs / 1000} s after the last byte${label}`, "MB", after),
    );
    process.stderr.write(`slow-readers: ${id} done\n`);
  }
  await report({
    name: "slow-readers",
    title: "Readers that stop for five seconds",
    method:
      `${answerMegabytes} MB to each reader as fast as it takes it; each stops for ${stallMs / 1000} s after the ` +
      "first content. Memory of the server process alone.",
    rounds,
    versions: { "claude-max-api": build.version, [referenceName]: referenceVersion },
    rows,
    notes: [],
  }, options);
});

/** The server's memory around the answers to `count` readers that stop. Throws when an answer is not whole. */
async function stall(server: ServerProcess, reader: Reader, count: number, shapePrompt: string): Promise<Memory> {
  const before = residentMegabytes(server.pid);
  const peak = watchPeakMegabytes(server.pid);
  const outcomes = await Promise.all(
    Array.from({ length: count }, () => reader.readChat(server.port, shapePrompt, { stallMs })),
  );
  const peakMegabytes = peak.stop();
  for (const { bytes, tail, wholeMs } of outcomes) {
    const isWhole = bytes >= answerMegabytes * bytesPerMegabyte && tail.includes("data: [DONE]");
    if (!isWhole || wholeMs < stallMs) throw new Error(`an answer is not whole: ${bytes} bytes, ${tail}`);
  }
  await delay(restMs);
  return { before, peak: peakMegabytes, after: residentMegabytes(server.pid) };
}

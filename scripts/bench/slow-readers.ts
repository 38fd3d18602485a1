/**
 * Readers that stop: each is sent 50 MB by a fake CLI that writes as fast as its pipe takes it, reads the first content,
 * reads nothing for 5 s, then reads the rest. Ours has eight such readers at once, the reference one. Each round has fresh
 * servers, and there are two fakes: one gives the deltas alone; the other, like the CLI, gives the whole answer again in its
 * `assistant` line and in its `result`, which at 50 MB are lines of a size that no model's answer has. Memory is the server
 * process's own, not the CLI's: the kernel's high-water mark from before the requests to the last byte, what was resident
 * before, and what is resident 15 s after the last byte, because V8 gives memory back only when it has been idle for a while.
 */
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { ServerProcess } from "./child-process.ts";
import { contestantEnvironment } from "./environment.ts";
import { parseOptions, roundsOf } from "./options.ts";
import { buildOurs, startOurs, waitUntilWarm } from "./our-server.ts";
import { residentMegabytes, watchPeakMegabytes } from "./process-usage.ts";
import { startReader, type Reader } from "./reader.ts";
import { installReference, referenceName, referenceVersion, startReference } from "./reference.ts";
import { report } from "./report.ts";
import { difference, row, type Row } from "./result.ts";
import { withScope } from "./scope.ts";
import { rotated } from "./statistics.ts";

const roundsUsual = 5;
const deltaChars = 1_000;
const readers = 8;
const warm = 2;
const peakTargetMegabytes = 180;
const settleMs = 1_000;

const options = parseOptions(process.argv.slice(2));
const rounds = roundsOf(options, roundsUsual, 1);
const stallMs = options.isQuick ? 1_000 : 5_000;
const restMs = options.isQuick ? 1_000 : 15_000;
const answerMegabytes = options.isQuick ? 5 : 50;
const shapes = [
  { id: "stream", label: "", prompt: `DELTAS ${(answerMegabytes * 1_000_000) / deltaChars} SIZE ${deltaChars} ECHO 0` },
  { id: "echo", label: ", the whole repeated at the end", prompt: `DELTAS ${(answerMegabytes * 1_000_000) / deltaChars} SIZE ${deltaChars}` },
] as const;
const fake = fileURLToPath(new URL("./fakes/flood.mjs", import.meta.url));

interface Memory { readonly before: number; readonly peak: number; readonly after: number }

await withScope(async (scope) => {
  const build = await buildOurs(scope);
  const reference = await installReference(scope, options.reference);
  const reader = await startReader(scope);
  const contestants = [
    { name: `ours, ${readers} readers`, count: readers, isOurs: true },
    { name: "reference, 1 reader", count: 1, isOurs: false },
  ];
  const rows: Row[] = [];
  for (const { id, label, prompt } of shapes) {
    const before: Record<string, number[]> = Object.fromEntries(contestants.map(({ name }) => [name, []]));
    const [peak, after] = [structuredClone(before), structuredClone(before)];
    for (let round = 0; round < rounds; round++) {
      for (const { name, count, isOurs } of rotated(contestants, round)) {
        const memory = await withScope(async (inner) => {
          const env = await contestantEnvironment(inner, { claude: fake });
          const server = isOurs ? await startOurs(inner, build, { env }) : await startReference(inner, reference, env);
          if (isOurs) await waitUntilWarm(server.port, warm);
          await delay(settleMs);
          return stall(server, reader, count, prompt);
        }, scope);
        before[name]?.push(memory.before);
        peak[name]?.push(memory.peak);
        after[name]?.push(memory.after);
      }
    }
    const highest = Math.max(...peak[contestants[0]?.name ?? ""] ?? []);
    rows.push(
      row(`before-${id}`, `RSS before${label}`, "MB", before),
      row(`peak-${id}`, `Peak RSS${label}`, "MB", peak, [difference("ours, the highest of all rounds", highest, id === "stream" ? peakTargetMegabytes : undefined)]),
      row(`after-${id}`, `RSS ${restMs / 1000} s after the last byte${label}`, "MB", after),
    );
    process.stderr.write(`slow-readers: ${id} done\n`);
  }
  await report({
    name: "slow-readers",
    title: "Readers that stop for five seconds",
    method: `${answerMegabytes} MB to each reader as fast as it takes it; each stops for ${stallMs / 1000} s after the first content. Memory of the server process alone.`,
    rounds,
    versions: { "claude-max-api": build.version, [referenceName]: referenceVersion },
    rows,
    notes: [],
  }, options);
});

async function stall(server: ServerProcess, reader: Reader, count: number, prompt: string): Promise<Memory> {
  const before = residentMegabytes(server.pid);
  const peak = watchPeakMegabytes(server.pid);
  const outcomes = await Promise.all(Array.from({ length: count }, () => reader.readChat(server.port, prompt, { stallMs })));
  const peakMegabytes = peak.stop();
  for (const { bytes, tail, wholeMs } of outcomes) {
    if (bytes < answerMegabytes * 1_000_000 || wholeMs < stallMs || !tail.includes("data: [DONE]")) throw new Error(`an answer is not whole: ${bytes} bytes, ${tail}`);
  }
  await delay(restMs);
  return { before, peak: peakMegabytes, after: residentMegabytes(server.pid) };
}

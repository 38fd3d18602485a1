/**
 * Readers that stop: a fake CLI writes 50 MB to each as fast as its pipe takes it; the reader reads the first
 * content, reads nothing for 5 s, then reads the rest. Our server has eight such readers at once, the reference one.
 * Each round has fresh servers. There are three shapes: in `stream` the CLI writes the deltas alone; in `echo` it
 * repeats the whole answer in its `assistant` line and in its `result`, as the real one does, although no model's
 * answer has 50 MB; in `one-piece` it does so too, and the client asks for no stream. Such an answer is in the server's
 * memory until it is read. Our server has a limit for all of them together: an answer beyond it is refused, or its
 * unread client is disconnected. The reference is not asked that way: it keeps each answer whole, whatever its size.
 * Memory is the server process's own, not the CLI's: RSS before the requests, the kernel's high-water mark until the
 * last byte, and RSS 15 s after the last byte, because V8 gives memory back only when it has been idle for a while.
 */
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { heldAnswersBytesMax } from "../../src/http/held-answers.ts";
import { chatBody } from "./chat-request.ts";
import type { ServerProcess } from "./child-process.ts";
import { contestantEnvironment } from "./environment.ts";
import type { StreamOutcome } from "./http-stream.ts";
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
/** Node 24 takes more at rest. */
const peakTargetMegabytes = Number(process.versions.node.split(".", 1)[0]) < 24 ? 150 : 180;
const settleMs = 1_000;

const options = parseOptions(process.argv.slice(2));
const rounds = roundsOf(options, roundsUsual, 1);
const stallMs = options.isQuick ? 1_000 : 5_000;
const restMs = options.isQuick ? 1_000 : 15_000;
const answerMegabytes = options.isQuick ? 5 : 50;
const prompt = `DELTAS ${(answerMegabytes * bytesPerMegabyte) / deltaChars} SIZE ${deltaChars}`;
/** How much our server holds of all answers in one piece together. */
const heldMegabytesMax = Math.round(heldAnswersBytesMax / bytesPerMegabyte);

interface Shape {
  readonly id: "stream" | "echo" | "one-piece";
  readonly label: string;
  readonly prompt: string;
  /** The most that our server may have at its peak, in MB. */
  readonly target?: number;
}

const shapes: readonly Shape[] = [
  { id: "stream", label: "", prompt: `${prompt} ECHO 0`, target: peakTargetMegabytes },
  { id: "echo", label: ", the whole repeated at the end", prompt },
  {
    id: "one-piece", label: ", asked for in one piece", prompt,
    target: peakTargetMegabytes + heldMegabytesMax,
  },
];
/** What our server says instead of an answer that would exceed its limit. */
const refusal = "too long to be given in one piece";
const fake = fileURLToPath(new URL("./fakes/flood.mjs", import.meta.url));

/** In MB. */
interface Memory {
  readonly before: number;
  readonly peak: number;
  readonly after: number;
  /** How many answers came whole. */
  readonly whole: number;
}

await withScope(async (scope) => {
  const build = await buildOurs(scope, options);
  const reference = await installReference(scope, options.reference);
  const reader = await startReader(scope);
  const contestants = [
    { name: `ours, ${readers} readers`, count: readers, isOurs: true },
    { name: "reference, 1 reader", count: 1, isOurs: false },
  ];
  const rows: Row[] = [];
  for (const shape of shapes) {
    const { id, label, target } = shape;
    const measured = contestants.filter(({ isOurs }) => isOurs || id !== "one-piece");
    const names = measured.map(({ name }) => name);
    const [before, peak, after, whole] = [noSamples(names), noSamples(names), noSamples(names), noSamples(names)];
    for (let round = 0; round < rounds; round++) {
      for (const { name, count, isOurs } of rotated(measured, round)) {
        const memory = await withScope(async (inner) => {
          const env = await contestantEnvironment(inner, { claude: fake });
          const server = isOurs ? await startOurs(inner, build, { env }) : await startReference(inner, reference, env);
          if (isOurs) await waitUntilWarm(server.port, warm);
          await delay(settleMs);
          return stall(server, reader, count, shape);
        }, scope);
        before[name]?.push(memory.before);
        peak[name]?.push(memory.peak);
        after[name]?.push(memory.after);
        whole[name]?.push(memory.whole);
      }
    }
    const ourHighest = Math.max(...peak[names[0] ?? ""] ?? []);
    const comparison = difference("ours, the highest of all rounds", ourHighest, target);
    rows.push(
      row(`before-${id}`, `RSS before${label}`, "MB", before),
      row(`peak-${id}`, `Peak RSS${label}`, "MB", peak, [comparison]),
      row(`after-${id}`, `RSS ${restMs / 1000} s after the last byte${label}`, "MB", after),
    );
    if (id === "one-piece") rows.push(row(`whole-${id}`, `Answers that came whole${label}`, "count", whole));
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
    notes: [
      `In one piece our server holds ${heldMegabytesMax} MB of all answers together. Beyond that it refuses an ` +
      "answer that is being written, or disconnects a client that does not read.",
    ],
  }, options);
});

/** The server's memory around the answers to `count` readers that stop. Throws when an answer is not as it may be. */
async function stall(server: ServerProcess, reader: Reader, count: number, shape: Shape): Promise<Memory> {
  const before = residentMegabytes(server.pid);
  const peak = watchPeakMegabytes(server.pid);
  const isOnePiece = shape.id === "one-piece";
  const body = chatBody([{ role: "user", content: shape.prompt }], { stream: !isOnePiece });
  const outcomes = await Promise.allSettled(
    Array.from({ length: count }, () => reader.readChat(server.port, shape.prompt, { body, stallMs })),
  );
  const peakMegabytes = peak.stop();
  const whole = outcomes.filter((outcome) => isWhole(outcome, isOnePiece)).length;
  const bad = outcomes.find((outcome) => !isWhole(outcome, isOnePiece) && !(isOnePiece && isGivenUp(outcome)));
  if (bad !== undefined || whole === 0) throw new Error(`${whole} answers are whole, and one ${inspect(bad)}`);
  await delay(restMs);
  return { before, peak: peakMegabytes, after: residentMegabytes(server.pid), whole };
}

function isWhole(outcome: PromiseSettledResult<StreamOutcome>, isOnePiece: boolean): boolean {
  if (outcome.status === "rejected") return false;
  const { bytes, tail, wholeMs } = outcome.value;
  const hasEnd = isOnePiece ? tail.trimEnd().endsWith("}") : tail.includes("data: [DONE]");
  return hasEnd && bytes >= answerMegabytes * bytesPerMegabyte && wholeMs >= stallMs;
}

/** Refused, or cut while it was not read. */
function isGivenUp(outcome: PromiseSettledResult<StreamOutcome>): boolean {
  return outcome.status === "fulfilled" || /ECONNRESET|EPIPE/u.test(String(outcome.reason))
    || String(outcome.reason).includes(refusal);
}

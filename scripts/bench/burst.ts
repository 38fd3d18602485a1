/**
 * Several new conversations at the same moment: when the slowest and the median of them see the first content. Real
 * CLI at two versions, stub upstream at 0 ms, raw HTTP clients in the benchmark's process. Our server has its default
 * pool of one; before every burst, of either side, the pool is full and has settled. Conversations are released after
 * 1 s, so that the processes of earlier bursts take no CPU from later ones. The order turns from round to round.
 */
import { textAnswer } from "../../test/support/anthropic-stub.ts";
import { calm, calmNote } from "./calm.ts";
import { requestChat } from "./chat-request.ts";
import { parseOptions, roundsOf } from "./options.ts";
import { startOurs, waitUntilWarm, warm } from "./our-server.ts";
import { type CliRun, measureCliVersions } from "./real-cli.ts";
import { startReference } from "./reference.ts";
import { report } from "./report.ts";
import { oursTo, row, type Row } from "./result.ts";
import { withScope } from "./scope.ts";
import { median, noSamples, rotated } from "./statistics.ts";

const roundsUsual = 5;
const settleMs = 2_500;
/** The most that our slowest may take, as a share of the reference's slowest, by the burst's size. */
const slowestTargets: Readonly<Record<number, number>> = { 3: 0.5, 10: 0.25 };

const options = parseOptions(process.argv.slice(2));
const rounds = roundsOf(options, roundsUsual);
const unmeasuredRounds = options.isQuick ? 0 : 1;
const burstSizes = options.isQuick ? [1, 3] : [1, 3, 10];

await withScope(async (scope) => {
  const respond = () => textAnswer(["Hello", " there"]);
  const { measured, versions } = await measureCliVersions(scope, options, { respond }, measure);
  await report({
    name: "burst",
    title: "New conversations all at once",
    method:
      "Real CLI, stub upstream at 0 ms; from opening the connections, all at the same moment, to each one's first " +
      "content chunk. Our pool holds one, and more once requests found it empty.",
    rounds,
    versions,
    rows: measured.flat(),
    notes: [calmNote()],
  }, options);
});

async function measure({ scope, version, build, reference, environment }: CliRun): Promise<Row[]> {
  const ours = await startOurs(scope, build, { env: await environment(), args: ["--conversation-idle", "1"] });
  const other = await startReference(scope, reference, await environment());
  const contestants = [{ name: "ours", port: ours.port }, { name: "reference", port: other.port }];
  const rows: Row[] = [];
  for (const size of burstSizes) {
    const slowest = noSamples(["ours", "reference"]);
    const middle = noSamples(["ours", "reference"]);
    for (let round = -unmeasuredRounds; round < rounds; round++) {
      for (const { name, port } of rotated(contestants, round + unmeasuredRounds)) {
        await waitUntilWarm(ours.port, warm);
        await calm(settleMs, options);
        const times = await burst(port, size, round);
        if (round < 0) continue;
        slowest[name]?.push(Math.max(...times));
        middle[name]?.push(median(times));
      }
    }
    process.stderr.write(`burst ${version}: ${size} at once done\n`);
    const label = `of ${size} at once, CLI ${version}`;
    const comparison = oursTo("reference", slowest, slowestTargets[size]);
    rows.push(row(`slowest-${size}-${version}`, `Slowest ${label}`, "ms", slowest, [comparison]));
    if (size === 1) continue;
    rows.push(row(`median-${size}-${version}`, `Median ${label}`, "ms", middle, [oursTo("reference", middle)]));
  }
  return rows;
}

/** Milliseconds to the first content, of each of `size` new conversations. */
async function burst(port: number, size: number, round: number): Promise<number[]> {
  const outcomes = await Promise.all(Array.from({ length: size }, (_, index) => requestChat(port, [
    { role: "system", content: "Be terse." },
    { role: "user", content: `Question ${round} ${index}` },
  ])));
  return outcomes.map(({ firstContentMs }) => firstContentMs);
}

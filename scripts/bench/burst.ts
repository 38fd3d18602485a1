/**
 * Several new conversations at the same moment: when the slowest and the median of them see the first content. Real CLI at
 * two versions, stub upstream at 0 ms, raw HTTP clients in the benchmark's process. Ours has its default pool of two, full
 * and settled before every burst, the reference's too; conversations are let go after a second, so that the processes of
 * earlier bursts take no CPU from later ones, on either side. The order turns from round to round.
 */
import { startAnthropicStub, textAnswer } from "../../test/support/anthropic-stub.ts";
import { claudePath, claudeVersions, type ClaudeVersion } from "../../test/support/real-claude.ts";
import { calm, calmNote } from "./calm.ts";
import { contestantEnvironment } from "./environment.ts";
import { requestChat } from "./http-stream.ts";
import { parseOptions, roundsOf } from "./options.ts";
import { buildOurs, startOurs, waitUntilWarm, type Build } from "./our-server.ts";
import { installReference, referenceName, referenceVersion, startReference } from "./reference.ts";
import { report } from "./report.ts";
import { ratio, row, type Row } from "./result.ts";
import { type Scope, withScope } from "./scope.ts";
import { median, rotated } from "./statistics.ts";

const roundsUsual = 5;
const warm = 2;
const settleMs = 2_500;
const burstSizes = [1, 3, 10] as const;
/** Of the reference's slowest. */
const slowestTargets: Readonly<Record<number, number>> = { 3: 0.5 };

const options = parseOptions(process.argv.slice(2));
const rounds = roundsOf(options, roundsUsual, 1);

await withScope(async (scope) => {
  const build = await buildOurs(scope);
  const reference = await installReference(scope, options.reference);
  const rows: Row[] = [];
  for (const version of claudeVersions) rows.push(...await measure(scope, version, build, reference));
  await report({
    name: "burst",
    title: "New conversations all at once",
    method: "Real CLI, stub upstream at 0 ms; from opening the connections, all at the same moment, to each one's first content chunk. Our pool holds two, and more once requests found it empty.",
    rounds,
    versions: { "claude-max-api": build.version, [referenceName]: referenceVersion, CLI: claudeVersions.join(" and ") },
    rows,
    notes: [calmNote()],
  }, options);
});

async function measure(parent: Scope, version: ClaudeVersion, build: Build, reference: string): Promise<Row[]> {
  return withScope(async (scope) => {
    const stub = await startAnthropicStub({ respond: () => textAnswer(["Hello", " there"]) });
    scope.defer(() => stub.close());
    const environment = (): Promise<Record<string, string>> => contestantEnvironment(scope, { claude: claudePath(version), upstreamUrl: stub.url });
    const ours = await startOurs(scope, build, { env: await environment(), args: ["--conversation-idle", "1"] });
    const other = await startReference(scope, reference, await environment());
    const contestants = [{ name: "ours", port: ours.port }, { name: "reference", port: other.port }];
    const rows: Row[] = [];
    for (const size of burstSizes) {
      const slowest: Record<string, number[]> = { ours: [], reference: [] };
      const middle: Record<string, number[]> = { ours: [], reference: [] };
      for (let round = -1; round < rounds; round++) {
        for (const { name, port } of rotated(contestants, round + 1)) {
          await waitUntilWarm(ours.port, warm);
          await calm(settleMs);
          const times = await burst(port, size, round);
          if (round < 0) continue;
          slowest[name]?.push(Math.max(...times));
          middle[name]?.push(median(times));
        }
      }
      process.stderr.write(`burst ${version}: ${size} at once done\n`);
      rows.push(row(`slowest-${size}-${version}`, `Slowest of ${size} at once, CLI ${version}`, "ms", slowest, [
        ratio("ours to reference", slowest["ours"] ?? [], slowest["reference"] ?? [], slowestTargets[size]),
      ]));
      if (size === 1) continue;
      rows.push(row(`median-${size}-${version}`, `Median of ${size} at once, CLI ${version}`, "ms", middle, [
        ratio("ours to reference", middle["ours"] ?? [], middle["reference"] ?? []),
      ]));
    }
    return rows;
  }, parent);
}

async function burst(port: number, size: number, round: number): Promise<number[]> {
  const outcomes = await Promise.all(Array.from({ length: size }, (_, index) =>
    requestChat(port, [{ role: "system", content: "Be terse." }, { role: "user", content: `Question ${round} ${index}` }])));
  return outcomes.map(({ firstContentMs }) => firstContentMs);
}

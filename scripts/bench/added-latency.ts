/**
 * What a server adds to a delta on an idle machine, from the CLI's pipe to the client's socket: one stream of 100
 * deltas a second, from a fake CLI that writes its clock into every delta to a client that reads it, both in C. A
 * server in C that only reads and sends is the limit: the pipe, the socket and the wake-ups of three processes. What
 * another adds is the difference of the same quantile of both distributions (not the quantile of differences: no delta
 * goes through two servers). Servers take turns of 2,000 deltas; the quantiles are those of all turns together, 10,000
 * deltas of each server. All have answered ten streams for two seconds before.
 */
import { calm, calmNote } from "./calm.ts";
import { parseOptions, roundsOf } from "./options.ts";
import { buildOurs } from "./our-server.ts";
import { pacedContestants } from "./paced-contestants.ts";
import { compilePaced, pacedNeeds, runLoad } from "./paced-load.ts";
import { referenceName, referenceVersion } from "./reference.ts";
import { report } from "./report.ts";
import { difference, row, type Row } from "./result.ts";
import { withScope } from "./scope.ts";
import { noSamples, percentile, rotated } from "./statistics.ts";

const roundsUsual = 5;
const settleMs = 2_000;
const limit = "C relay";
/** Of ours, in milliseconds. */
const quantiles = [
  { id: "median", label: "median", fraction: 0.5, target: 0.15 },
  { id: "p99", label: "99th percentile", fraction: 0.99, target: 0.5 },
] as const;

const options = parseOptions(process.argv.slice(2));
const rounds = roundsOf(options, roundsUsual, 1);
const warmUp = { streams: 10, pace: "model", settleMs: 0, windowMs: options.isQuick ? 100 : 2_000 } as const;
const load = { streams: 1, pace: "steady", settleMs: 500, windowMs: options.isQuick ? 500 : 20_000 } as const;

await withScope(async (scope) => {
  const programs = await compilePaced(scope);
  if (programs === undefined) {
    console.log(`added-latency: ${pacedNeeds}`);
    return;
  }
  const build = await buildOurs(scope, options);
  const contestants = await pacedContestants(scope, build, programs, options);
  const names = contestants.map(({ name }) => name);
  const started = [];
  for (const { name, start } of contestants) started.push({ name, asked: await start(scope) });
  for (const { asked } of started) await runLoad(scope, programs, asked, warmUp);
  const ages = noSamples(names);
  const byRound = quantiles.map(() => noSamples(names));
  for (let round = 0; round < rounds; round++) {
    for (const { name, asked } of rotated(started, round)) {
      await calm(settleMs, options);
      const outcome = await runLoad(scope, programs, asked, load);
      if (outcome.whole < load.streams) throw new Error(`${name}: ${outcome.failure}`);
      for (const age of outcome.ages) ages[name]?.push(age);
      for (const [index, { fraction }] of quantiles.entries()) {
        byRound[index]?.[name]?.push(percentile(outcome.ages, fraction));
      }
    }
    process.stderr.write(`added-latency: ${round + 1} of ${rounds} rounds\n`);
  }
  const rows = quantiles.flatMap(({ id, label, fraction, target }, index): Row[] => {
    const of = (who: string): number => percentile(ages[who] ?? [], fraction);
    const added = (who: string): number => of(who) - of(limit);
    const others = names.filter((name) => name !== limit);
    const all = Object.fromEntries(others.map((name) => [name, [added(name)]]));
    return [
      row(`age-${id}`, `Age of a delta, ${label}`, "ms", byRound[index] ?? {}),
      row(`added-${id}`, `Added to the C relay's, ${label}`, "ms", all, [difference("ours", added("ours"), target)]),
    ];
  });
  const counts = Object.entries(ages).map(([name, values]) => `${name} ${values.length.toLocaleString("en-US")}`);
  await report({
    name: "added-latency",
    title: "Added to a delta on an idle machine",
    method:
      "One stream of 100 deltas a second, from the write of a fake CLI in C to the read of a client in C. What is " +
      "added is the difference of the quantiles of all deltas to those of a C server that only reads and sends.",
    rounds,
    versions: { "claude-max-api": build.version, [referenceName]: referenceVersion },
    rows,
    notes: [`Deltas: ${counts.join(", ")}.`, calmNote()],
  }, options);
});

/** The figures of paced streams, and the rows and targets that they make. Pure. */
import { atLeast, type Comparison, difference, oursTo, ratio, row, type Row } from "./result.ts";
import { type GrowingSamples, noSamples, percentile, type Samples } from "./statistics.ts";

export const figureNames = ["p50", "p99", "p999", "cpu", "memory", "streamMemory", "served"] as const;
export type FigureSamples = Readonly<Record<(typeof figureNames)[number], GrowingSamples>>;

/** One measurement of one contestant. */
export interface Measured {
  /** In milliseconds. */
  readonly ages: Float64Array;
  readonly cpuMicroseconds: number;
  readonly restMegabytes: number;
  /** At most, under the load. */
  readonly megabytes: number;
}

/** How many deltas a measurement needs for its 99.9th percentile: ten are above it then. */
export const samplesForThousandth = 10_000;
const kilobytesPerMegabyte = 1_000;

/** The load that has targets, ours to the reference's. */
const targetStreams = 200;
const targets = { p99: 0.8, cpu: 0.75, memory: 1 } as const;
/** Those of the largest load: its p99 to that of 200 streams, and the memory of a stream in kB. */
const manyStreams = 1_000;
const manyTargets = { p99: 3, streamMemory: 80 } as const;

export function noFigures(contestants: readonly string[]): FigureSamples {
  const none = (): GrowingSamples => noSamples(contestants);
  return {
    p50: none(), p99: none(), p999: none(), cpu: none(), memory: none(), streamMemory: none(), served: none(),
  };
}

/** Adds what was measured of a contestant to the samples. */
export function takeFigures(samples: FigureSamples, who: string, streams: number, measured: Measured): void {
  const { ages, cpuMicroseconds, restMegabytes, megabytes } = measured;
  samples.p50[who]?.push(percentile(ages, 0.5));
  samples.p99[who]?.push(percentile(ages, 0.99));
  if (ages.length >= samplesForThousandth) samples.p999[who]?.push(percentile(ages, 0.999));
  samples.cpu[who]?.push(cpuMicroseconds / ages.length);
  samples.memory[who]?.push(megabytes);
  samples.streamMemory[who]?.push(((megabytes - restMegabytes) * kilobytesPerMegabyte) / streams);
}

/**
 * The rows of a load of so many streams. A contestant that did not serve them all in any round is in none but the last,
 * which says how many it served. `at200` are the figures that those of 1,000 streams are compared with.
 */
export function streamsRows(streams: number, samples: FigureSamples, at200: FigureSamples | undefined): Row[] {
  const label = `${streams.toLocaleString("en-US")} ${streams === 1 ? "stream" : "streams"}`;
  const target = (name: keyof typeof targets): number | undefined =>
    streams === targetStreams ? targets[name] : undefined;
  const isMany = streams === manyStreams;
  const [p50, p99, p999] = [present(samples.p50), present(samples.p99), present(samples.p999)];
  const [cpu, memory, streamMemory] = [present(samples.cpu), present(samples.memory), present(samples.streamMemory)];
  const to200 = isMany && at200 !== undefined
    ? [ratio("ours to ours with 200 streams", p99["ours"] ?? [], at200.p99["ours"] ?? [], manyTargets.p99)]
    : [];
  const streamTarget = isMany ? manyTargets.streamMemory : undefined;
  const served = present(samples.served);
  const leastServed = Math.min(...served["ours"] ?? []);
  const rows = [
    row(`p50-${streams}`, `${label}: age of a delta, median`, "ms", p50, compared(p50)),
    row(`p99-${streams}`, `${label}: age of a delta, 99th percentile`, "ms", p99, [
      ...compared(p99, target("p99")), ...to200,
    ]),
    row(`p999-${streams}`, `${label}: age of a delta, 99.9th percentile`, "ms", p999, compared(p999)),
    row(`cpu-delta-${streams}`, `${label}: server CPU a delta`, "µs", cpu, compared(cpu, target("cpu"))),
    row(`memory-${streams}`, `${label}: server's peak RSS`, "MB", memory, compared(memory, target("memory"))),
    row(`stream-memory-${streams}`, `${label}: server's RSS a stream`, "kB", streamMemory, streamMemory["ours"] ? [
      difference("ours, the highest of all rounds", Math.max(...streamMemory["ours"]), streamTarget),
    ] : []),
    row(`served-${streams}`, `${label}: served to their end`, "count", served, [
      atLeast(streams, difference("ours, the fewest", leastServed)),
    ]),
  ];
  return rows.filter(({ sides }) => sides.length > 0);
}

/** Ours to each of the others that have the figure; only that to the reference has a target. */
function compared(samples: Samples, target?: number): Comparison[] {
  if (samples["ours"] === undefined) return [];
  const others = ["before", "reference", "bare pipe", "C relay"].filter((name) => samples[name] !== undefined);
  return others.map((name) => oursTo(name, samples, name === "reference" ? target : undefined));
}

/** Without those that have no samples. */
function present(samples: Samples): Samples {
  return Object.fromEntries(Object.entries(samples).filter(([, values]) => values.length > 0));
}

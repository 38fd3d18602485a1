/** The figures of a load of single questions, and the rows and targets that they make. Pure. */
import { atLeast, type Comparison, difference, oursTo, row, type Row, type Unit } from "./result.ts";
import { type GrowingSamples, noSamples } from "./statistics.ts";

/** So many questions, `atOnce` of them at a time, from an upstream that takes `upstreamMs`. */
export interface Load {
  readonly atOnce: number;
  readonly questions: number;
  readonly upstreamMs: number;
}

export const figureNames = ["rate", "slowest", "cpu", "peak", "processes", "memory"] as const;
type FigureName = (typeof figureNames)[number];
export type Figures = Readonly<Record<FigureName, number>>;
type FigureSamples = Readonly<Record<FigureName, GrowingSamples>>;

const figures: Readonly<Record<FigureName, { readonly label: string; readonly unit: Unit }>> = {
  rate: { label: "answered", unit: "a second" },
  slowest: { label: "slowest answer", unit: "ms" },
  cpu: { label: "CPU a question", unit: "ms" },
  peak: { label: "peak memory", unit: "MB" },
  processes: { label: "CLI processes 5 s later", unit: "count" },
  memory: { label: "memory 5 s later", unit: "MB" },
};
const msPerSecond = 1_000;

/** The load that has targets. */
const targetAtOnce = 4;
/** Ours to the reference's, by whether the CLI can be emptied. */
const emptiedTargets = { rateLeast: 10, cpu: 0.1 } as const;
const otherTargets = { rateLeast: 0.95, cpu: 1.1 } as const;
const peakTarget = 1.5;
const processesTarget = 4;
const slowUpstreamRateLeast = 1;
/** The reference boots a process for every question, so that none of its answers waits for another. */
const slowestSlowUpstreamTarget = 1;

export function noFigures(contestants: readonly string[]): FigureSamples {
  const none = (): GrowingSamples => noSamples(contestants);
  return { rate: none(), slowest: none(), cpu: none(), peak: none(), processes: none(), memory: none() };
}

/** A row for each figure. Not every CLI can be emptied, and with one that cannot there is less to reach. */
export function loadRows(version: string, load: Load, samples: FigureSamples, canBeEmptied: boolean): Row[] {
  const { atOnce, questions, upstreamMs } = load;
  const isSlow = upstreamMs > 0;
  const upstream = isSlow ? `, upstream at ${upstreamMs / msPerSecond} s` : "";
  return figureNames.map((name) => {
    const { label, unit } = figures[name];
    const id = `${name}-${atOnce}${isSlow ? "-slow" : ""}-${version}`;
    const words = `${questions} questions, ${atOnce} at a time${upstream}: ${label}, CLI ${version}`;
    return row(id, words, unit, samples[name], [comparisonOf(name, load, samples[name], canBeEmptied)]);
  });
}

/** Memory and processes at rest after so many questions. */
export function restRows(version: string, after: number, { memory, processes }: FigureSamples): Row[] {
  const when = after === 0 ? "at start" : `after ${after} ${after === 1 ? "question" : "questions"}`;
  return [
    row(`rest-memory-${after}-${version}`, `At rest ${when}: memory, CLI ${version}`, "MB", memory),
    row(`rest-processes-${after}-${version}`, `At rest ${when}: CLI processes, CLI ${version}`, "count", processes),
  ];
}

function comparisonOf(name: FigureName, load: Load, samples: GrowingSamples, canBeEmptied: boolean): Comparison {
  const isSlow = load.upstreamMs > 0;
  const targetOf = (target: number, applies = true): number | undefined =>
    load.atOnce === targetAtOnce && applies ? target : undefined;
  const { rateLeast, cpu } = canBeEmptied ? emptiedTargets : otherTargets;
  const most = Math.max(...samples["ours"] ?? []);
  switch (name) {
    case "rate": return atLeast(targetOf(isSlow ? slowUpstreamRateLeast : rateLeast), oursTo("reference", samples));
    case "slowest": return oursTo("reference", samples, targetOf(slowestSlowUpstreamTarget, isSlow));
    case "cpu": return oursTo("reference", samples, targetOf(cpu, !isSlow));
    case "peak": return oursTo("reference", samples, targetOf(peakTarget, !isSlow));
    case "processes": return difference("ours, the most", most, targetOf(processesTarget));
    case "memory": return oursTo("reference", samples);
  }
}

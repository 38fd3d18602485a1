/** The statistics that the benchmarks print. Pure. */

/** Figures by contestant, in the order in which a row shows them. */
export type Samples = Readonly<Record<string, readonly number[]>>;
/** Samples that are still being taken. */
export type GrowingSamples = Readonly<Record<string, number[]>>;

export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly samples: readonly number[];
}

export function noSamples(contestants: readonly string[]): GrowingSamples {
  return Object.fromEntries(contestants.map((name) => [name, []]));
}

/**
 * The value below which `fraction` of the values lie, interpolated between the two nearest.
 * Throws a RangeError without values.
 */
export function percentile(values: ArrayLike<number>, fraction: number): number {
  if (values.length === 0) throw new RangeError("there is no percentile of nothing");
  const sorted = Float64Array.from(values).sort();
  const place = Math.min(1, Math.max(0, fraction)) * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? 0;
  const above = sorted[Math.ceil(place)] ?? 0;
  return below + (above - below) * (place - Math.floor(place));
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

export function summarize(values: readonly number[]): Summary {
  return { median: median(values), min: percentile(values, 0), max: percentile(values, 1), samples: values };
}

/** The median of what `first` is above `second` in the same round: noise that lasts longer than a round cancels out. */
export function pairedDifference(first: readonly number[], second: readonly number[]): number {
  return median(first.slice(0, second.length).map((value, round) => value - (second[round] ?? Number.NaN)));
}

/** The list turned by `steps`, so that no contestant always goes first. */
export function rotated<T>(items: readonly T[], steps: number): T[] {
  const at = items.length === 0 ? 0 : steps % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}

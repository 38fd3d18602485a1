/** Where a process's time went, from a profile of `node --cpu-prof`: the functions with the most time of their own. */

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
}

interface Profile {
  /** On the monotonic clock, in microseconds. */
  readonly startTime: number;
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  /** From each sample to the one before, in microseconds. */
  readonly timeDeltas: readonly number[];
}

export interface SelfTime {
  readonly name: string;
  readonly ms: number;
  /** Of the time that was not idle, 0 to 1. */
  readonly share: number;
}

/** A function's own time, without its line: a profile of another commit has the same names. */
export interface OwnTime {
  readonly function: string;
  /** From `dist` or `node:` on; empty for what is no JavaScript. */
  readonly file: string;
  readonly ms: number;
  /** Of the time that was not idle, 0 to 1. */
  readonly share: number;
}

/** A part of the profile, on the monotonic clock in microseconds. */
export interface ProfileWindow {
  readonly from: number;
  readonly to: number;
}

const microsecondsPerMs = 1000;
/** A function with less is not told. */
const shareMin = 0.005;
const idle = "(idle)";

/** The `count` most expensive functions. Idle time does not count. Throws when the text is no profile. */
export function selfTimes(text: string, count: number): SelfTime[] {
  const times = sumOf(JSON.parse(text) as Profile, nameOf);
  times.delete(idle);
  const total = totalOf(times);
  const entries = [...times].map(([name, ms]) => ({ name, ms, share: total > 0 ? ms / total : 0 }));
  return entries.sort((a, b) => b.ms - a.ms).slice(0, count);
}

/** All functions by their own time in the window, the most first. Throws when the text is no profile. */
export function ownTimes(text: string, window?: ProfileWindow): OwnTime[] {
  const times = sumOf(JSON.parse(text) as Profile, ({ functionName, url }) => (
    functionName === idle ? idle : JSON.stringify([functionName === "" ? "(anonymous)" : functionName, fileOf(url)])
  ), window);
  times.delete(idle);
  const total = totalOf(times);
  return [...times].sort(([, a], [, b]) => b - a).map(([key, ms]) => {
    const [name, file] = JSON.parse(key) as [string, string];
    return { function: name, file, ms, share: total > 0 ? ms / total : 0 };
  });
}

/** A table of functions and one of files, each with its share and its microseconds a delta. */
export function ownTimesText(times: readonly OwnTime[], deltas: number): string {
  const files = new Map<string, number>();
  for (const { file, share } of times) files.set(file, (files.get(file) ?? 0) + share);
  const total = times.reduce((sum, { ms }) => sum + ms, 0);
  const line = (share: number, words: string): string => {
    const each = (share * total * microsecondsPerMs) / deltas;
    return `${(share * 100).toFixed(1).padStart(6)} %  ${each.toFixed(2).padStart(7)}  ${words}`;
  };
  const told = times.filter(({ share }) => share >= shareMin);
  const width = Math.max(...told.map(({ function: name }) => name.length));
  const rest = 1 - told.reduce((sum, { share }) => sum + share, 0);
  const byShare = [...files].filter(([, share]) => share >= shareMin).sort(([, a], [, b]) => b - a);
  return [
    " share  µs a delta  function, file",
    ...told.map(({ share, function: name, file }) => line(share, `${name.padEnd(width)}  ${file}`.trimEnd())),
    line(rest, `all others, each under ${shareMin * 100} %`),
    line(1, "all, without idle time"),
    "",
    " share  µs a delta  file",
    ...byShare.map(([file, share]) => line(share, file === "" ? "(no JavaScript file)" : file)),
  ].join("\n");
}

/** Milliseconds by name. */
function sumOf(
  { startTime, nodes, samples, timeDeltas }: Profile, nameBy: (frame: ProfileNode["callFrame"]) => string,
  { from, to }: ProfileWindow = { from: -Infinity, to: Infinity },
): Map<string, number> {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameBy(callFrame)]));
  const times = new Map<string, number>();
  let at = startTime;
  for (const [index, id] of samples.entries()) {
    const spent = timeDeltas[index] ?? 0;
    at += spent;
    if (at < from || at > to) continue;
    const name = names.get(id) ?? "?";
    times.set(name, (times.get(name) ?? 0) + spent / microsecondsPerMs);
  }
  return times;
}

function totalOf(times: ReadonlyMap<string, number>): number {
  return [...times.values()].reduce((sum, ms) => sum + ms, 0);
}

/** The function, and its file without the folders before `dist`: the result is published, and names no path. */
function nameOf({ functionName, url, lineNumber }: ProfileNode["callFrame"]): string {
  const file = fileOf(url);
  return `${functionName === "" ? "(anonymous)" : functionName}${file === "" ? "" : ` ${file}:${lineNumber + 1}`}`;
}

function fileOf(url: string): string {
  return url.replace(/^.*\/dist\//, "dist/").replace(/^file:.*\//, "");
}

export function selfTimesText(times: readonly SelfTime[]): string {
  const line = ({ name, ms, share }: SelfTime): string =>
    `  ${ms.toFixed(0).padStart(6)} ms  ${(share * 100).toFixed(1).padStart(5)} %  ${name}`;
  return times.map(line).join("\n");
}

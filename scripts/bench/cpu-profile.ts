/** Where a process's time went, from a profile of `node --cpu-prof`: the functions with the most time of their own. */

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
}

interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface SelfTime {
  readonly name: string;
  readonly ms: number;
  /** Of the time that was not idle, 0 to 1. */
  readonly share: number;
}

const microsecondsPerMs = 1000;

/** The `count` most expensive functions. Idle time does not count. Throws when the text is no profile. */
export function selfTimes(text: string, count: number): SelfTime[] {
  const { nodes, samples, timeDeltas } = JSON.parse(text) as Profile;
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const times = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? "?";
    times.set(name, (times.get(name) ?? 0) + (timeDeltas[index] ?? 0) / microsecondsPerMs);
  }
  times.delete("(idle)");
  const total = [...times.values()].reduce((sum, ms) => sum + ms, 0);
  const entries = [...times].map(([name, ms]) => ({ name, ms, share: total > 0 ? ms / total : 0 }));
  return entries.sort((a, b) => b.ms - a.ms).slice(0, count);
}

/** The function, and its file without the folders before `dist`: the result is published, and names no path. */
function nameOf({ functionName, url, lineNumber }: ProfileNode["callFrame"]): string {
  const file = url.replace(/^.*\/dist\//, "dist/").replace(/^file:.*\//, "");
  return `${functionName === "" ? "(anonymous)" : functionName}${file === "" ? "" : ` ${file}:${lineNumber + 1}`}`;
}

export function selfTimesText(times: readonly SelfTime[]): string {
  const line = ({ name, ms, share }: SelfTime): string =>
    `  ${ms.toFixed(0).padStart(6)} ms  ${(share * 100).toFixed(1).padStart(5)} %  ${name}`;
  return times.map(line).join("\n");
}

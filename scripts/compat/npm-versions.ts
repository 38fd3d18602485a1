/** Which versions of the CLI npm has, and which of them a run takes. */
import { spawnSync } from "node:child_process";
import { oldestVersion } from "../../src/claude/installation.ts";
import { npmEntry, withoutLifecycle } from "../npm.ts";
import { packageName } from "./installed-claude.ts";

const askMsMax = 60_000;
/** Of the versions between the oldest that serves and the last three, every so many is taken. */
const everyNth = 20;
const lastTaken = 3;

/** A version, and the day on which it was published, such as `2026-11-27`. */
export interface Published {
  readonly version: string;
  readonly date: string;
}

/** All that serve, the oldest first. Throws an Error of one line where npm does not tell. */
export function publishedVersions(): readonly Published[] {
  const npm = npmEntry();
  if (npm === undefined) throw new Error("npm's own script was not found on the PATH");
  const { status, stdout, stderr, error } = spawnSync(
    process.execPath, [npm, "view", packageName, "time", "--json"],
    { encoding: "utf8", timeout: askMsMax, env: withoutLifecycle() },
  );
  if (error !== undefined || status !== 0) throw new Error(error?.message ?? stderr.trim().split("\n").at(-1));
  return servedOf(JSON.parse(stdout) as Readonly<Record<string, string>>);
}

/** Those of npm's `time` that are releases and not too old. */
export function servedOf(times: Readonly<Record<string, string>>): readonly Published[] {
  return Object.entries(times)
    .filter(([version]) => /^\d+\.\d+\.\d+$/u.test(version) && compareVersions(version, oldestVersion) >= 0)
    .map(([version, time]) => ({ version, date: time.slice(0, 10) }))
    .sort((one, other) => compareVersions(one.version, other.version));
}

/** The oldest, every twentieth, and the last three. */
export function sampleOfVersions(published: readonly Published[]): readonly Published[] {
  return published.filter((_one, index) => index % everyNth === 0 || index >= published.length - lastTaken);
}

/** Those that were published on that day or later. */
export function publishedSince(published: readonly Published[], day: string): readonly Published[] {
  return published.filter(({ date }) => date >= day);
}

/** Below 0 where the first is the older one. */
export function compareVersions(one: string, other: string): number {
  const [ours, theirs] = [one, other].map((version) => version.split(".").map(Number));
  for (const [place, part] of (ours ?? []).entries()) {
    const difference = part - (theirs?.[place] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

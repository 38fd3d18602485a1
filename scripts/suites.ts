/** Which test files belong to which suite. What a suite is, is told in test/README.md. */

export interface Suite {
  /** As in `npm run test:NAME`; undefined is `npm test`. */
  readonly name: "real" | "clients" | "soak" | "bench" | undefined;
  readonly has: (file: string) => boolean;
  /** What `SAMPLE` says unless the whole is asked for: see test/support/sample.ts. */
  readonly sample: "small" | "large";
  readonly filesAtOnceMax: number;
  /** Whether enough lines of `src` have to be covered by it. */
  readonly isCovered?: true;
  /** Whether the types of all there is are checked first: in running them nobody looks. */
  readonly checksTypes?: true;
  /**
   * Whether in `npm run test:all` the files of it that fail are run once more: they start a hundred real processes on
   * two cores, where a bounded wait can be missed.
   */
  readonly hasSecondTry?: true;
}

/** What takes long however small: loads of a minute or more, and runs of npm. */
const soaks = "test/soak/";
const folders = { real: "test/real/", clients: "test/interop/", bench: "test/bench/" } as const;

export const offline: Suite = {
  name: undefined,
  has: (file) => ![...Object.values(folders), soaks].some((folder) => file.startsWith(folder)),
  sample: "small",
  // All that share a process (see `startingTogether`): none of these begins when the others are about to end.
  filesAtOnceMax: 8,
};

/** In the order in which `npm run test:all` runs them; those of one name run together. */
export const longSuites: readonly Suite[] = [
  {
    name: "real", has: (file) => file.startsWith(folders.real), sample: "large", filesAtOnceMax: 2, hasSecondTry: true,
  },
  {
    name: "clients", has: (file) => file.startsWith(folders.clients), sample: "large", filesAtOnceMax: 3,
    hasSecondTry: true,
  },
  // Coverage is counted here, where there is time, and not in `npm test`. Loads are measured, so they go without it.
  { name: "soak", has: offline.has, sample: "large", filesAtOnceMax: 4, isCovered: true, checksTypes: true },
  { name: "soak", has: (file) => file.startsWith(soaks), sample: "large", filesAtOnceMax: 2 },
  // One file, which runs the benchmarks.
  { name: "bench", has: (file) => file.startsWith(folders.bench), sample: "large", filesAtOnceMax: 1 },
];

/** What sets up the process that it runs in, or measures it: such a test has one to itself. */
const changesItsProcess = /process\.env\[[^\]]+\] = |process\.memoryUsage\(|src\/memory\.ts"/u;
const startsProcess = /"node:child_process"/u;
const startsThem = new RegExp([
  "/(?:embedded-server|bridge-process|(?:fake|obedient|remembering)-claude)\\.ts\"",
  "/(?:live-processes|processes|program|relays|started-engine)\\.ts\"",
  "src/index\\.ts\"",
].join("|"), "u");

/**
 * How many processes share the files that start processes of their own. Such files wait for these most of the time, so
 * several run at once; each costs half a second to start node and to load `src`, and memory.
 */
const startingTogether = 7;

export interface TestFile {
  /** Relative to the project, with `/`. */
  readonly path: string;
  readonly source: string;
}

/**
 * The files that run in one process, by process. A file is in none of them where it has to be alone. Those that start
 * processes are dealt out by the length of their source, the nearest to their duration that is known before they run.
 */
export function sharedProcesses(files: readonly TestFile[]): string[][] {
  const sharing = files.filter(({ path, source }) => offline.has(path) && !changesItsProcess.test(source));
  const isStarting = ({ source }: TestFile): boolean => startsProcess.test(source) || startsThem.test(source);
  const groups = Array.from({ length: startingTogether }, () => ({ paths: [] as string[], characters: 0 }));
  for (const { path, source } of sharing.filter(isStarting).sort((a, b) => b.source.length - a.source.length)) {
    const group = groups.reduce((least, next) => (next.characters < least.characters ? next : least));
    group.paths.push(path);
    group.characters += source.length;
  }
  const calm = sharing.filter((file) => !isStarting(file)).map(({ path }) => path);
  return [calm, ...groups.map(({ paths }) => paths)].filter((paths) => paths.length > 1);
}

/** Whether it runs the real CLI or real clients, which test/interop installs. */
export function needsInterop(file: string): boolean {
  return Object.values(folders).some((folder) => file.startsWith(folder));
}

/** Which test files belong to which suite. What a suite is, is told in test/README.md. */

export interface Suite {
  /** As in `npm run test:NAME`; undefined is `npm test`. */
  readonly name: "real" | "clients" | "soak" | "bench" | undefined;
  /** `source` is the file's text. */
  readonly has: (file: string, source: string) => boolean;
  /** What `SAMPLE` says unless the whole is asked for: see test/support/sample.ts. */
  readonly sample: "small" | "large";
  readonly filesAtOnceMax: number;
}

/** Loads that take a minute or more, however small. */
const soaks = "test/soak/";
const drawsSample = /from "[./]*support\/sample\.ts"/u;
const folders = { real: "test/real/", clients: "test/interop/", bench: "test/bench/" } as const;

export const offline: Suite = {
  name: undefined,
  has: (file) => ![...Object.values(folders), soaks].some((folder) => file.startsWith(folder)),
  sample: "small",
  filesAtOnceMax: 3,
};

/** In the order in which `npm run test:all` runs them. */
export const longSuites: readonly Suite[] = [
  { name: "real", has: (file) => file.startsWith(folders.real), sample: "large", filesAtOnceMax: 3 },
  { name: "clients", has: (file) => file.startsWith(folders.clients), sample: "large", filesAtOnceMax: 3 },
  {
    name: "soak",
    has: (file, source) => file.startsWith(soaks) || (offline.has(file, source) && drawsSample.test(source)),
    sample: "large",
    filesAtOnceMax: 2,
  },
  // One at a time: they measure.
  { name: "bench", has: (file) => file.startsWith(folders.bench), sample: "large", filesAtOnceMax: 1 },
];

/** What starts processes of ours, looks at this one, or sets it up: such a test has a process to itself. */
const startsProcess = /"node:child_process"|process\.(?:env|on|memoryUsage)\b|src\/memory\.ts"/u;
const startsThem = /\/(?:embedded-server|bridge-process|fake-claude|live-processes|object-size|processes|relays)\.ts"/u;

/** Whether the file can run in one process with others like it: to start a process and load `src` costs a second. */
export function sharesProcess(file: string, source: string): boolean {
  return offline.has(file, source) && !startsProcess.test(source) && !startsThem.test(source);
}

/** Whether it runs the real CLI or real clients, which test/interop installs. */
export function needsInterop(file: string): boolean {
  return Object.values(folders).some((folder) => file.startsWith(folder));
}

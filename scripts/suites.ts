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
}

/** What takes long however small: loads of a minute or more, and runs of npm. */
const soaks = "test/soak/";
const folders = { real: "test/real/", clients: "test/interop/", bench: "test/bench/" } as const;

export const offline: Suite = {
  name: undefined,
  has: (file) => ![...Object.values(folders), soaks].some((folder) => file.startsWith(folder)),
  sample: "small",
  filesAtOnceMax: 3,
};

/** In the order in which `npm run test:all` runs them; those of one name run together. */
export const longSuites: readonly Suite[] = [
  { name: "real", has: (file) => file.startsWith(folders.real), sample: "large", filesAtOnceMax: 2 },
  { name: "clients", has: (file) => file.startsWith(folders.clients), sample: "large", filesAtOnceMax: 3 },
  // Coverage is counted here, where there is time, and not in `npm test`. Loads are measured, so they go without it.
  { name: "soak", has: offline.has, sample: "large", filesAtOnceMax: 2, isCovered: true },
  { name: "soak", has: (file) => file.startsWith(soaks), sample: "large", filesAtOnceMax: 2 },
  // One at a time: they measure.
  { name: "bench", has: (file) => file.startsWith(folders.bench), sample: "large", filesAtOnceMax: 1 },
];

/** What starts processes of ours, looks at this one, or sets it up: such a test has a process to itself. */
const startsProcess = /"node:child_process"|process\.(?:env|on|memoryUsage)\b|src\/memory\.ts"/u;
const startsThem = /\/(?:embedded-server|bridge-process|fake-claude|live-processes|object-size|processes|relays)\.ts"/u;

/** Whether the file, with this text, can share a process: to start one and load `src` in it costs a second. */
export function sharesProcess(file: string, source: string): boolean {
  return offline.has(file) && !startsProcess.test(source) && !startsThem.test(source);
}

/** Whether it runs the real CLI or real clients, which test/interop installs. */
export function needsInterop(file: string): boolean {
  return Object.values(folders).some((folder) => file.startsWith(folder));
}

/** The arguments that all benchmarks share. */

export interface BenchOptions {
  /** Undefined leaves the number to the benchmark. */
  readonly rounds: number | undefined;
  /** Few rounds and small loads: to see whether it works, not what it measures. */
  readonly isQuick: boolean;
  /** Runs the server with --cpu-prof and prints where its time went, where a benchmark knows how. */
  readonly withCpuProfile: boolean;
  /** A folder in which claude-max-api-proxy is installed already. */
  readonly reference: string | undefined;
  /** A folder that holds our server compiled (`dist`), as of another commit; undefined compiles `src`. */
  readonly build: string | undefined;
}

const known = "--rounds N, --quick, --cpu-prof, --reference FOLDER and --build FOLDER";

/** Throws an Error that names the argument. */
export function parseOptions(argv: readonly string[]): BenchOptions {
  let rounds: number | undefined;
  const folders = new Map<string, string>();
  const flags = new Set<string>();
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? "";
    if (argument === "--rounds") {
      const text = argv[++index] ?? "";
      rounds = /^[1-9]\d{0,3}$/.test(text) ? Number(text) : undefined;
      if (rounds === undefined) throw new Error("--rounds: expected a whole number from 1 to 9999");
    } else if (argument === "--reference" || argument === "--build") {
      const folder = argv[++index];
      if (folder === undefined) throw new Error(`${argument}: expected a folder`);
      folders.set(argument, folder);
    } else if (argument === "--quick" || argument === "--cpu-prof") {
      flags.add(argument);
    } else {
      throw new Error(`unknown argument ${argument}; known are ${known}`);
    }
  }
  return {
    rounds, isQuick: flags.has("--quick"), withCpuProfile: flags.has("--cpu-prof"),
    reference: folders.get("--reference"), build: folders.get("--build"),
  };
}

/** How many rounds: as asked, else one when quick. */
export function roundsOf({ rounds, isQuick }: BenchOptions, usual: number, quick = 1): number {
  return rounds ?? (isQuick ? quick : usual);
}

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
}

/** Throws an Error that names the argument. */
export function parseOptions(argv: readonly string[]): BenchOptions {
  let rounds: number | undefined;
  let reference: string | undefined;
  const flags = new Set<string>();
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? "";
    if (argument === "--rounds") {
      const text = argv[++index] ?? "";
      rounds = /^[1-9]\d{0,3}$/.test(text) ? Number(text) : undefined;
      if (rounds === undefined) throw new Error("--rounds: expected a whole number from 1 to 9999");
    } else if (argument === "--reference") {
      reference = argv[++index];
      if (reference === undefined) throw new Error("--reference: expected a folder");
    } else if (argument === "--quick" || argument === "--cpu-prof") {
      flags.add(argument);
    } else {
      throw new Error(`unknown argument ${argument}; known are --rounds N, --quick, --cpu-prof and --reference FOLDER`);
    }
  }
  return { rounds, isQuick: flags.has("--quick"), withCpuProfile: flags.has("--cpu-prof"), reference };
}

/** How many rounds: as asked, else one when quick. */
export function roundsOf({ rounds, isQuick }: BenchOptions, usual: number, quick = 1): number {
  return rounds ?? (isQuick ? quick : usual);
}

/** The arguments that all benchmarks share. */
import { type ClaudeVersion, claudeVersions } from "../../test/support/real-claude.ts";

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
  /** Another such folder, whose server some benchmarks measure beside ours in the same rounds, as `before`. */
  readonly before: string | undefined;
  /** How many streams at once, where a benchmark has several such numbers; undefined is all of them. */
  readonly streams: readonly number[] | undefined;
  /** The only version of the CLI to measure, where a benchmark has several; undefined is all of them. */
  readonly cli: ClaudeVersion | undefined;
}

const known =
  "--rounds N, --quick, --cpu-prof, --streams N[,N], --cli VERSION, --reference FOLDER, --build FOLDER and " +
  "--before FOLDER";
const folderArguments: ReadonlySet<string> = new Set(["--reference", "--build", "--before"]);
const wholeNumber = /^[1-9]\d{0,3}$/;

/** Throws an Error that names the argument. */
export function parseOptions(argv: readonly string[]): BenchOptions {
  let rounds: number | undefined;
  let streams: readonly number[] | undefined;
  let cli: ClaudeVersion | undefined;
  const folders = new Map<string, string>();
  const flags = new Set<string>();
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? "";
    if (argument === "--rounds") {
      const text = argv[++index] ?? "";
      rounds = wholeNumber.test(text) ? Number(text) : undefined;
      if (rounds === undefined) throw new Error("--rounds: expected a whole number from 1 to 9999");
    } else if (argument === "--streams") {
      const texts = (argv[++index] ?? "").split(",");
      if (!texts.every((text) => wholeNumber.test(text))) throw new Error("--streams: expected numbers from 1 to 9999");
      streams = texts.map(Number);
    } else if (argument === "--cli") {
      const text = argv[++index];
      cli = claudeVersions.find((version) => version === text);
      if (cli === undefined) throw new Error(`--cli: expected one of ${claudeVersions.join(" and ")}`);
    } else if (folderArguments.has(argument)) {
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
    rounds, streams, cli, isQuick: flags.has("--quick"), withCpuProfile: flags.has("--cpu-prof"),
    reference: folders.get("--reference"), build: folders.get("--build"), before: folders.get("--before"),
  };
}

/** How many rounds: as asked, else one when quick. */
export function roundsOf({ rounds, isQuick }: BenchOptions, usual: number, quick = 1): number {
  return rounds ?? (isQuick ? quick : usual);
}

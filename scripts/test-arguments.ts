/** What scripts/test.ts is asked for. */

const suites = ["real", "clients", "soak", "bench", "all"] as const;

export interface TestArguments {
  /** Undefined: `npm test`, or with `parts` files of any suite. */
  readonly suite: (typeof suites)[number] | undefined;
  /** Parts of files' paths; none asks for the whole suite. */
  readonly parts: readonly string[];
  /** No sample: every case. */
  readonly isWhole: boolean;
  /** Where the suite is one that counts it. */
  readonly hasCoverage: boolean;
}

/** Throws a RangeError that names the argument. */
export function parseTestArguments(argv: readonly string[]): TestArguments {
  let suite: TestArguments["suite"];
  const flags = new Set<string>();
  const parts: string[] = [];
  for (const argument of argv) {
    if (!argument.startsWith("--")) {
      parts.push(argument.replaceAll("\\", "/").replace(/^\.\//u, ""));
    } else if (argument.startsWith("--suite=")) {
      suite = suites.find((name) => argument === `--suite=${name}`);
      if (suite === undefined) throw new RangeError(`${argument}: there are ${suites.join(", ")}`);
    } else if (argument === "--whole" || argument === "--no-coverage") {
      flags.add(argument);
    } else {
      throw new RangeError(`unknown option ${argument}; known are --suite=NAME, --whole and --no-coverage`);
    }
  }
  return { suite, parts, isWhole: flags.has("--whole"), hasCoverage: !flags.has("--no-coverage") };
}

/** What `scripts/compat.ts` is asked for. */
export type CompatArguments =
  | { readonly name: "sample" }
  | { readonly name: "newest" }
  | { readonly name: "since"; readonly day: string }
  | { readonly name: "versions"; readonly versions: readonly string[] };

/** Throws a RangeError of one line for what it does not know. */
export function parseCompatArguments(args: readonly string[]): CompatArguments {
  const [first, second, ...rest] = args;
  if (first === undefined) return { name: "sample" };
  if (first === "--newest" && second === undefined) return { name: "newest" };
  if (first === "--since") {
    if (second === undefined || !/^\d{4}-\d\d-\d\d$/u.test(second) || rest.length > 0) {
      throw new RangeError("--since: expected a day, such as 2026-11-27");
    }
    return { name: "since", day: second };
  }
  const wrong = args.find((version) => !/^\d+\.\d+\.\d+$/u.test(version));
  if (wrong !== undefined) throw new RangeError(`${wrong}: expected a version of the CLI, such as 2.1.330`);
  return { name: "versions", versions: args };
}

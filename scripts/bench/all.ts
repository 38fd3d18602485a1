/** All benchmarks, one after the other, with the same arguments; the reference is installed once. */
import { join } from "node:path";
import { benchmarks, runBenchmark } from "./benchmarks.ts";
import { parseOptions } from "./options.ts";
import { installReference } from "./reference.ts";
import { withScope } from "./scope.ts";

const argv = process.argv.slice(2);
const options = parseOptions(argv);
const args = argv.filter((argument, index) => argument !== "--reference" && argv[index - 1] !== "--reference");

await withScope(async (scope) => {
  const reference = join(await installReference(scope, options.reference), "..", "..");
  const failed: string[] = [];
  for (const name of benchmarks) {
    const code = await runBenchmark(scope, { name, args, reference });
    if (scope.isClosing) return;
    if (code !== 0) failed.push(name);
  }
  if (failed.length > 0) throw new Error(`failed: ${failed.join(", ")}`);
});

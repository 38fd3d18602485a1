/** Every benchmark, small: whether it works, not what it measures. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import assert from "node:assert/strict";
import { before, after, describe, it } from "node:test";
import { benchmarks, runBenchmark } from "../../scripts/bench/benchmarks.ts";
import { buildOurs } from "../../scripts/bench/our-server.ts";
import { installReference } from "../../scripts/bench/reference.ts";
import { Scope } from "../../scripts/bench/scope.ts";

/** How long one may take, in milliseconds: the slowest starts the real CLI some sixty times. */
const runMsMax = 300_000;

const folder = fileURLToPath(new URL("../../scripts/bench/", import.meta.url));

it("the list of the benchmarks has each script that keeps a result", () => {
  const scripts = readdirSync(folder).filter((name) => (
    name.endsWith(".ts") && /^ *await report\(/mu.test(readFileSync(join(folder, name), "utf8"))
  )).map((name) => name.slice(0, -".ts".length));
  assert.deepEqual([...benchmarks].sort(), scripts.sort());
});

// Nothing is measured, so one may run while another waits.
describe("a small run of the benchmark", { concurrency: 2 }, () => {
  const scope = new Scope();
  let reference = "";
  let args: readonly string[] = [];
  before(async () => {
    const build = await buildOurs(scope, { build: undefined });
    args = ["--quick", "--build", build.folder];
    reference = join(await installReference(scope, undefined), "..", "..");
  });
  after(() => scope.close());

  for (const name of benchmarks) {
    it(`${name} ends well`, { timeout: runMsMax }, async () => {
      const code = await runBenchmark(scope, { name, args, reference });
      assert.equal(code, 0, `npx tsx scripts/bench/${name}.ts --quick`);
    });
  }
});

/** All benchmarks, one after the other, each in a process of its own with the same arguments; the reference is installed once. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { endingOf } from "./child-process.ts";
import { parseOptions } from "./options.ts";
import { installReference } from "./reference.ts";
import { withScope } from "./scope.ts";

const names = ["first-token", "tool-result", "relay", "burst", "slow-readers", "upstream", "conversations", "streams", "idle"] as const;

const options = parseOptions(process.argv.slice(2));

await withScope(async (scope) => {
  const folder = join(await installReference(scope, options.reference), "..", "..");
  const failed: string[] = [];
  for (const name of names) {
    const script = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
    const args = process.argv.slice(2).filter((argument, index, all) => argument !== "--reference" && all[index - 1] !== "--reference");
    const child = spawn(process.execPath, ["--import", "tsx", script, ...args, "--reference", folder], { stdio: "inherit" });
    endingOf(scope, child);
    const [code] = await once(child, "close");
    if (scope.isClosing) return;
    if (code !== 0) failed.push(name);
  }
  if (failed.length > 0) throw new Error(`failed: ${failed.join(", ")}`);
});

/** The program as it is published: compiled once, as by tsx each start of it would cost a second. */
import { spawnSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { madeOnce } from "./made-once.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Node's arguments that start it, in the project's folder. Where coverage is counted it is `src` itself. */
export function programArguments(module: "main" | "demo/claude" = "main"): readonly string[] {
  if (process.env["NODE_V8_COVERAGE"] !== undefined) return ["--import", "tsx", `src/${module}.ts`];
  return [join(madeOnce("program", build), "dist", `${module}.js`)];
}

function build(folder: string): void {
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  // Types are checked by `npm run typecheck`.
  const flags = ["-p", "tsconfig.build.json", "--noCheck", "--declaration", "false", "--outDir", join(folder, "dist")];
  const { status, stdout, stderr } = spawnSync(process.execPath, [compiler, ...flags], { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(`tsc ended with ${status}: ${stdout}${stderr}`);
  copyFileSync(join(root, "package.json"), join(folder, "package.json"));
}

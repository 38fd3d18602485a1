/** The program as it is published: compiled once for a test file, as by tsx each start of it would cost a second. */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
let built: string | undefined;

/** Node's arguments that start it, in the project's folder. Where coverage is counted it is `src` itself. */
export function programArguments(module: "main" | "demo/claude" = "main"): readonly string[] {
  if (process.env["NODE_V8_COVERAGE"] !== undefined) return ["--import", "tsx", `src/${module}.ts`];
  built ??= build();
  return [join(built, `${module}.js`)];
}

/** Gives its folder, which stays until this process ends. */
function build(): string {
  const folder = mkdtempSync(join(tmpdir(), "built-claude-max-api-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  // Types are checked by `npm run typecheck`.
  const flags = ["-p", "tsconfig.build.json", "--noCheck", "--declaration", "false", "--outDir", join(folder, "dist")];
  const { status, stdout, stderr } = spawnSync(process.execPath, [compiler, ...flags], { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(`tsc ended with ${status}: ${stdout}${stderr}`);
  copyFileSync(join(root, "package.json"), join(folder, "package.json"));
  return join(folder, "dist");
}

/**
 * All TypeScript of the project, compiled once for the many processes of a run: by `tsx` each of them would spend a
 * second or more on looking up and transforming the same files.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * Compiles it into `folder`. Gives Node's arguments with which a process takes it from there: a module keeps its
 * `file:` URL, and an error its line. Throws a RangeError where a file cannot be read as TypeScript; types are not
 * checked.
 */
export function compiledLoader(root: string, folder: string): readonly string[] {
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  const { href } = pathToFileURL(join(root, "/"));
  const flags = [
    "--noCheck", "--noEmit", "false", "--allowImportingTsExtensions", "false", "--inlineSourceMap",
    "--sourceRoot", href, "--rootDir", root, "--outDir", folder,
  ];
  const { status, error, stdout } = spawnSync(process.execPath, [compiler, "-p", root, ...flags], { encoding: "utf8" });
  if (error !== undefined) throw error;
  if (status !== 0) throw new RangeError(`the TypeScript cannot be compiled:\n${stdout}`);
  const register = new URL("./compiled/register.mjs", import.meta.url);
  register.searchParams.set("root", href);
  register.searchParams.set("compiled", pathToFileURL(join(folder, "/")).href);
  return ["--import", register.href];
}

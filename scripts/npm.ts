/** npm as a program that scripts run. */
import { existsSync, realpathSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

/**
 * npm's JS entry. Under `npm test` the environment names it. Else it is what `npm` on the PATH links to, or, on
 * Windows, what is installed beside it. Undefined where there is none.
 */
export function npmEntry(): string | undefined {
  const onPath = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const folders = [dirname(process.execPath), ...onPath];
  const inFolder = (folder: string) => [join(folder, "npm"), join(folder, "node_modules", "npm", "bin", "npm-cli.js")];
  const candidates = [process.env["npm_execpath"] ?? "", ...folders.flatMap(inFolder)];
  for (const candidate of candidates) {
    if (!existsSync(candidate)) continue;
    const entry = realpathSync(candidate);
    if (/npm-cli\.c?js$/.test(entry)) return entry;
  }
  return undefined;
}

/**
 * The environment without what describes the package that `npm test` runs for: the inner npm would take it for its own
 * package's. npm's configuration (registry, proxy) stays.
 */
export function withoutLifecycle(): NodeJS.ProcessEnv {
  const outerPackage = /^npm_(package|lifecycle)_|^npm_config_(local_)?prefix$|^INIT_CWD$/i;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !outerPackage.test(name)));
}

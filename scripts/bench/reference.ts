/** claude-max-api-proxy, the project that ours is compared with: installed from npm, started as its own README says. */
import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort, startServer, type ServerProcess } from "./child-process.ts";
import type { Scope } from "./scope.ts";

export const referenceName = "claude-max-api-proxy";
export const referenceVersion = "1.0.0";
const installMsMax = 180_000;

/** The package's folder: in `installed`, where npm has installed it before, else in a new folder. */
export async function installReference(scope: Scope, installed: string | undefined): Promise<string> {
  const folder = installed ?? await scope.folder();
  if (installed === undefined) {
    const quiet = ["--no-audit", "--no-fund", "--no-save", "--ignore-scripts"];
    const args = ["install", "--prefix", folder, ...quiet, `${referenceName}@${referenceVersion}`];
    const { status, stderr } = spawnSync("npm", args, {
      cwd: folder, encoding: "utf8", timeout: installMsMax, shell: process.platform === "win32",
    });
    if (status !== 0) throw new Error(`npm could not install ${referenceName}: ${stderr}`);
  }
  const own = join(folder, "node_modules", referenceName);
  const { version } = JSON.parse(await readFile(join(own, "package.json"), "utf8")) as { version: string };
  if (version !== referenceVersion) throw new Error(`${referenceName} is ${version}, not ${referenceVersion}`);
  return own;
}

/** `node dist/server/standalone.js PORT`, in the package's folder. It runs the `claude` of PATH there too. */
export async function startReference(
  scope: Scope, folder: string, env: Readonly<Record<string, string>>,
): Promise<ServerProcess> {
  const port = await freePort();
  const args = [join("dist", "server", "standalone.js"), String(port)];
  return startServer(scope, { args, cwd: folder, env, ready: new RegExp(`http://127\\.0\\.0\\.1:(${port})\\s`) });
}

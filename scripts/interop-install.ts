/** Installs test/interop: the real CLIs and clients the tests run against, each at the version its lock names. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { npmEntry, withoutLifecycle } from "./npm.ts";

/** Its message is one line for the person at the terminal. */
export class InteropInstallError extends Error {}

const outputLinesShown = 15;
const installMsMax = 15 * 60_000;

/** Does nothing, in a few milliseconds, when `folder` holds what its lock names. */
export function installInterop(folder: string): void {
  const modules = join(folder, "node_modules");
  const stamp = join(modules, ".installed-lock");
  const wanted = fingerprint(folder);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;

  console.log("installing the real clients and CLIs into test/interop (once; about 1 GB to fetch)");
  // The CLIs' own install scripts run below: npm may be set up to refuse them, and then only warns.
  const npm = npmEntry();
  if (npm === undefined) throw new InteropInstallError("npm's own script was not found; run this as `npm test`");
  runNode([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder, "npm ci in test/interop");
  mkdirSync(modules, { recursive: true });
  for (const name of readdirSync(modules).filter((entry) => entry.startsWith("claude-code-"))) {
    runNode([join(modules, name, "install.cjs")], join(modules, name), `install.cjs of ${name}`);
  }
  // Written last: an install that was broken off is done again.
  writeFileSync(stamp, wanted);
}

/** Platform and architecture are in it, because a node_modules copied from another machine holds the wrong binaries. */
function fingerprint(folder: string): string {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}\n`);
  for (const name of ["package.json", "package-lock.json"]) hash.update(readFileSync(join(folder, name)));
  return hash.digest("hex");
}

function runNode(args: readonly string[], cwd: string, what: string): void {
  const { status, error, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd, encoding: "utf8", timeout: installMsMax, env: withoutLifecycle(),
  });
  if (error === undefined && status === 0) return;
  const output = `${stdout ?? ""}${stderr ?? ""}`.trim().split("\n").slice(-outputLinesShown).join("\n");
  if (output !== "") console.error(output);
  const reason = error?.message ?? `exit code ${status}`;
  throw new InteropInstallError(
    `${what} failed (${reason}); the tests need it. Check the network and try again.`,
  );
}

import { execFile, type ExecFileException } from "node:child_process";
import type { Command } from "./launch.ts";

/**
 * The oldest CLI that takes the arguments in `launch.ts`, and that can be told a history as user and assistant
 * messages.
 */
export const oldestVersion = "2.1.120";
/** The newest CLI that `scripts/compat.ts` has run whole turns on. A newer one serves, with a warning. */
export const newestTestedVersion = "2.1.332";
/** How long `claude --version` may take, in milliseconds. */
export const versionWaitMs = 20_000;

/** What is known of the CLI on this machine. `message` is one line for a person, and says what to do. */
export type Installation =
  | { readonly kind: "found"; readonly version: string }
  | { readonly kind: "unusable"; readonly version: string | undefined; readonly message: string };

const howToInstall = "Install it with `npm install -g @anthropic-ai/claude-code`, log in by running `claude` once, or "
  + "name it with --claude PATH.";

/** How the CLI is asked for its version. */
export interface VersionQuestion {
  readonly command: Command;
  /** The child's whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** The folder that the CLI will run in later: PATH may have relative folders. */
  readonly cwd?: string | undefined;
  /** Kills the child when it aborts: nobody wants the answer any more. */
  readonly signal?: AbortSignal;
}

/** Asks the CLI for its version. Never rejects: a failure is in the result. */
export function findInstallation({ command, environment, cwd, signal }: VersionQuestion): Promise<Installation> {
  return new Promise((resolve) => {
    const unusable = (message: string, version?: string): void => resolve({ kind: "unusable", version, message });
    const onEnd = (error: ExecFileException | null, stdout: string): void => {
      const version = /\d+\.\d+\.\d+/u.exec(stdout)?.[0];
      if (error !== null) {
        if (error.code === "ENOENT") {
          return unusable(`The Claude Code CLI was not found (${command.file}). ${howToInstall}`);
        }
        return unusable(`\`${command.file} --version\` failed `
          + `(${error.killed === true ? `no answer in ${versionWaitMs / 1000} s` : error.code ?? error.signal}). `
            + `${howToInstall}`);
      }
      if (version === undefined) {
        return unusable(`\`${command.file} --version\` did not answer with a version: it does not look like the `
          + `Claude Code CLI. ${howToInstall}`);
      }
      if (isOlder(version, oldestVersion)) {
        return unusable(`Claude Code ${version} is too old; ${oldestVersion} is the oldest that serves. Update it `
          + `with \`claude update\` or \`npm install -g @anthropic-ai/claude-code@latest\`.`, version);
      }
      resolve({ kind: "found", version });
    };
    try {
      const child = execFile(
        command.file, [...command.leadingArguments, "--version"],
        { env: environment, cwd, timeout: versionWaitMs, killSignal: "SIGKILL", windowsHide: true, encoding: "utf8" },
        onEnd,
      );
      // Node's own option `signal` would send SIGTERM, whatever the kill signal is.
      const kill = (): void => void child.kill("SIGKILL");
      signal?.addEventListener("abort", kill, { once: true });
      child.once("close", () => signal?.removeEventListener("abort", kill));
      if (signal?.aborted === true) kill();
      // `onEnd` reports the failure. Without a listener of its own, the error of a broken pipe would be thrown.
      for (const pipe of [child.stdout, child.stderr]) pipe?.on("error", () => {});
    } catch (error) {
      // Most failures come to `onEnd`. A path through a file, and no memory for a child, are thrown.
      unusable(
        `\`${command.file} --version\` could not be started (${(error as NodeJS.ErrnoException).code}). ${howToInstall}`
      );
    }
  });
}

/** Whether nobody has tried that version. */
export function isUntested(version: string): boolean {
  return isOlder(newestTestedVersion, version);
}

function isOlder(version: string, than: string): boolean {
  const theirs = than.split(".").map(Number);
  for (const [place, part] of version.split(".").map(Number).entries()) {
    const other = theirs[place] ?? 0;
    if (part !== other) return part < other;
  }
  return false;
}

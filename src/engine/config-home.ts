import { createHash } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { configEnvironment, configFileName, isLoggedInByEnvironment, ownConfigText } from "../claude/config-folder.ts";
import type { WorkingFolder } from "./working-folder.ts";

type Environment = Readonly<Record<string, string>>;

/** Whose configuration a process has. */
export type ConfigOwner = "server" | "user";

/** What an answer about the login means. */
export type LoginNews =
  | "current"
  /** Of a process whose configuration the next ones do not get: it says nothing of theirs. */
  | "outdated"
  /** The next processes get the user's configuration, and one should be asked. */
  | "try the user's"
  /** The next processes get the server's configuration again. */
  | "server's after all";

/**
 * Which configuration the processes get. It is the server's own, or the user's as long as the CLI was never logged in
 * with the server's: the login may be an API key that `claude` keeps in its configuration, or the CLI one that cannot
 * have its login elsewhere.
 */
export class ConfigHome {
  owner: ConfigOwner = "server";
  readonly #environment: Environment;
  /** With the server's own configuration, at any time. */
  #wasLoggedIn = false;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /**
   * Sees to the configuration file, and gives what a process's environment has beside the rest. Rejects when the file
   * cannot be written.
   */
  async prepare({ config, cache }: Pick<WorkingFolder, "config" | "cache">): Promise<Environment> {
    const further = { XDG_CACHE_HOME: cache };
    if (this.owner === "user") return further;
    const file = join(config, configFileName);
    const before = await readFile(file, "utf8").catch(() => undefined);
    const text = ownConfigText(this.#environment, before, deviceId());
    if (text !== undefined) await replace(file, text);
    return { ...further, ...configEnvironment(this.#environment, config) };
  }

  /** A process with the configuration of `owner` tells whether it is logged in. */
  noteLogin(owner: ConfigOwner, isLoggedIn: boolean): LoginNews {
    if (owner === "server" && isLoggedIn) {
      this.#wasLoggedIn = true;
      if (this.owner === "server") return "current";
      this.owner = "server";
      return "server's after all";
    }
    if (owner !== this.owner) return "outdated";
    if (isLoggedIn || isLoggedInByEnvironment(this.#environment)) return "current";
    if (owner === "server" && this.#wasLoggedIn) return "current";
    this.owner = owner === "server" ? "user" : "server";
    return owner === "server" ? "try the user's" : "current";
  }
}

/** The same at each start, and made of nothing that the CLI keeps: it would make a new one for each new folder. */
function deviceId(): string {
  return createHash("sha256").update(`claude-max-api ${process.geteuid?.() ?? "user"} ${hostname()}`).digest("hex");
}

/** In one step: a process may be reading it. */
async function replace(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}-${performance.now()}`;
  await writeFile(draft, text, { mode: 0o600 });
  await rename(draft, path);
}

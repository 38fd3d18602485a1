import { createHash } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { configEnvironment, configFileName, isLoggedInByEnvironment, ownConfigText } from "../claude/config-folder.ts";
import type { WorkingFolder } from "./working-folder.ts";

type Environment = Readonly<Record<string, string>>;

/** Whose configuration a process has. */
export type ConfigOwner = "server" | "user";

/**
 * Which configuration the processes get: the server's own, and the user's where the CLI finds no login beside that (an
 * API key that `claude` keeps in its configuration, or a CLI that cannot have its login elsewhere).
 */
export class ConfigHome {
  owner: ConfigOwner = "server";
  readonly #environment: Environment;

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

  /**
   * A process with the configuration of `owner` is logged out: the next ones get the other. True where that is worth
   * asking.
   */
  noteLoggedOut(owner: ConfigOwner): boolean {
    if (owner !== this.owner || isLoggedInByEnvironment(this.#environment)) return false;
    this.owner = owner === "server" ? "user" : "server";
    return this.owner === "user";
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

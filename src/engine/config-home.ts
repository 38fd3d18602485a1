import { createHash } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { configEnvironment, configFileName, isLoggedInByEnvironment, ownConfigText } from "../claude/config-folder.ts";
import type { WorkingFolder } from "./working-folder.ts";
import type { World } from "./world.ts";

type Environment = Readonly<Record<string, string>>;

/** Whose configuration a process is started with. */
export type ConfigOwner = "server" | "user";

/** What follows from a process's answer about its login. */
export type LoginNews =
  /** The answer holds for new processes too. */
  | "current"
  /** The process has a configuration that new ones do not get: its answer is to be ignored. */
  | "outdated"
  /** New processes get the user's configuration from now on, and one of them should be asked. */
  | "try the user's"
  /** New processes get the server's configuration again. */
  | "server's after all";

/**
 * Decides which configuration new processes get: the server's own or the user's. They get the server's, until a process
 * with it is not logged in and none ever was. Then they get the user's. This happens if the login is an API key that
 * `claude` keeps in the user's configuration, or if this CLI looks for its login only in the folder of its
 * configuration.
 */
export class ConfigHome {
  owner: ConfigOwner = "server";
  readonly #environment: Environment;
  readonly #world: World;
  /** Whether any process was logged in with the server's own configuration. */
  #wasLoggedIn = false;

  constructor(environment: Environment, world: World) {
    this.#environment = environment;
    this.#world = world;
  }

  /**
   * Writes the server's configuration file if it is needed, and returns the environment variables that point a process
   * to its configuration and cache. Rejects if the file cannot be written.
   */
  async prepare({ config, cache }: Pick<WorkingFolder, "config" | "cache">): Promise<Environment> {
    const further = { XDG_CACHE_HOME: cache };
    if (this.owner === "user") return further;
    const file = join(config, configFileName);
    const before = await readFile(file, "utf8").catch(() => undefined);
    const text = ownConfigText(this.#environment, before, ownDeviceId());
    if (text !== undefined) await replace(file, text, this.#world.randomId());
    return { ...further, ...configEnvironment(this.#environment, config) };
  }

  /** Notes whether a process with `owner`'s configuration is logged in, and decides what follows from it. */
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

/**
 * A device id for the configuration file, the same at each start. Without it the CLI would make up a new one for each
 * new folder. It is derived from the user's id and the host's name only, not from the CLI's own data.
 */
export function ownDeviceId(): string {
  return createHash("sha256").update(`claude-max-api ${process.geteuid?.() ?? "user"} ${hostname()}`).digest("hex");
}

/** Replaces a file atomically, because a process may be reading it. `id` is new for each call. */
async function replace(path: string, text: string, id: string): Promise<void> {
  const draft = `${path}.${id}`;
  await writeFile(draft, text, { mode: 0o600 });
  await rename(draft, path);
}

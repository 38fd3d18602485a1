import { tmpdir } from "node:os";
import { executableStamp } from "../claude/executable.ts";
import { findInstallation, type Installation } from "../claude/installation.ts";
import type { Command } from "../claude/launch.ts";
import { probe } from "../claude/probe.ts";
import { ClaudeProcess } from "../claude/process.ts";
import type { InitializeAnswer, RateLimitInfo } from "../claude/protocol.ts";
import { asBridgeError, BridgeError } from "../errors.ts";
import type { Logger } from "../log.ts";
import { type AliasEntry, ModelCatalog } from "./model-catalog.ts";
import { makeWorkingFolder, type WorkingFolder } from "./working-folder.ts";

export interface CliOptions {
  readonly command: Command;
  /** The child's whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly aliases: readonly AliasEntry[];
  readonly log: Logger;
  /** The CLI was updated on disk: processes of the old one should not be used for new conversations. */
  readonly onChange: () => void;
}

/** The CLI on this machine: where and what it is, who is logged in, what it serves, and every process of it that lives. */
export class Cli {
  readonly models: ModelCatalog;
  readonly #options: CliOptions;
  readonly #processes = new Set<ClaudeProcess>();
  #launching = 0;
  #installation: Installation | undefined;
  #search: Promise<Installation> | undefined;
  #stamp: string | undefined;
  #folder: Promise<WorkingFolder> | undefined;
  #loggedIn: boolean | undefined;
  #rateLimit: RateLimitInfo | undefined;
  #isClosed = false;

  constructor(options: CliOptions) {
    this.#options = options;
    this.models = new ModelCatalog(options.aliases);
  }

  get installation(): Installation | undefined {
    return this.#installation;
  }

  /** As the CLI's own `initialize` tells; undefined until it was asked. */
  get loggedIn(): boolean | undefined {
    return this.#loggedIn;
  }

  /** The subscription's window as the CLI last told of it. */
  get rateLimit(): RateLimitInfo | undefined {
    return this.#rateLimit;
  }

  /** How many processes live or are about to, whatever they do. */
  get size(): number {
    return this.#processes.size + this.#launching;
  }

  /** Looks for the CLI. Never rejects. */
  find(): Promise<Installation> {
    const { command, environment, log, onChange } = this.#options;
    const stamp = this.#currentStamp();
    this.#search ??= findInstallation(command, environment).then((installation) => {
      if (this.#installation?.kind === "found" && stamp !== this.#stamp) {
        log.info("the CLI changed on disk", { version: installation.version });
        onChange();
      }
      this.#installation = installation;
      this.#stamp = stamp;
      return installation;
    }).finally(() => {
      this.#search = undefined;
    });
    return this.#search;
  }

  /** Rejects with `cli_unavailable` while there is no CLI that serves. It may have been installed or updated since it was looked for. */
  async require(): Promise<void> {
    const isKnown = this.#installation?.kind === "found" && this.#stamp === this.#currentStamp();
    const installation = isKnown ? this.#installation : await this.find();
    if (installation?.kind === "unusable") throw new BridgeError("cli_unavailable", installation.message);
  }

  /** Asks a process of its own what it serves and who is logged in. Never rejects. */
  async ask(model: string): Promise<void> {
    try {
      this.learn(await probe(await this.launch(model)));
    } catch (error) {
      this.#options.log.warn("the CLI did not tell what it serves", { reason: asBridgeError(error).message });
    }
  }

  learn({ models, loggedIn }: InitializeAnswer): void {
    this.models.learn(models);
    this.#loggedIn = loggedIn;
  }

  noteRateLimit(info: RateLimitInfo): void {
    if (info.status !== this.#rateLimit?.status) this.#options.log.info("the subscription's window changed", { status: info.status, window: info.rateLimitType });
    this.#rateLimit = info;
  }

  /** Starts a process. Rejects with a BridgeError when it cannot. */
  async launch(model: string): Promise<ClaudeProcess> {
    const { command, environment } = this.#options;
    this.#launching++;
    try {
      const { cwd, temporary } = await this.#openFolder();
      if (this.#isClosed) throw shuttingDown();
      const process = new ClaudeProcess({ command, environment: { ...environment, CLAUDE_CODE_TMPDIR: temporary }, model, cwd });
      this.#processes.add(process);
      void process.closed.then(() => this.#processes.delete(process));
      return process;
    } finally {
      this.#launching--;
    }
  }

  /** Ends every process, and removes what they left. Resolves when all are gone. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#processes].map((process) => process.fail(shuttingDown())));
    const folder = await this.#folder?.catch(() => undefined);
    await folder?.remove().catch((error: unknown) => this.#options.log.warn("the temporary folder was not removed", { reason: String(error) }));
  }

  /** Ends every process without waiting, and starts no more. */
  kill(): void {
    this.#isClosed = true;
    for (const process of this.#processes) process.kill();
  }

  #currentStamp(): string | undefined {
    const { command, environment } = this.#options;
    return executableStamp(command.file, environment["PATH"] ?? "");
  }

  async #openFolder(): Promise<WorkingFolder> {
    this.#folder ??= makeWorkingFolder(tmpdir());
    try {
      return await this.#folder;
    } catch (cause) {
      // A full disk may have room again.
      this.#folder = undefined;
      throw new BridgeError("internal", "The server could not make a temporary folder for the claude process.", { cause });
    }
  }
}

function shuttingDown(): BridgeError {
  return new BridgeError("shutting_down", "The server is shutting down.");
}

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Conversation } from "../claude/conversation.ts";
import { findInstallation, type Installation } from "../claude/installation.ts";
import type { Command } from "../claude/launch.ts";
import { probe } from "../claude/probe.ts";
import { ClaudeProcess } from "../claude/process.ts";
import type { InitializeAnswer } from "../claude/protocol.ts";
import { asBridgeError, BridgeError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { Turn, TurnEvent } from "../turn.ts";
import { Admission } from "./admission.ts";
import { ModelCatalog } from "./model-catalog.ts";

/** How long a request waits for the first look for the CLI, in milliseconds; some clients give the list of models 5 s. */
const discoveryWaitMs = 3_000;

const modelNameCharsShown = 200;

export interface EngineOptions {
  readonly command: Command;
  /** The child's whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** The model that is asked what the CLI knows, at the start. */
  readonly defaultModel: string;
  readonly maxProcesses: number;
  readonly maxQueue: number;
  /** The longest silence of the CLI inside a turn, in milliseconds. */
  readonly silenceMsMax: number;
  readonly log: Logger;
}

/** What `/health` tells. */
export interface EngineStatus {
  readonly installation: Installation | undefined;
  /** As the CLI's own `initialize` tells; undefined until it was asked. */
  readonly loggedIn: boolean | undefined;
  readonly runningTurns: number;
  readonly waitingTurns: number;
}

/** Runs turns: each on a process of its own, within the limits, and knows what the CLI is. */
export class Engine {
  readonly models = new ModelCatalog();
  readonly #options: EngineOptions;
  readonly #admission: Admission;
  readonly #processes = new Set<ClaudeProcess>();
  #installation: Installation | undefined;
  #search: Promise<Installation> | undefined;
  #workingFolder: Promise<string> | undefined;
  #loggedIn: boolean | undefined;
  #isClosing = false;
  #discovered: Promise<void> = Promise.resolve();

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#admission = new Admission({ runningMax: options.maxProcesses, waitingMax: options.maxQueue });
  }

  get status(): EngineStatus {
    return {
      installation: this.#installation,
      loggedIn: this.#loggedIn,
      runningTurns: this.#admission.running,
      waitingTurns: this.#admission.waiting,
    };
  }

  /** Settles when the first look for the CLI is over, or was not worth more waiting: until then only the names every CLI knows are served. */
  get discovered(): Promise<void> {
    return this.#discovered;
  }

  /** Looks for the CLI and asks it what it serves and who is logged in. Never rejects: `status` tells what was found. */
  discover(): Promise<Installation> {
    const discovery = this.#discover();
    let timer: NodeJS.Timeout | undefined;
    const waited = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, discoveryWaitMs);
    });
    this.#discovered = Promise.race([discovery, waited]).then(() => clearTimeout(timer));
    return discovery;
  }

  async #discover(): Promise<Installation> {
    const installation = await this.#findCli();
    if (installation.kind === "unusable") return installation;
    try {
      this.#learn(await probe(await this.#launch(this.#options.defaultModel)));
    } catch (error) {
      this.#options.log.warn("the CLI did not tell what it serves", { reason: asBridgeError(error).message });
    }
    return installation;
  }

  /** The CLI's name for a client's model. Rejects with `model_not_found`, which lists what is served. */
  async resolveModel(name: string): Promise<string> {
    const model = this.models.resolve(name);
    if (model !== undefined) return model;
    // The CLI may serve names that it has not been asked for yet.
    await this.#discovered;
    const late = this.models.resolve(name);
    if (late !== undefined) return late;
    const served = this.models.list().map(({ id }) => id).join(", ");
    throw new BridgeError("model_not_found", `The model ${JSON.stringify(name.slice(0, modelNameCharsShown))} is not served. There are: ${served}, and any full claude-… id.`, { param: "model" });
  }

  /** Runs a turn. Throws a BridgeError on any failure; when the caller stops early, or `signal` aborts, the turn's process ends. */
  async *run(turn: Turn, signal: AbortSignal): AsyncGenerator<TurnEvent[], void, undefined> {
    const leave = await this.#admission.enter(signal);
    let process: ClaudeProcess | undefined;
    try {
      await this.#requireCli();
      process = await this.#launch(turn.model);
      const conversation = new Conversation(process, {
        silenceMsMax: this.#options.silenceMsMax,
        onInitialized: (answer) => this.#learn(answer),
        onRateLimit: ({ status, rateLimitType }) => this.#options.log.info("subscription window", { status, window: rateLimitType }),
      });
      yield* conversation.run(turn, 0, signal);
    } finally {
      void process?.end();
      leave();
    }
  }

  /** Takes no more turns and lets the running ones finish for `graceMs`, then ends every process. Resolves when all are gone. */
  async close(graceMs: number): Promise<void> {
    const idle = this.#admission.close();
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([idle, new Promise<void>((resolve) => {
      timer = setTimeout(resolve, graceMs);
    })]);
    clearTimeout(timer);
    this.#isClosing = true;
    await Promise.all([...this.#processes].map((process) => process.fail(shuttingDown())));
    const folder = await this.#workingFolder?.catch(() => undefined);
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }

  /** Ends every process without waiting: for a second signal. */
  kill(): void {
    for (const process of this.#processes) process.kill();
  }

  async #requireCli(): Promise<void> {
    // A CLI that was not there may have been installed since: looking again costs one failed start.
    const installation = this.#installation?.kind === "found" ? this.#installation : await this.#findCli();
    if (installation.kind === "unusable") throw new BridgeError("cli_unavailable", installation.message);
  }

  #findCli(): Promise<Installation> {
    const { command, environment } = this.#options;
    this.#search ??= findInstallation(command, environment).then((installation) => {
      this.#installation = installation;
      this.#search = undefined;
      return installation;
    });
    return this.#search;
  }

  async #launch(model: string): Promise<ClaudeProcess> {
    const cwd = await this.#emptyFolder();
    if (this.#isClosing) throw shuttingDown();
    const { command, environment } = this.#options;
    const process = new ClaudeProcess({ command, environment, model, cwd });
    this.#processes.add(process);
    void process.closed.then(() => this.#processes.delete(process));
    return process;
  }

  /** One for all processes: they have no tool that could write there. */
  async #emptyFolder(): Promise<string> {
    this.#workingFolder ??= mkdtemp(join(tmpdir(), "claude-max-api-"));
    try {
      return await this.#workingFolder;
    } catch (cause) {
      // A full disk may have room again.
      this.#workingFolder = undefined;
      throw new BridgeError("internal", "The server could not make a temporary folder for the claude process.", { cause });
    }
  }

  #learn({ models, loggedIn }: InitializeAnswer): void {
    this.models.learn(models);
    this.#loggedIn = loggedIn;
  }
}

function shuttingDown(): BridgeError {
  return new BridgeError("shutting_down", "The server is shutting down.");
}

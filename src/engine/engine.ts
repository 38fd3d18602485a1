import { tmpdir } from "node:os";
import { Conversation } from "../claude/conversation.ts";
import { executableStamp } from "../claude/executable.ts";
import { findInstallation, type Installation } from "../claude/installation.ts";
import type { Command } from "../claude/launch.ts";
import { probe } from "../claude/probe.ts";
import { ClaudeProcess } from "../claude/process.ts";
import type { InitializeAnswer, RateLimitInfo } from "../claude/protocol.ts";
import { asBridgeError, BridgeError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { Turn, TurnEvent } from "../turn.ts";
import { Admission } from "./admission.ts";
import { AnswerRecord } from "./answer-record.ts";
import { Conversations, type MissReason } from "./conversations.ts";
import { messageHashes, nextHash } from "./history-hash.ts";
import { ModelCatalog } from "./model-catalog.ts";
import { Pool } from "./pool.ts";
import { makeWorkingFolder, type WorkingFolder } from "./working-folder.ts";

/** How long a request waits for the first look for the CLI, in milliseconds; some clients give the list of models 5 s. */
const discoveryWaitMs = 3_000;
const modelNameCharsShown = 200;

export interface EngineOptions {
  readonly command: Command;
  /** The child's whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** The model that is asked what the CLI knows, and kept warm, at the start. */
  readonly defaultModel: string;
  readonly maxProcesses: number;
  readonly maxQueue: number;
  /** Booted processes that wait, for each model in use. */
  readonly warm: number;
  /** How long a conversation keeps its process after its last turn, in milliseconds; 0 keeps none. */
  readonly conversationIdleMsMax: number;
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
  readonly warmProcesses: number;
  readonly restingConversations: number;
  /** All that live, whatever they do. */
  readonly processes: number;
  /** How many turns went on with a living process, and why the others did not. */
  readonly reuse: Readonly<Record<"hit" | MissReason, number>>;
}

/** Runs turns, each conversation on a process of its own, within the limits, and knows what the CLI is. */
export class Engine {
  readonly models = new ModelCatalog();
  readonly #options: EngineOptions;
  readonly #admission: Admission;
  readonly #pool: Pool;
  readonly #conversations: Conversations;
  readonly #processes = new Set<ClaudeProcess>();
  readonly #reuse: Record<"hit" | MissReason, number> = {
    hit: 0, first_message: 0, unknown_history: 0, in_use: 0, idle_time: 0, evicted: 0, process_ended: 0,
  };
  #installation: Installation | undefined;
  #search: Promise<Installation> | undefined;
  #stamp: string | undefined;
  #workingFolder: Promise<WorkingFolder> | undefined;
  #loggedIn: boolean | undefined;
  #rateLimitStatus: string | undefined;
  #isClosing = false;
  #discovered: Promise<void> = Promise.resolve();

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#admission = new Admission({ runningMax: options.maxProcesses, waitingMax: options.maxQueue });
    this.#conversations = new Conversations({ idleMsMax: options.conversationIdleMsMax });
    this.#pool = new Pool({
      warm: options.warm,
      launch: (model) => this.#launch(model),
      hasRoom: () => this.#processes.size < options.maxProcesses,
      log: options.log,
    });
  }

  get status(): EngineStatus {
    return {
      installation: this.#installation,
      loggedIn: this.#loggedIn,
      runningTurns: this.#admission.running,
      waitingTurns: this.#admission.waiting,
      warmProcesses: this.#pool.size,
      restingConversations: this.#conversations.size,
      processes: this.#processes.size,
      reuse: { ...this.#reuse },
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
    const model = this.models.resolve(this.#options.defaultModel) ?? this.#options.defaultModel;
    this.#pool.prepare(model);
    try {
      this.#learn(await probe(await this.#launch(model)));
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

  /**
   * Runs a turn: on the process that has this conversation's history, or with the history replayed on a fresh one. Throws a
   * BridgeError on any failure; when the caller stops early, or `signal` aborts, the turn's process ends.
   */
  async *run(turn: Turn, signal: AbortSignal): AsyncGenerator<TurnEvent[], void, undefined> {
    const leave = await this.#admission.enter(signal);
    const hashes = messageHashes(turn);
    const found = this.#conversations.take(hashes);
    const hit = typeof found === "string" ? undefined : found;
    this.#reuse[typeof found === "string" ? found : "hit"]++;
    this.#options.log.debug("turn", { model: turn.model, messages: turn.messages.length, reuse: typeof found === "string" ? found : "hit", known_messages: hit?.seen ?? 0 });
    const answer = new AnswerRecord();
    let conversation: Conversation | undefined;
    try {
      let waited: ClaudeProcess | undefined;
      if (hit === undefined) {
        await this.#requireCli();
        waited = this.#pool.take(turn.model);
        conversation = this.#converse(waited ?? await this.#boot(turn.model));
        this.#pool.refill();
      } else {
        waited = hit.conversation.process;
        conversation = hit.conversation;
      }
      try {
        for await (const batch of conversation.run(turn, hit?.seen ?? 0, signal)) {
          answer.take(batch);
          yield batch;
        }
      } catch (error) {
        // A process that had waited may have died meanwhile (a laptop's sleep, a kill): nothing was asked of the model yet.
        if (waited === undefined || conversation.hasBegun || !isCliFailure(error)) throw error;
        conversation = this.#converse(await this.#boot(turn.model));
        for await (const batch of conversation.run(turn, 0, signal)) {
          answer.take(batch);
          yield batch;
        }
      }
    } finally {
      if (hit !== undefined) this.#conversations.release(hit);
      const blocks = answer.blocks();
      const last = hashes.at(-1);
      const isKept = conversation?.atKnownPoint === true && this.#options.conversationIdleMsMax > 0 && !this.#isClosing;
      if (conversation !== undefined && isKept && blocks !== undefined && last !== undefined) {
        this.#conversations.keep(conversation, nextHash(last, { role: "assistant", content: blocks }));
      } else {
        void conversation?.process.end();
      }
      leave();
    }
  }

  /** Takes no more turns and lets the running ones finish for `graceMs`, then ends every process. Resolves when all are gone. */
  async close(graceMs: number): Promise<void> {
    const idle = this.#admission.close();
    this.#pool.close();
    this.#conversations.clear();
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([idle, new Promise<void>((resolve) => {
      timer = setTimeout(resolve, graceMs);
    })]);
    clearTimeout(timer);
    this.#isClosing = true;
    await Promise.all([...this.#processes].map((process) => process.fail(shuttingDown())));
    const folder = await this.#workingFolder?.catch(() => undefined);
    await folder?.remove().catch((error: unknown) => this.#options.log.warn("the temporary folder was not removed", { reason: String(error) }));
  }

  /** Ends every process without waiting: for a second signal. */
  kill(): void {
    for (const process of this.#processes) process.kill();
  }

  #converse(process: ClaudeProcess): Conversation {
    return new Conversation(process, {
      silenceMsMax: this.#options.silenceMsMax,
      onInitialized: (answer) => this.#learn(answer),
      onRateLimit: (info) => this.#noteRateLimit(info),
    });
  }

  /** A process for a request that found none waiting. */
  #boot(model: string): Promise<ClaudeProcess> {
    this.#makeRoom();
    return this.#launch(model);
  }

  /** A resting conversation costs a replay when it is needed again, a warm process a boot: neither is worth a refusal. */
  #makeRoom(): void {
    if (this.#processes.size < this.#options.maxProcesses) return;
    if (!this.#conversations.evictOne()) this.#pool.evictOne();
  }

  async #requireCli(): Promise<void> {
    // A CLI that was not there may have been installed since, and one that was there may have been updated.
    const isKnown = this.#installation?.kind === "found" && this.#stamp === this.#currentStamp();
    const installation = isKnown ? this.#installation : await this.#findCli();
    if (installation?.kind === "unusable") throw new BridgeError("cli_unavailable", installation.message);
  }

  #currentStamp(): string | undefined {
    const { command, environment } = this.#options;
    return executableStamp(command.file, environment["PATH"] ?? "");
  }

  #findCli(): Promise<Installation> {
    const { command, environment } = this.#options;
    const stamp = this.#currentStamp();
    this.#search ??= findInstallation(command, environment).then((installation) => {
      if (this.#installation?.kind === "found" && stamp !== this.#stamp) {
        this.#options.log.info("the CLI changed on disk", { version: installation.version });
        this.#pool.clear();
      }
      this.#installation = installation;
      this.#stamp = stamp;
      this.#search = undefined;
      return installation;
    });
    return this.#search;
  }

  async #launch(model: string): Promise<ClaudeProcess> {
    const { cwd, temporary } = await this.#openFolder();
    if (this.#isClosing) throw shuttingDown();
    const { command, environment } = this.#options;
    const process = new ClaudeProcess({ command, environment: { ...environment, CLAUDE_CODE_TMPDIR: temporary }, model, cwd });
    this.#processes.add(process);
    void process.closed.then(() => this.#processes.delete(process));
    return process;
  }

  async #openFolder(): Promise<WorkingFolder> {
    this.#workingFolder ??= makeWorkingFolder(tmpdir());
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

  #noteRateLimit({ status, rateLimitType }: RateLimitInfo): void {
    if (status === this.#rateLimitStatus) return;
    this.#rateLimitStatus = status;
    this.#options.log.info("the subscription's window changed", { status, window: rateLimitType });
  }
}

function shuttingDown(): BridgeError {
  return new BridgeError("shutting_down", "The server is shutting down.");
}

function isCliFailure(error: unknown): boolean {
  return error instanceof BridgeError && error.kind === "cli_failed";
}

import { Conversation } from "../claude/conversation.ts";
import type { Installation } from "../claude/installation.ts";
import type { Command } from "../claude/launch.ts";
import type { ClaudeProcess } from "../claude/process.ts";
import type { RateLimitInfo } from "../claude/protocol.ts";
import type { ModelAlias } from "../config/settings.ts";
import type { Logger } from "../log.ts";
import type { TurnEvent } from "../turn/event.ts";
import type { Message } from "../turn/message.ts";
import type { ModelEntry } from "../turn/model.ts";
import type { Turn } from "../turn/turn.ts";
import { Admission } from "./admission.ts";
import { Cli } from "./cli.ts";
import { Conversations } from "./conversations.ts";
import type { FolderPlace } from "./folder-place.ts";
import type { ResolvedModel } from "./model-catalog.ts";
import { ModelService } from "./model-service.ts";
import { Pool } from "./pool.ts";
import { RestClock } from "./rest-clock.ts";
import { type Complete, type Reuse, TurnRunner } from "./turn-runner.ts";

/** How long a conversation waits for the client's tools, in milliseconds. */
export const parkedMsMax = 30 * 60_000;

export interface EngineOptions {
  readonly command: Command;
  /** The child's whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** The model that is asked what the CLI knows, and kept warm, at the start. */
  readonly defaultModel: string;
  readonly aliases: readonly ModelAlias[];
  readonly maxProcesses: number;
  readonly maxQueue: number;
  /** Booted processes that wait, for each model in use. */
  readonly warm: number;
  /** How long a conversation keeps its process after its last turn, in milliseconds; 0 keeps none. */
  readonly conversationIdleMsMax: number;
  /** The longest silence of the CLI inside a turn, in milliseconds. */
  readonly silenceMsMax: number;
  /** How long a turn waits for its process's rehearsal, in milliseconds. Default: the conversation's own. */
  readonly rehearsalWaitMsMax?: number;
  /** Where the processes' folder is made, asked when there is none. */
  readonly folderPlace?: () => FolderPlace;
  readonly log: Logger;
  /** No turn has run for a moment: called once after each time that one did. */
  readonly onRest: () => void;
}

/** What `/health` tells. */
export interface EngineStatus {
  readonly installation: Installation | undefined;
  /** As the CLI's own `initialize` tells; undefined until it was asked. */
  readonly loggedIn: boolean | undefined;
  /** Whether the CLI tells the model the account's e-mail address; undefined until it was asked. */
  readonly sendsEmail: boolean | undefined;
  readonly rateLimit: RateLimitInfo | undefined;
  readonly runningTurns: number;
  readonly waitingTurns: number;
  readonly warmProcesses: number;
  readonly restingConversations: number;
  /** All that live, whatever they do. */
  readonly processes: number;
  /** How many turns went on with a living process, and why the others did not. */
  readonly reuse: Reuse;
}

/** Runs turns, each conversation on a process of its own, within the limits. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #cli: Cli;
  readonly #admission: Admission;
  readonly #pool: Pool;
  readonly #conversations: Conversations;
  readonly #runner: TurnRunner;
  readonly #models: ModelService;
  readonly #rest: RestClock;

  constructor(options: EngineOptions) {
    const { command, environment, aliases, log, maxProcesses, maxQueue, warm, conversationIdleMsMax } = options;
    this.#options = options;
    this.#cli = new Cli({
      command, environment, aliases, maxProcesses, log,
      folderPlace: options.folderPlace,
      onChange: () => this.#pool.clear(),
      onExit: () => this.#pool.refillSoon(),
      onShortage: () => this.#makeRoom(),
    });
    this.#admission = new Admission({ runningMax: maxProcesses, waitingMax: maxQueue });
    // A quarter of the places at most is kept for warm processes: without any, each of many single questions would boot
    // its own. Where there are few places, conversations that go on are worth more.
    const warmKept = Math.min(warm, Math.floor(maxProcesses / 4));
    const restingMax = maxProcesses - warmKept;
    this.#conversations = new Conversations({ idleMsMax: conversationIdleMsMax, parkedMsMax, restingMax });
    this.#pool = new Pool({
      warm, log,
      launch: async (model) => {
        const process = await this.#cli.launchSpare(model);
        return process === undefined ? undefined : this.#converse(process);
      },
      room: () => this.#cli.room,
      onShelved: () => this.#makeRoom(),
    });
    this.#rest = new RestClock(options.onRest, log);
    this.#models = new ModelService(this.#cli.models);
    this.#runner = new TurnRunner({
      cli: this.#cli, admission: this.#admission, pool: this.#pool, conversations: this.#conversations,
      rest: this.#rest,
      converse: (process) => this.#converse(process),
      keepsIdle: conversationIdleMsMax > 0,
      log,
    });
  }

  get status(): EngineStatus {
    const { installation, loggedIn, sendsEmail, rateLimit, size } = this.#cli;
    return {
      installation, loggedIn, sendsEmail, rateLimit,
      runningTurns: this.#admission.running,
      waitingTurns: this.#admission.waiting,
      warmProcesses: this.#pool.size,
      restingConversations: this.#conversations.size,
      processes: size,
      reuse: this.#runner.reuse,
    };
  }

  /**
   * Looks for the CLI and asks it what it serves and who is logged in. Never rejects: `status` tells what was found.
   */
  discover(): Promise<Installation> {
    const discovery = this.#discover();
    this.#models.waitFor(discovery);
    return discovery;
  }

  async #discover(): Promise<Installation> {
    const installation = await this.#cli.find();
    if (installation.kind === "unusable") return installation;
    const model = this.#cli.models.resolve(this.#options.defaultModel)?.model ?? this.#options.defaultModel;
    // Probe before warming: with `--max-processes 1` there is one slot, and some clients give the list of models 5 s.
    const asked = this.#cli.ask(model);
    this.#pool.prepare(model);
    await asked;
    return installation;
  }

  /** The models that are served; those that only the CLI knows, once it was asked or has been for too long. */
  listModels(): Promise<readonly ModelEntry[]> {
    return this.#models.list();
  }

  /** What a client's model name stands for. Rejects with `model_not_found`, which lists what is served. */
  resolveModel(name: string): Promise<ResolvedModel> {
    return this.#models.resolve(name);
  }

  /** The messages of a turn that a process would have to be told now; a free one knows those before them. */
  messagesToTell(turn: Turn): readonly Message[] {
    return this.#runner.messagesToTell(turn);
  }

  /**
   * Runs a turn. Throws a BridgeError on any failure; when the caller stops early, or `signal` aborts, the turn's
   * process ends.
   */
  run(turn: Turn, signal: AbortSignal, complete?: Complete): AsyncGenerator<TurnEvent[], void, undefined> {
    return this.#runner.run(turn, signal, complete);
  }

  /**
   * Takes no more turns and lets the running ones finish for `graceMs`, then ends every process. Resolves when all are
   * gone.
   */
  async close(graceMs: number): Promise<void> {
    const idle = this.#admission.close();
    this.#runner.close();
    this.#rest.close();
    this.#pool.close();
    this.#conversations.clear();
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([idle, new Promise<void>((resolve) => {
      timer = setTimeout(resolve, graceMs);
    })]);
    clearTimeout(timer);
    await this.#cli.close();
  }

  /** Ends every process without waiting: for a second signal. */
  kill(): void {
    this.#runner.close();
    this.#rest.close();
    this.#pool.close();
    this.#cli.kill();
  }

  #converse(process: ClaudeProcess): Conversation {
    const { silenceMsMax, rehearsalWaitMsMax } = this.#options;
    return new Conversation(process, {
      silenceMsMax,
      ...(rehearsalWaitMsMax === undefined ? {} : { rehearsalWaitMsMax }),
      onInitialized: (answer) => void this.#cli.learn(answer, process),
      onHistoryTold: () => this.#pool.putOffRefill(),
      onRateLimit: (info) => this.#cli.noteRateLimit(info),
    });
  }

  /**
   * Ends one process for each turn that waits and for which none is being ended, the cheapest first: a question that a
   * turn's own process answers too, a boot, a replay. A turn that waits has been admitted, so there is always one that
   * no turn has.
   */
  #makeRoom(): void {
    while (this.#cli.shortage > 0) {
      if (!this.#cli.evictAsked() && !this.#pool.evictOne() && !this.#conversations.evictOne()) return;
    }
  }
}

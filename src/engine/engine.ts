import { Conversation } from "../claude/conversation.ts";
import type { Installation } from "../claude/installation.ts";
import { orLate } from "../claude/late.ts";
import type { Command } from "../claude/launch.ts";
import type { ClaudeProcess } from "../claude/process.ts";
import type { RateLimitInfo } from "../claude/protocol.ts";
import { refuseUntellable } from "../claude/tellable.ts";
import type { Limits } from "../claude/watch.ts";
import type { ModelAlias } from "../config/settings.ts";
import type { Logger } from "../log.ts";
import type { TurnEvent } from "../turn/event.ts";
import type { Message } from "../turn/message.ts";
import type { ModelEntry } from "../turn/model.ts";
import type { Turn } from "../turn/turn.ts";
import { Admission } from "./admission.ts";
import type { Complete } from "./attempts.ts";
import { Cli } from "./cli.ts";
import type { FolderPlace } from "./folder-place.ts";
import { LoginGate } from "./login-gate.ts";
import type { ResolvedModel } from "./model-catalog.ts";
import { ModelService } from "./model-service.ts";
import { Pool } from "./pool.ts";
import { RestClock } from "./rest-clock.ts";
import { Seats } from "./seats.ts";
import { Timelines } from "./timelines.ts";
import { type Reuse, type ToldOn, TurnRunner } from "./turn-runner.ts";
import type { World } from "./world.ts";

/** How long a parked conversation waits for the results of the client's tools, in milliseconds. */
export const parkedMsMax = 30 * 60_000;

export interface EngineOptions {
  readonly command: Command;
  /** The child's whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** The model for which processes are warmed at the start; the probe's process runs it too. */
  readonly defaultModel: string;
  readonly aliases: readonly ModelAlias[];
  readonly maxProcesses: number;
  readonly maxQueue: number;
  /** How many warm processes are kept for each model in use. */
  readonly warm: number;
  /** How long a conversation keeps its process after its last turn, in milliseconds; 0 keeps none. */
  readonly conversationIdleMsMax: number;
  /** How long the CLI may be silent in a turn before the turn fails, in milliseconds. */
  readonly silenceMsMax: number;
  /** How long a turn waits for its process to end a rehearsal, in milliseconds. Default: that of `Conversation`. */
  readonly rehearsalWaitMsMax?: number;
  /** Other limits of silence than those of `Conversation`. */
  readonly limits?: Partial<Limits>;
  /** Says where to make the processes' folder; called each time one is made. */
  readonly folderPlace?: () => FolderPlace;
  readonly world: World;
  readonly log: Logger;
  /** Called when no turn has run for `restMs`, once after each busy period. */
  readonly onRest: () => void;
}

/** The engine's part of `/health`. */
export interface EngineStatus {
  readonly installation: Installation | undefined;
  /** Whether the CLI names a login that the API has not refused since; undefined until the CLI was asked. */
  readonly loggedIn: boolean | undefined;
  /** The words of the latest answer, if it refused the login. */
  readonly loginRefusal: string | undefined;
  /** Whether the CLI tells the model the account's e-mail address; undefined until it was asked. */
  readonly sendsEmail: boolean | undefined;
  readonly rateLimit: RateLimitInfo | undefined;
  readonly runningTurns: number;
  readonly waitingTurns: number;
  readonly warmProcesses: number;
  readonly restingConversations: number;
  /** All living processes, whatever they do. */
  readonly processes: number;
  readonly reuse: Reuse;
  readonly toldOn: ToldOn;
}

/** Runs turns within the limits, each on a process that no other turn has at the time. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #cli: Cli;
  readonly #admission: Admission;
  readonly #pool: Pool;
  readonly #timelines: Timelines;
  readonly #runner: TurnRunner;
  readonly #models: ModelService;
  readonly #rest: RestClock;

  constructor(options: EngineOptions) {
    const { command, environment, aliases, world, log, maxProcesses, maxQueue, warm, conversationIdleMsMax } = options;
    const { clock } = world;
    this.#options = options;
    this.#cli = new Cli({
      command, environment, aliases, maxProcesses, world, log,
      folderPlace: options.folderPlace,
      onChange: () => seats.renew(),
      onExit: () => this.#pool.refillSoon(),
      onShortage: () => this.#makeRoom(),
    });
    this.#admission = new Admission({ runningMax: maxProcesses, waitingMax: maxQueue });
    // Reserve at most a quarter of the slots for warm processes. With none reserved, each of many single questions
    // would boot its own process. With few slots, living conversations are worth more.
    const warmKept = Math.min(warm, Math.floor(maxProcesses / 4));
    const restingMax = maxProcesses - warmKept;
    this.#timelines = new Timelines({
      idleMsMax: conversationIdleMsMax, parkedMsMax, restingMax, clock,
      capabilities: () => this.#cli.capabilities.current,
    });
    this.#pool = new Pool({
      clock, warm, log,
      launch: async (model) => {
        const process = await this.#cli.launchSpare(model);
        return process === undefined ? undefined : seats.converse(process);
      },
      // A process that is started while the login is refused would be refused too.
      room: () => (this.#cli.account.loginRefusal === undefined ? this.#cli.room : 0),
      standIns: (model) => this.#runner.standIns(model),
      capabilities: () => this.#cli.capabilities.current,
      isBusy: () => this.#cli.capabilities.current.rewindToEmpty && this.#admission.running > 0,
      onShelved: () => this.#makeRoom(),
    });
    const seats = new Seats({
      cli: this.#cli, pool: this.#pool, timelines: this.#timelines, capabilities: this.#cli.capabilities, clock, log,
      converse: (process) => this.#converse(process),
      onKept: () => this.#makeRoom(),
    });
    this.#rest = new RestClock(options.onRest, clock, log);
    this.#models = new ModelService(this.#cli.models, clock);
    this.#runner = new TurnRunner({
      admission: this.#admission, pool: this.#pool, timelines: this.#timelines, rest: this.#rest,
      seats, login: new LoginGate(this.#cli.account, clock, log),
      keepsIdle: conversationIdleMsMax > 0,
      log,
    });
  }

  get status(): EngineStatus {
    const { installation, size, account: { loggedIn, loginRefusal, sendsEmail, rateLimit } } = this.#cli;
    return {
      installation, loggedIn, loginRefusal, sendsEmail, rateLimit,
      runningTurns: this.#admission.running,
      waitingTurns: this.#admission.waiting,
      warmProcesses: this.#pool.size,
      restingConversations: this.#timelines.size,
      processes: size,
      reuse: this.#runner.reuse,
      toldOn: this.#runner.toldOn,
    };
  }

  /**
   * Looks for the CLI and asks it which models it serves and who is logged in. Never rejects: `status` has the result.
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

  /** The models that are served. Waits for the CLI's first answer about its models, for a limited time. */
  listModels(): Promise<readonly ModelEntry[]> {
    return this.#models.list();
  }

  /** Resolves a client's model name. Rejects with `model_not_found`, whose message lists the served models. */
  resolveModel(name: string): Promise<ResolvedModel> {
    return this.#models.resolve(name);
  }

  /**
   * Completes a turn by the client's name for its model: with the CLI's name for it, and with the effort and thinking
   * of an alias where the turn sets neither. Rejects as `resolveModel` does.
   */
  async resolve(name: string, turn: Omit<Turn, "model">): Promise<Turn> {
    const resolved = await this.#models.resolve(name);
    const isThinkingSet = turn.effort !== undefined || turn.thinking !== undefined;
    return { ...(isThinkingSet ? { model: resolved.model } : resolved), ...turn };
  }

  /** The messages of a turn that a process would have to be told now. A resting conversation has the ones before. */
  messagesToTell(turn: Turn): readonly Message[] {
    return this.#runner.messagesToTell(turn);
  }

  /**
   * Runs a turn. Throws a BridgeError on any failure. If the caller stops iterating early, or `signal` aborts, the
   * turn is interrupted, and its process is taken back to before it or ended.
   */
  run(turn: Turn, signal: AbortSignal, complete?: Complete): AsyncGenerator<TurnEvent[], void, undefined> {
    refuseUntellable(turn.messages);
    return this.#runner.run(turn, signal, complete);
  }

  /**
   * Refuses further turns, gives the running ones `graceMs` milliseconds to finish, then ends every process. Resolves
   * when all have exited.
   */
  async close(graceMs: number): Promise<void> {
    const idle = this.#admission.close();
    this.#runner.close();
    this.#rest.close();
    this.#pool.close();
    this.#timelines.clear();
    await orLate(idle, graceMs, () => {}, this.#options.world.clock.after);
    await this.#cli.close();
  }

  /** Kills every process without waiting; used on a second SIGINT or SIGTERM. */
  kill(): void {
    this.#runner.close();
    this.#rest.close();
    this.#pool.close();
    this.#cli.kill();
  }

  #converse(process: ClaudeProcess): Conversation {
    const { silenceMsMax, rehearsalWaitMsMax, limits = {}, world } = this.#options;
    return new Conversation(process, {
      silenceMsMax, limits, time: world.clock,
      ...(rehearsalWaitMsMax === undefined ? {} : { rehearsalWaitMsMax }),
      onInitialized: (answer) => void this.#cli.learn(answer, process),
      onHistoryTold: () => this.#pool.putOffRefill(),
      onRateLimit: (info) => this.#cli.account.noteRateLimit(info),
    });
  }

  /**
   * Evicts one process for each turn that waits for a slot, as far as too few are shutting down. The cheapest goes
   * first: the probe's (a turn's own process answers the same), then a warm one (it costs a boot), then a resting
   * conversation (it costs a replay). A process that is being taken back is no candidate yet; it makes room anew when
   * it is kept.
   */
  #makeRoom(): void {
    while (this.#cli.shortage > 0) {
      if (!this.#cli.evictAsked() && !this.#pool.evictOne() && !this.#timelines.evictOne()) return;
    }
  }
}

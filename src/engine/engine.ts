import type { Capabilities } from "../claude/capabilities.ts";
import type { Needs } from "../claude/needs.ts";
import type { Installation } from "../claude/installation.ts";
import { orLate } from "../claude/late.ts";
import type { RateLimitInfo } from "../claude/protocol.ts";
import { refuseUntellable } from "../claude/tellable.ts";
import type { TokenCount } from "../turn/count.ts";
import type { Message } from "../turn/message.ts";
import type { ModelEntry } from "../turn/model.ts";
import type { Turn } from "../turn/turn.ts";
import type { Complete } from "./asked-turn.ts";
import type { Untested } from "./drift.ts";
import type { EngineOptions } from "./engine-options.ts";
import { type EngineParts, engineParts } from "./engine-parts.ts";
import type { ResolvedModel } from "./model-catalog.ts";
import { markedEnvironment, markFor, type OwnMark } from "./own-mark.ts";
import type { ProcessCounts } from "./owned-process.ts";
import type { TurnBatches } from "./turn-batches.ts";
import type { Turns } from "./turn-counts.ts";

export type { EngineOptions } from "./engine-options.ts";

/** The engine's part of `/health`. */
export interface EngineStatus {
  readonly installation: Installation | undefined;
  /** Whether the CLI names a login that the API has not refused since; undefined until the CLI was asked. */
  readonly loggedIn: boolean | undefined;
  /** The words of the latest answer, if it refused the login. */
  readonly loginRefusal: string | undefined;
  /** Why the CLI's processes do not come up; undefined if they do. */
  readonly bootFault: string | undefined;
  /** Whether the CLI tells the model the account's e-mail address; undefined until it was asked. */
  readonly sendsEmail: boolean | undefined;
  readonly rateLimit: RateLimitInfo | undefined;
  readonly runningTurns: number;
  readonly waitingTurns: number;
  /** How many processes there are of each use, and in all. */
  readonly processes: ProcessCounts & { readonly all: number };
  /** What the CLI can do; undefined until it was tried. */
  readonly capabilities: (Capabilities & Needs) | undefined;
  /** Set where the CLI is newer than any that was tried. */
  readonly untested: Untested | undefined;
  readonly turns: Turns;
}

/** Runs turns within the limits, each on a process that no other turn has at the time. */
export class Engine {
  /**
   * The header in the requests of this server's own processes; undefined where these ask the API itself, not an address
   * that may be this server's.
   */
  readonly ownMark: OwnMark | undefined;
  readonly #options: EngineOptions;
  readonly #parts: EngineParts;

  constructor(options: EngineOptions) {
    const { environment, world } = options;
    this.ownMark = markFor(environment, world.randomId);
    this.#options = options;
    this.#parts = engineParts({ ...options, environment: markedEnvironment(environment, this.ownMark) });
  }

  get status(): EngineStatus {
    const { admission, account, boots, cli, processes, capabilities, counts } = this.#parts;
    const { loggedIn, loginRefusal, sendsEmail, rateLimit } = account;
    return {
      installation: cli.installation, loggedIn, loginRefusal, bootFault: boots.fault, sendsEmail, rateLimit,
      runningTurns: admission.running,
      waitingTurns: admission.waiting,
      processes: { all: processes.size, ...processes.counts },
      capabilities: capabilities.isKnown ? { ...capabilities.needs, ...capabilities.current } : undefined,
      untested: cli.untested,
      turns: counts.turns,
    };
  }

  /**
   * Looks for the CLI and asks it which models it serves and who is logged in. Never rejects: `status` has the result.
   */
  discover(): Promise<Installation> {
    const discovery = this.#discover();
    this.#parts.models.waitFor(discovery);
    return discovery;
  }

  async #discover(): Promise<Installation> {
    const { cli, catalog, warm } = this.#parts;
    const { defaultModel } = this.#options;
    const model = catalog.resolve(defaultModel)?.model ?? defaultModel;
    cli.inquire(model);
    const installation = await cli.find();
    if (installation.kind === "unusable") return installation;
    // Probe before warming: with `--max-processes 1` there is one place, and some clients give the list of models 5 s.
    const asked = cli.ask(model);
    warm.prepare(model);
    await asked;
    return installation;
  }

  /** The models that are served. Waits for the CLI's first answer about its models, for a limited time. */
  listModels(): Promise<readonly ModelEntry[]> {
    return this.#parts.models.list();
  }

  /** The entry of a name that is served, be it listed or not. Rejects as `resolveModel` does. */
  describeModel(name: string): Promise<ModelEntry> {
    return this.#parts.models.describe(name);
  }

  /** Resolves a client's model name. Rejects with `model_not_found`, whose message lists the served models. */
  resolveModel(name: string): Promise<ResolvedModel> {
    return this.#parts.models.resolve(name);
  }

  /**
   * Completes a turn by the client's name for its model: with the CLI's name for it, and with the effort and thinking
   * of an alias where the turn sets neither. Rejects as `resolveModel` does.
   */
  async resolve(name: string, turn: Omit<Turn, "model">): Promise<Turn> {
    const resolved = await this.#parts.models.resolve(name);
    const isThinkingSet = turn.effort !== undefined || turn.thinking !== undefined;
    return { ...(isThinkingSet ? { model: resolved.model } : resolved), ...turn };
  }

  /** The messages of a turn that a process would have to be told now. A resting conversation has the ones before. */
  messagesToTell(turn: Turn): readonly Message[] {
    return this.#parts.runner.messagesToTell(turn);
  }

  /**
   * Runs a turn. Throws a BridgeError on any failure. If the caller stops iterating early, or `signal` aborts, the turn
   * is interrupted, and its process is rewound to before it or ended.
   */
  run(turn: Turn, signal: AbortSignal, complete?: Complete): TurnBatches {
    refuseUntellable(turn.messages);
    return this.#parts.runner.run(turn, signal, complete);
  }

  /**
   * Counts the tokens of a turn without asking the model: tells it to a process and takes it back. Rejects with a
   * BridgeError on any failure, with `not_implemented` where the CLI cannot count, and when `signal` aborts.
   */
  async count(turn: Turn, signal: AbortSignal, complete?: Complete): Promise<TokenCount> {
    refuseUntellable(turn.messages);
    return await this.#parts.counter.count(turn, signal, complete);
  }

  /**
   * Refuses further turns, gives the running ones `graceMs` milliseconds to finish, then ends every process. Resolves
   * when all have exited.
   */
  async close(graceMs: number): Promise<void> {
    const { admission, processes, folder } = this.#parts;
    const idle = admission.close();
    this.#stop();
    processes.drain();
    await orLate(idle, graceMs, () => {}, this.#options.world.clock.after);
    folder.close();
    await processes.close();
    await folder.remove();
  }

  /** Kills every process without waiting; used on a second SIGINT or SIGTERM. */
  kill(): void {
    this.#stop();
    this.#parts.folder.close();
    this.#parts.processes.kill();
  }

  /** Starts no process any more but for running turns, and keeps none after its turn. */
  #stop(): void {
    const { runner, rest, warm, boots, installed } = this.#parts;
    installed.close();
    runner.close();
    rest.close();
    warm.close();
    boots.close();
  }
}

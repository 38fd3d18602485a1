import { Conversation } from "../claude/conversation.ts";
import type { Installation } from "../claude/installation.ts";
import type { Command } from "../claude/launch.ts";
import type { ClaudeProcess } from "../claude/process.ts";
import type { RateLimitInfo } from "../claude/protocol.ts";
import type { ModelAlias } from "../config/settings.ts";
import { BridgeError, clientClosed } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { Message, ModelEntry, Turn, TurnEvent } from "../turn.ts";
import { Admission } from "./admission.ts";
import { AnswerRecord } from "./answer-record.ts";
import { Cli } from "./cli.ts";
import { Conversations, type Hit, type MissReason } from "./conversations.ts";
import type { FolderPlace } from "./folder-place.ts";
import { messageHashes, nextHash, profileHash } from "./history-hash.ts";
import type { ResolvedModel } from "./model-catalog.ts";
import { Pool, type Profile } from "./pool.ts";
import { endAtStop } from "./stop-sequences.ts";
import { callNow, mustCall, untilFirstCall, withToolChoice } from "./tool-choice.ts";

/** How long a request waits for the first look for the CLI, in milliseconds; some clients give the list of models 5 s. */
const discoveryWaitMs = 3_000;
/** How long a conversation waits for the client's tools, in milliseconds. */
export const parkedMsMax = 30 * 60_000;
/** How long after the last turn the engine counts as at rest, in milliseconds. */
export const restMs = 2_000;
const modelNameCharsShown = 200;

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
  readonly reuse: Readonly<Record<"hit" | MissReason, number>>;
}

/** What a turn is run with. */
interface Attempt {
  readonly turn: Turn;
  readonly signal: AbortSignal;
  readonly complete: Complete;
}

/**
 * Gives messages that a process is about to be told with what they refer to. It may be asked again for more of them.
 * Rejects with a BridgeError when that cannot be had.
 */
export type Complete = (messages: readonly Message[]) => Promise<readonly Message[]>;

/** The conversation that a turn runs in; it may change while the turn has not begun. */
interface Seat {
  conversation: Conversation | undefined;
  /** Its process has been told only what the client knows. */
  isExact: boolean;
  /** What a new one begins with, until it has. */
  profile: Profile | undefined;
}

/** Runs turns, each conversation on a process of its own, within the limits. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #cli: Cli;
  readonly #admission: Admission;
  readonly #pool: Pool;
  readonly #conversations: Conversations;
  readonly #reuse: Record<"hit" | MissReason, number> = {
    hit: 0, first_message: 0, unknown_history: 0, in_use: 0, idle_time: 0, evicted: 0, process_ended: 0,
  };
  #restTimer: NodeJS.Timeout | undefined;
  #isClosing = false;
  #discovered: Promise<void> = Promise.resolve();

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
    // Room for processes that wait for new conversations: else each of many single questions would boot its own. Where there is little, what goes on is worth more.
    const warmKept = Math.min(warm, Math.floor(maxProcesses / 4));
    this.#conversations = new Conversations({ idleMsMax: conversationIdleMsMax, parkedMsMax, restingMax: maxProcesses - warmKept });
    this.#pool = new Pool({
      warm, log,
      launch: async (model) => {
        const process = await this.#cli.launchSpare(model);
        return process === undefined ? undefined : this.#converse(process);
      },
      room: () => this.#cli.room,
      onShelved: () => this.#makeRoom(),
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
      reuse: { ...this.#reuse },
    };
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
    const installation = await this.#cli.find();
    if (installation.kind === "unusable") return installation;
    const model = this.#cli.models.resolve(this.#options.defaultModel)?.model ?? this.#options.defaultModel;
    // The first: where there is room for one process only, what waits can wait longer than who asks what is served.
    const asked = this.#cli.ask(model);
    this.#pool.prepare(model);
    await asked;
    return installation;
  }

  /** The models that are served; those that only the CLI knows, once it was asked or has been for too long. */
  async listModels(): Promise<readonly ModelEntry[]> {
    await this.#discovered;
    return this.#cli.models.list();
  }

  /** What a client's model name stands for. Rejects with `model_not_found`, which lists what is served. */
  async resolveModel(name: string): Promise<ResolvedModel> {
    const { models } = this.#cli;
    const model = models.resolve(name);
    if (model !== undefined) return model;
    // The CLI may serve names that it has not been asked for yet.
    await this.#discovered;
    const late = models.resolve(name);
    if (late !== undefined) return late;
    const served = models.list().map(({ id }) => id).join(", ");
    throw new BridgeError("model_not_found", `The model ${JSON.stringify(name.slice(0, modelNameCharsShown))} is not served. There are: ${served}, and any full claude-… id.`, { param: "model" });
  }

  /** The messages of a turn that a process would have to be told now; a free one knows those before them. */
  messagesToTell(request: Turn): readonly Message[] {
    const turn = withToolChoice(request);
    const canContinue = (conversation: Conversation, seen: number): boolean => conversation.canContinue(turn, seen);
    return turn.messages.slice(this.#conversations.seen(messageHashes(turn), canContinue));
  }

  /**
   * Runs a turn: on the process that has this conversation's history, or with the history replayed on a fresh one. Throws a
   * BridgeError on any failure; when the caller stops early, or `signal` aborts, the turn's process ends.
   */
  async *run(
    request: Turn, signal: AbortSignal, complete: Complete = (messages) => Promise.resolve(messages),
  ): AsyncGenerator<TurnEvent[], void, undefined> {
    if (signal.aborted) throw clientClosed();
    const turn = withToolChoice(request);
    const hashes = messageHashes(turn);
    const leave = await this.#admission.enter(signal);
    clearTimeout(this.#restTimer);
    const found = this.#conversations.take(hashes, (conversation, seen) => conversation.canContinue(turn, seen));
    const hit = typeof found === "string" ? undefined : found;
    this.#noteReuse(turn, found);
    const answer = new AnswerRecord();
    const seat: Seat = { conversation: undefined, isExact: true, profile: undefined };
    try {
      const attempt: Attempt = { turn, signal, complete };
      const chosen = mustCall(turn) ? this.#answerWithCall(attempt, hit, seat) : this.#answer(attempt, hit, seat);
      for await (const batch of turn.stop.length === 0 ? chosen : endAtStop(chosen, turn.stop)) {
        if (seat.profile !== undefined && batch.some(({ type }) => type === "start")) {
          this.#pool.open(turn.model, seat.profile);
          seat.profile = undefined;
        }
        answer.take(batch);
        yield batch;
      }
    } finally {
      if (hit !== undefined) this.#conversations.release(hit);
      this.#dismiss(seat, turn, hashes, answer);
      leave();
      if (this.#admission.running === 0) this.#restSoon();
    }
  }

  /** Takes no more turns and lets the running ones finish for `graceMs`, then ends every process. Resolves when all are gone. */
  async close(graceMs: number): Promise<void> {
    const idle = this.#admission.close();
    this.#isClosing = true;
    clearTimeout(this.#restTimer);
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
    this.#isClosing = true;
    this.#pool.close();
    this.#cli.kill();
  }

  #restSoon(): void {
    clearTimeout(this.#restTimer);
    if (this.#isClosing) return;
    this.#restTimer = setTimeout(() => this.#rest(), restMs);
    this.#restTimer.unref();
  }

  /** What is called here is another's, and may throw: that is no reason for a server to end. */
  #rest(): void {
    new Promise((resolve) => resolve(this.#options.onRest())).catch((error: unknown) => {
      this.#options.log.error("what is called at rest failed", { reason: String(error) });
    });
  }

  async *#answer(attempt: Attempt, hit: Hit | undefined, seat: Seat): AsyncGenerator<TurnEvent[], void, undefined> {
    const { signal } = attempt;
    const turn = await this.#completed(attempt, hit);
    const waited = hit?.conversation ?? await this.#takeWarm(turn, seat, signal);
    const conversation = waited ?? await this.#bootInPlace(turn.model, signal);
    seat.conversation = conversation;
    try {
      yield* conversation.run(turn, hit?.seen ?? 0, signal);
    } catch (error) {
      // A process that had waited may have died meanwhile (a laptop's sleep, a kill), or not end its rehearsal: nothing of an
      // answer had come yet.
      if (waited === undefined || conversation.hasBegun || this.#isClosing || !isCliFailure(error)) throw error;
      this.#options.log.info("a process that had waited took no turn; its turn goes to another", { ended: conversation.process.ending });
      void conversation.process.end();
      // It is told all of the history, not only what was new to the other.
      const whole = await this.#completed(attempt, undefined);
      seat.conversation = await this.#bootInPlace(turn.model, signal);
      yield* seat.conversation.run(whole, 0, signal);
    }
  }

  /** The turn, the messages that are to be told completed. Where they cannot be, the conversation rests on. */
  async #completed({ turn, complete }: Attempt, hit: Hit | undefined): Promise<Turn> {
    const seen = hit?.seen ?? 0;
    try {
      const told = await complete(turn.messages.slice(seen));
      return { ...turn, messages: [...turn.messages.slice(0, seen), ...told] };
    } catch (error) {
      if (hit !== undefined && !this.#isClosing) this.#conversations.keep(hit.conversation, hit.hash);
      throw error;
    }
  }

  /** An answer without the call that was asked for is turned round once, then given up. */
  async *#answerWithCall(
    attempt: Attempt, hit: Hit | undefined, seat: Seat,
  ): AsyncGenerator<TurnEvent[], void, undefined> {
    const { turn, signal } = attempt;
    if (yield* untilFirstCall(this.#answer(attempt, hit, seat))) return;
    const { conversation } = seat;
    seat.isExact = false;
    if (conversation?.isAlive === true) {
      const messages = [...turn.messages, callNow];
      if (yield* untilFirstCall(conversation.run({ ...turn, messages }, messages.length - 1, signal))) return;
    }
    throw new BridgeError("upstream_error", "The model answered without the tool call that tool_choice asks for.", { param: "tool_choice" });
  }

  async #takeWarm(turn: Turn, seat: Seat, signal: AbortSignal): Promise<Conversation | undefined> {
    await this.#cli.require();
    // The client may have left meanwhile; a process is not spent on nobody.
    if (signal.aborted) throw clientClosed();
    seat.profile = { hash: profileHash(turn), turn: { ...turn, messages: [] } };
    return this.#pool.take(turn.model, seat.profile);
  }

  /** For a request that found nothing waiting. */
  async #bootInPlace(model: string, signal: AbortSignal): Promise<Conversation> {
    return this.#converse(await this.#cli.launch(model, signal));
  }

  #converse(process: ClaudeProcess): Conversation {
    return new Conversation(process, {
      silenceMsMax: this.#options.silenceMsMax,
      onInitialized: (answer) => void this.#cli.learn(answer, process),
      onHistoryTold: () => this.#pool.putOffRefill(),
      onRateLimit: (info) => this.#cli.noteRateLimit(info),
    });
  }

  /**
   * Ends one process for each turn that waits and for which none is being ended, the cheapest first: a question that a turn's
   * own process answers too, a boot, a replay. A turn that waits has been admitted, so there is always one that no turn has.
   */
  #makeRoom(): void {
    while (this.#cli.shortage > 0) {
      if (!this.#cli.evictAsked() && !this.#pool.evictOne() && !this.#conversations.evictOne()) return;
    }
  }

  /** The conversation rests where the client's next request will look for it, or its process ends. */
  #dismiss({ conversation, isExact }: Seat, turn: Turn, hashes: ReturnType<typeof messageHashes>, answer: AnswerRecord): void {
    if (conversation === undefined) return;
    const blocks = answer.blocks();
    const last = hashes.at(-1);
    const isWanted = conversation.isParked || this.#options.conversationIdleMsMax > 0;
    const isKept = isExact && conversation.isAlive && isWanted && !this.#isClosing;
    if (!isKept || blocks === undefined || last === undefined) return void conversation.process.end();
    this.#conversations.keep(conversation, nextHash(last, { role: "assistant", content: blocks }, turn.messages.at(-1)));
  }

  #noteReuse(turn: Turn, found: Hit | MissReason): void {
    const reuse = typeof found === "string" ? found : "hit";
    this.#reuse[reuse]++;
    this.#options.log.debug("turn", {
      model: turn.model, messages: turn.messages.length, reuse, known_messages: typeof found === "string" ? 0 : found.seen,
    });
  }
}

function isCliFailure(error: unknown): boolean {
  return error instanceof BridgeError && error.kind === "cli_failed";
}

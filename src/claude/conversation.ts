import { randomUUID } from "node:crypto";
import { asBridgeError, BridgeError, clientClosed } from "../errors.ts";
import type { Turn, TurnEvent } from "../turn.ts";
import { BatchQueue } from "./batches.ts";
import { ControlChannel } from "./control.ts";
import { parseDelta } from "./deltas.ts";
import type { ClaudeProcess } from "./process.ts";
import {
  controlErrorLine, controlSuccessLine, historyAssistantLine, historyUserLine, type InitializeAnswer, initializeRequest, isObject,
  type JsonObject, optionalString, parseInitializeAnswer, parseLine, type RateLimitInfo, settingsRequest, thinkingRequest, turnLine,
} from "./protocol.ts";
import { ServedTools } from "./served-tools.ts";
import { ToolCalls } from "./tool-calls.ts";
import { resultsByCall, resultsOfLastCalls } from "./tool-results.ts";
import { serveTools } from "./tool-server.ts";
import { goesOn, TurnTranslator } from "./translate.ts";

/**
 * How long a turn waits for its process's rehearsal, in milliseconds. One takes less than a second on a machine at rest.
 * The turn then fails with `cli_failed` before its first byte, so that it can be given to another process.
 */
export const rehearsalWaitMsMax = 5_000;

export interface ConversationOptions {
  /** The longest silence of the CLI inside a turn, in milliseconds, before the turn fails. */
  readonly silenceMsMax: number;
  /** Usually `rehearsalWaitMsMax`. */
  readonly rehearsalWaitMsMax?: number;
  /** What the CLI tells of itself and its login, once a process. */
  readonly onInitialized: (answer: InitializeAnswer) => void;
  /** The CLI has taken one more message of a history that it is told. */
  readonly onHistoryTold: () => void;
  /** What the CLI tells of the subscription's windows. */
  readonly onRateLimit: (info: RateLimitInfo) => void;
}

/**
 * Where a conversation is between two runs. `known`: the CLI's history is exactly what was asked and answered. `parked`: it
 * waits for the results of these calls. `unknown`: an answer was cut, failed or was left; the process has no further use.
 */
type Standing =
  | { readonly name: "known" }
  | { readonly name: "parked"; readonly callIds: readonly string[] }
  | { readonly name: "unknown" };

/** A run under way. */
interface Run {
  readonly queue: BatchQueue<TurnEvent>;
  readonly translator: TurnTranslator;
  readonly silence: NodeJS.Timeout;
  readonly fail: (error: BridgeError) => void;
  /** The model is being asked: what the CLI answers from now on is this run's. */
  isAsked: boolean;
}

/** How many empty messages a rehearsal has: with each of the first few the CLI's code gets faster. */
const rehearsalMessages = 3;

interface HistoryAck {
  readonly resolve: () => void;
  readonly reject: (error: BridgeError) => void;
}

/**
 * One conversation on one process: the system prompt, the tools and the history are told to it once, then a turn at a time.
 * It never gives the process back: whoever made it ends it.
 */
export class Conversation {
  readonly process: ClaudeProcess;
  readonly #control: ControlChannel;
  readonly #options: ConversationOptions;
  readonly #calls: ToolCalls;
  #standing: Standing = { name: "known" };
  /** What ended the process. */
  #failure: BridgeError | undefined;
  #served = new ServedTools({ tools: [] });
  #run: Run | undefined;
  #historyAck: HistoryAck | undefined;
  #previousMessageId: string | undefined;
  #hasBegun = false;
  #rehearsal: Promise<void> | undefined;

  constructor(process: ClaudeProcess, options: ConversationOptions) {
    this.process = process;
    this.#options = options;
    const write = (line: string): void => void process.write(line);
    this.#control = new ControlChannel(write);
    this.#calls = new ToolCalls(write);
    process.attach({
      takeInPlace: (read, start, end) => this.#takeDelta(read, start, end),
      onLine: (line, wasCut) => this.#onLine(line, wasCut),
      onReadEnd: () => this.#onReadEnd(),
      onFailure: (error) => {
        this.#failure = error;
        this.#standing = { name: "unknown" };
        this.#historyAck?.reject(error);
        this.#control.failAll(error);
        this.#run?.fail(error);
      },
    });
  }

  /** The present run's first output has come: it reached the model. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Another run of the same conversation is possible. */
  get isAlive(): boolean {
    return this.#standing.name !== "unknown";
  }

  /** It waits for the client's tools. */
  get isParked(): boolean {
    return this.#standing.name === "parked";
  }

  /**
   * Tells the process a turn's system prompt, tools and settings before there is a turn, and lets it go through the motions of
   * one: empty messages that leave no trace in the history. What a CLI does once, at its first turn, is done by then.
   * Rejects when the CLI refuses; any turn of the same profile may follow, also before it settles.
   */
  rehearse(profile: Turn): Promise<void> {
    this.process.work();
    this.#rehearsal = this.#goThroughMotions(this.#initialize(profile));
    return this.#rehearsal;
  }

  async #goThroughMotions(initialized: Promise<void>): Promise<void> {
    // A turn that comes meanwhile waits for no further one.
    for (let times = 0; times < rehearsalMessages && this.#run === undefined; times++) {
      const acknowledged = this.#acknowledged();
      void this.process.write(historyUserLine({ role: "user", content: [] }));
      // Both: a refusal may stand in the same read as the acknowledgement.
      await Promise.all([initialized, acknowledged]);
    }
  }

  /** Whether this conversation, which has seen all of a turn's messages but those after `seen`, can go on with the rest. */
  canContinue({ messages }: Turn, seen: number): boolean {
    if (this.#standing.name === "known") return true;
    return this.#standing.name === "parked" && seen === messages.length - 1 && resultsOfLastCalls(messages) !== undefined;
  }

  /**
   * Runs one turn. `seen` is how many of the turn's messages the process has already; 0 on a fresh one. Yields what each
   * read of the CLI's output made; throws a BridgeError when the turn fails, the CLI is silent for too long, or `signal` aborts.
   */
  async *run(turn: Turn, seen: number, signal: AbortSignal): AsyncGenerator<TurnEvent[], void, undefined> {
    const run = this.#newRun(turn);
    const { queue, translator, silence, fail } = run;
    this.#run = run;
    const onAbort = (): void => fail(clientClosed());
    signal.addEventListener("abort", onAbort, { once: true });
    const parked = this.#standing.name === "parked" ? this.#standing.callIds : undefined;
    const isUsable = this.isAlive;
    this.#standing = { name: "unknown" };
    this.#hasBegun = false;
    this.process.work();
    try {
      if (!isUsable) fail(this.#failure ?? new BridgeError("cli_failed", "The claude process has no further use."));
      else if (signal.aborted) onAbort();
      else if (parked === undefined) this.#tell(turn, seen).catch((error: unknown) => fail(asBridgeError(error)));
      else {
        run.isAsked = true;
        this.#calls.answer(resultsByCall(parked, resultsOfLastCalls(turn.messages) ?? []));
      }
      for (let batch = await queue.next(); batch !== undefined; batch = await queue.next()) yield batch;
      this.#settle(translator);
    } finally {
      clearInterval(silence);
      signal.removeEventListener("abort", onAbort);
      this.#run = undefined;
      this.#previousMessageId = translator.messageId;
      if (!this.isAlive) this.#control.request({ subtype: "interrupt" }).catch(() => {});
    }
  }

  #newRun({ responseSchema, parallelToolCalls, toolChoice }: Turn): Run {
    const queue = new BatchQueue<TurnEvent>({
      pause: () => this.process.pause(),
      resume: () => {
        // The silence was the writer's, not the CLI's.
        silence.refresh();
        this.process.resume();
      },
    });
    const translator = new TurnTranslator({
      nowMs: Date.now,
      previousMessageId: this.#previousMessageId,
      hasSchema: responseSchema !== undefined,
      isServed: (toolName) => this.#served.has(toolName),
      onCall: (call) => this.#calls.note(call),
      mayBegin: () => !this.#calls.isPending,
      callsMax: toolChoice.type === "none" ? 0 : parallelToolCalls ? Infinity : 1,
    });
    const fail = (error: BridgeError): void => {
      this.#historyAck?.reject(error);
      this.#control.failAll(error);
      queue.end(error);
    };
    const silence = setInterval(() => {
      if (queue.isAwaited) fail(new BridgeError("turn_timeout", `The claude process was silent for ${this.#options.silenceMsMax / 1000} s.`));
    }, this.#options.silenceMsMax);
    return { queue, translator, silence, fail, isAsked: false };
  }

  #settle({ outcome, callIds, isWhole }: TurnTranslator): void {
    // The process knows of calls that the client was never told, or has died since.
    if (!isWhole || this.#failure !== undefined) return;
    if (outcome.name === "finished") {
      this.#standing = { name: "known" };
      this.process.rest();
    } else if (outcome.name === "parked") {
      this.#standing = { name: "parked", callIds };
      this.process.park();
    }
  }

  /** The way of nearly every line of an answer. */
  #takeDelta(text: string, start: number, end: number): boolean {
    const delta = parseDelta(text, start, end);
    if (delta === undefined) return false;
    if (this.#run?.isAsked === true) this.#run.translator.takeDelta(delta, this.#run.queue.items);
    return true;
  }

  #onLine(line: string, wasCut: boolean): void {
    const run = this.#run;
    if (!wasCut && this.#takeDelta(line, 0, line.length)) return;
    const message = parseLine(line);
    if (message === undefined) return;
    switch (message["type"]) {
      case "control_response":
        return this.#control.settle(message);
      case "control_request":
        return this.#onControlRequest(message);
      case "result":
        if (this.#historyAck !== undefined && (message["num_turns"] === 0 || message["is_error"] === true)) return this.#acknowledge(message);
        break;
      case "system":
        if (message["subtype"] === "init") return this.#checkTools(message);
    }
    if (run?.isAsked !== true && this.#refusedUnasked(message)) return;
    if (run === undefined) return this.#onUnasked(message);
    run.translator.take(message, run.queue.items, wasCut);
    if (message["type"] === "rate_limit_event" && run.translator.rateLimit !== undefined) this.#options.onRateLimit(run.translator.rateLimit);
    this.#killIfCut(run);
  }

  /** Before each turn, of a rehearsal too, the CLI tells which tools its model has. */
  #checkTools(init: JsonObject): void {
    const fault = this.#served.check(init);
    if (fault === undefined) return;
    this.#historyAck?.reject(fault);
    if (this.#run === undefined) return;
    this.#run.fail(fault);
    // At once: it is about to ask the model.
    this.process.kill();
  }

  /** At once: the CLI is about to ask the model to go on, and takes the time for it that any gentler end would give. */
  #killIfCut({ translator }: Run): void {
    if (translator.outcome.name === "cut") this.process.kill();
  }

  #onReadEnd(): void {
    const run = this.#run;
    if (run === undefined) return;
    const { queue, translator: { outcome }, silence, fail } = run;
    silence.refresh();
    this.#hasBegun ||= run.isAsked && queue.items.length > 0;
    queue.flush();
    if (outcome.name === "failed") fail(this.#hasBegun ? outcome.error : this.#served.explain(outcome.error));
    else if (outcome.name !== "running") queue.end();
  }

  /**
   * A CLI that answers what was no question (a message of a rehearsal, of a history) is not what it is taken for, and its
   * answer is nobody's. The run fails with it, or the rehearsal. False where the message is no answer, or nobody waits.
   */
  #refusedUnasked(message: JsonObject): boolean {
    if (!goesOn(message) || message["is_error"] === true) return false;
    const waits = this.#run?.fail ?? this.#historyAck?.reject;
    waits?.(new BridgeError("cli_failed", "The claude process answered what was no question."));
    return waits !== undefined;
  }

  /** A parked CLI that goes on by itself (it answers a call to a tool that nobody has) is no longer where the client believes it. */
  #onUnasked(message: JsonObject): void {
    if (this.#standing.name !== "parked" || !goesOn(message)) return;
    this.#standing = { name: "unknown" };
    void this.process.end();
  }

  #onControlRequest(message: JsonObject): void {
    const requestId = optionalString(message["request_id"]) ?? "";
    const request = isObject(message["request"]) ? message["request"] : {};
    if (request["subtype"] !== "mcp_message" || !isObject(request["message"])) {
      void this.process.write(controlErrorLine(requestId, "not supported"));
      return;
    }
    const step = serveTools(request["message"], this.#served.list);
    if (step.kind === "answer") {
      void this.process.write(controlSuccessLine(requestId, { mcp_response: step.response }));
      return;
    }
    if (this.#run !== undefined) {
      this.#run.translator.takeCallRequest(this.#run.queue.items);
      this.#killIfCut(this.#run);
    }
    this.#calls.ask(requestId, step.call);
  }

  /** Writes what the process has not seen. Each history message of the user is acknowledged before what follows is written: the CLI's queue is not ordered against assistant lines. */
  async #tell(turn: Turn, seen: number): Promise<void> {
    if (this.#rehearsal !== undefined) await this.#untilRehearsed(this.#rehearsal);
    // Not waited for: the CLI reads what follows in order, and a refusal fails the turn whenever it comes.
    else if (seen === 0) this.#initialize(turn).catch((error: unknown) => this.#run?.fail(asBridgeError(error)));
    const last = turn.messages.length - 1;
    for (const message of turn.messages.slice(seen, last)) {
      if (message.role === "assistant") {
        await this.process.write(historyAssistantLine(message, `msg_${randomUUID()}`, randomUUID()));
        continue;
      }
      const acknowledged = this.#acknowledged();
      await Promise.all([this.process.write(historyUserLine(message)), acknowledged]);
      this.#options.onHistoryTold();
    }
    const message = turn.messages[last];
    if (message === undefined) return;
    if (this.#run !== undefined) this.#run.isAsked = true;
    await this.process.write(turnLine(message));
  }

  async #untilRehearsed(rehearsal: Promise<void>): Promise<void> {
    const waitMsMax = this.#options.rehearsalWaitMsMax ?? rehearsalWaitMsMax;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const message = `The claude process did not end its rehearsal within ${waitMsMax / 1000} s.`;
      timer = setTimeout(() => reject(new BridgeError("cli_failed", message)), waitMsMax);
    });
    await Promise.race([rehearsal, late]).finally(() => clearTimeout(timer));
  }

  /** Resolves when the CLI has taken all of it; rejects with its first refusal. */
  async #initialize(turn: Turn): Promise<void> {
    this.#served = new ServedTools(turn);
    const initialized = this.#control.request(initializeRequest(turn)).then((answer) => this.#options.onInitialized(parseInitializeAnswer(answer)));
    const settings = [settingsRequest(turn), thinkingRequest(turn)].flatMap((request) => (request === undefined ? [] : [this.#control.request(request)]));
    await Promise.all([initialized, ...settings]);
  }

  /** Resolves when the CLI has taken the message of the history that is written next. */
  #acknowledged(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#historyAck = { resolve, reject };
    });
  }

  #acknowledge(result: JsonObject): void {
    const ack = this.#historyAck;
    this.#historyAck = undefined;
    if (result["is_error"] === true) ack?.reject(new BridgeError("cli_failed", "The claude process did not take the conversation's history."));
    else ack?.resolve();
  }
}

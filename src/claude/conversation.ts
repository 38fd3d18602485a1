import { randomUUID } from "node:crypto";
import { asBridgeError, BridgeError } from "../errors.ts";
import type { Turn, TurnEvent } from "../turn.ts";
import { BatchQueue } from "./batches.ts";
import { ControlChannel } from "./control.ts";
import { parseDeltaLine } from "./deltas.ts";
import type { ClaudeProcess } from "./process.ts";
import {
  historyAssistantLine, historyUserLine, type InitializeAnswer, initializeRequest, type JsonObject,
  outputTokensRequest, parseInitializeAnswer, parseLine, type RateLimitInfo, turnLine,
} from "./protocol.ts";
import { TurnTranslator } from "./translate.ts";

export interface ConversationOptions {
  /** The longest silence of the CLI inside a turn, in milliseconds, before the turn fails. */
  readonly silenceMsMax: number;
  /** What the CLI tells of itself and its login, once a process. */
  readonly onInitialized: (answer: InitializeAnswer) => void;
  /** What the CLI tells of the subscription's windows. */
  readonly onRateLimit: (info: RateLimitInfo) => void;
}

type HistoryAck = { readonly resolve: () => void; readonly reject: (error: BridgeError) => void };

/**
 * One conversation on one process: the system prompt and the history are told to it once, then a turn at a time.
 * It never gives the process back: whoever made it ends it.
 */
export class Conversation {
  readonly process: ClaudeProcess;
  readonly #control: ControlChannel;
  readonly #options: ConversationOptions;
  #historyAck: HistoryAck | undefined;
  #atKnownPoint = true;
  #hasBegun = false;

  constructor(process: ClaudeProcess, options: ConversationOptions) {
    this.process = process;
    this.#options = options;
    this.#control = new ControlChannel((line) => void process.write(line));
  }

  /** The present turn's first output has come: it reached the model. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** The CLI waits for the next message, and its history is exactly what was asked and answered. */
  get atKnownPoint(): boolean {
    return this.#atKnownPoint;
  }

  /**
   * Runs one turn. `seen` is how many of the turn's messages the process has already; 0 on a fresh one. Yields what each
   * read of the CLI's output made; throws a BridgeError when the turn fails, the CLI is silent for too long, or `signal` aborts.
   */
  async *run(turn: Turn, seen: number, signal: AbortSignal): AsyncGenerator<TurnEvent[], void, undefined> {
    const queue = new BatchQueue<TurnEvent>({
      pause: () => this.process.pause(),
      resume: () => {
        // The silence was the writer's, not the CLI's.
        silence.refresh();
        this.process.resume();
      },
    });
    const translator = new TurnTranslator(Date.now);
    const fail = (error: BridgeError): void => {
      this.#historyAck?.reject(error);
      this.#control.failAll(error);
      queue.end(error);
    };
    const silence = setInterval(() => {
      if (queue.isAwaited) fail(new BridgeError("turn_timeout", `The claude process was silent for ${this.#options.silenceMsMax / 1000} s.`));
    }, this.#options.silenceMsMax);
    const onAbort = (): void => fail(new BridgeError("client_closed", "The client closed the request."));
    signal.addEventListener("abort", onAbort, { once: true });
    this.#atKnownPoint = false;
    this.#hasBegun = false;
    this.process.attach({
      onLine: (line) => this.#onLine(line, translator, queue.items),
      onReadEnd: () => {
        silence.refresh();
        this.#hasBegun ||= queue.items.length > 0;
        queue.flush();
        if (translator.outcome.name === "failed") fail(translator.outcome.error);
        else if (translator.outcome.name !== "running") queue.end();
      },
      onFailure: fail,
    });
    try {
      if (signal.aborted) onAbort();
      else this.#tell(turn, seen, fail).catch((error: unknown) => fail(asBridgeError(error)));
      for (let batch = await queue.next(); batch !== undefined; batch = await queue.next()) yield batch;
      if (translator.outcome.name === "finished") {
        this.#atKnownPoint = true;
        this.process.rest();
      }
    } finally {
      clearInterval(silence);
      signal.removeEventListener("abort", onAbort);
      if (!this.#atKnownPoint) this.#interrupt();
    }
  }

  #onLine(line: string, translator: TurnTranslator, events: TurnEvent[]): void {
    const delta = parseDeltaLine(line);
    if (delta !== undefined) {
      if (translator.countDelta()) events.push(delta);
      return;
    }
    const message = parseLine(line);
    if (message === undefined) return;
    switch (message["type"]) {
      case "control_response":
        return this.#control.settle(message);
      case "result":
        if (this.#historyAck !== undefined) return this.#acknowledge(message);
        return translator.take(message, events);
      case "rate_limit_event":
        translator.take(message, events);
        if (translator.rateLimit !== undefined) this.#options.onRateLimit(translator.rateLimit);
        return;
      default:
        translator.take(message, events);
        // At once: the CLI is about to ask the model to go on, and takes the time for it that any gentler end would give.
        if (translator.outcome.name === "cut") this.process.kill();
    }
  }

  /** Writes what the process has not seen. Each history message of the user is acknowledged before what follows is written: the CLI's queue is not ordered against assistant lines. */
  async #tell(turn: Turn, seen: number, fail: (error: BridgeError) => void): Promise<void> {
    if (seen === 0) this.#initialize(turn, fail);
    const last = turn.messages.length - 1;
    for (const message of turn.messages.slice(seen, last)) {
      if (message.role === "assistant") {
        await this.process.write(historyAssistantLine(message, `msg_${randomUUID()}`, randomUUID()));
        continue;
      }
      const acknowledged = new Promise<void>((resolve, reject) => {
        this.#historyAck = { resolve, reject };
      });
      await Promise.all([this.process.write(historyUserLine(message)), acknowledged]);
    }
    const message = turn.messages[last];
    if (message !== undefined) await this.process.write(turnLine(message));
  }

  /** Not waited for: the CLI reads what follows in order, and a refusal fails the turn whenever it comes. */
  #initialize(turn: Turn, fail: (error: BridgeError) => void): void {
    const failed = (error: unknown): void => fail(asBridgeError(error));
    this.#control.request(initializeRequest(turn.system)).then((answer) => this.#options.onInitialized(parseInitializeAnswer(answer)), failed);
    if (turn.maxOutputTokens !== undefined) this.#control.request(outputTokensRequest(turn.maxOutputTokens)).catch(failed);
  }

  #acknowledge(result: JsonObject): void {
    const ack = this.#historyAck;
    this.#historyAck = undefined;
    if (result["is_error"] === true) ack?.reject(new BridgeError("cli_failed", "The claude process did not take the conversation's history."));
    else ack?.resolve();
  }

  #interrupt(): void {
    this.#control.request({ subtype: "interrupt" }).catch(() => {});
  }
}

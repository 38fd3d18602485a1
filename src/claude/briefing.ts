import { randomUUID } from "node:crypto";
import { BridgeError } from "../errors.ts";
import type { Message } from "../turn/message.ts";
import type { Turn } from "../turn/turn.ts";
import type { ControlChannel } from "./control.ts";
import type { ClaudeProcess } from "./process.ts";
import {
  historyAssistantLine, historyUserLine, type InitializeAnswer, initializeRequest, type JsonObject,
  parseInitializeAnswer,
  settingsRequest, thinkingRequest,
} from "./protocol.ts";

/**
 * How long a turn waits for its process's rehearsal, in milliseconds. One takes less than a second on a machine at
 * rest. The turn then fails with `cli_failed` before its first byte, so that it can be given to another process.
 */
export const rehearsalWaitMsMax = 5_000;
/** How many empty messages a rehearsal has: with each of the first few the CLI's code gets faster. */
const rehearsalMessages = 3;

export interface BriefingOptions {
  /** Usually `rehearsalWaitMsMax`. */
  readonly rehearsalWaitMsMax?: number;
  /** What the CLI tells of itself and its login, once a process. */
  readonly onInitialized: (answer: InitializeAnswer) => void;
  /** The CLI has taken one more message of a history that it is told. */
  readonly onHistoryTold: () => void;
}

interface Acknowledgement {
  readonly resolve: () => void;
  readonly reject: (error: BridgeError) => void;
}

/** What a process is told before it is asked: system prompt, tools, settings and the conversation's history. */
export class Briefing {
  readonly #process: ClaudeProcess;
  readonly #control: ControlChannel;
  readonly #options: BriefingOptions;
  #awaited: Acknowledgement | undefined;
  #rehearsal: Promise<void> | undefined;

  constructor(process: ClaudeProcess, control: ControlChannel, options: BriefingOptions) {
    this.#process = process;
    this.#control = control;
    this.#options = options;
  }

  /** The CLI has yet to acknowledge a message of a history. */
  get isAwaited(): boolean {
    return this.#awaited !== undefined;
  }

  /** The process has rehearsed, or is at it. */
  get isRehearsed(): boolean {
    return this.#rehearsal !== undefined;
  }

  /**
   * Tells a turn's beginning, then empty messages that leave no trace in the history, until `isDue` says that a turn
   * has come. Rejects with the CLI's refusal.
   */
  rehearse(profile: Turn, isDue: () => boolean): Promise<void> {
    this.#rehearsal = this.#goThroughMotions(this.initialize(profile), isDue);
    return this.#rehearsal;
  }

  /** Resolves when the rehearsal is over. Rejects when it failed, or with `cli_failed` when it takes too long. */
  async untilRehearsed(): Promise<void> {
    const waitMsMax = this.#options.rehearsalWaitMsMax ?? rehearsalWaitMsMax;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const message = `The claude process did not end its rehearsal within ${waitMsMax / 1000} s.`;
      timer = setTimeout(() => reject(new BridgeError("cli_failed", message)), waitMsMax);
    });
    await Promise.race([this.#rehearsal, late]).finally(() => clearTimeout(timer));
  }

  /** Resolves when the CLI has taken all of a turn's beginning; rejects with its first refusal. */
  async initialize(turn: Turn): Promise<void> {
    const initialized = this.#control.request(initializeRequest(turn))
      .then((answer) => this.#options.onInitialized(parseInitializeAnswer(answer)));
    const settings = [settingsRequest(turn), thinkingRequest(turn)].flatMap((request) => (
      request === undefined ? [] : [this.#control.request(request)]));
    await Promise.all([initialized, ...settings]);
  }

  /**
   * Writes messages that only join the history. Each of the user's is acknowledged before what follows is written: the
   * CLI's queue is not ordered against assistant lines.
   */
  async tell(messages: readonly Message[]): Promise<void> {
    for (const message of messages) {
      if (message.role === "assistant") {
        await this.#process.write(historyAssistantLine(message, `msg_${randomUUID()}`, randomUUID()));
        continue;
      }
      const acknowledged = this.#acknowledged();
      await Promise.all([this.#process.write(historyUserLine(message)), acknowledged]);
      this.#options.onHistoryTold();
    }
  }

  /** Takes a `result` line if it is the acknowledgement that is waited for. */
  takeResult(result: JsonObject): boolean {
    const awaited = this.#awaited;
    if (awaited === undefined || (result["num_turns"] !== 0 && result["is_error"] !== true)) return false;
    this.#awaited = undefined;
    if (result["is_error"] !== true) awaited.resolve();
    else awaited.reject(new BridgeError("cli_failed", "The claude process did not take the conversation's history."));
    return true;
  }

  /** No acknowledgement will come. */
  fail(error: BridgeError): void {
    this.#awaited?.reject(error);
  }

  async #goThroughMotions(initialized: Promise<void>, isDue: () => boolean): Promise<void> {
    // A turn that comes meanwhile waits for no further one.
    for (let times = 0; times < rehearsalMessages && !isDue(); times++) {
      const acknowledged = this.#acknowledged();
      void this.#process.write(historyUserLine({ role: "user", content: [] }));
      // Both: a refusal may stand in the same read as the acknowledgement.
      await Promise.all([initialized, acknowledged]);
    }
  }

  /** Resolves when the CLI has taken the message of the history that is written next. */
  #acknowledged(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#awaited = { resolve, reject };
    });
  }
}

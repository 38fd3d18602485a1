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
 * How long a turn waits for its process's rehearsal, in milliseconds. A rehearsal takes less than a second on
 * an idle machine. A turn that waits longer fails with `cli_failed` before its first byte, so that it can be
 * given to another process.
 */
export const rehearsalWaitMsMax = 5_000;
/** How many empty messages a rehearsal sends. Each of the first few makes the CLI's code run faster. */
const rehearsalMessages = 3;

export interface BriefingOptions {
  /** In milliseconds; `rehearsalWaitMsMax` by default. */
  readonly rehearsalWaitMsMax?: number;
  /** Called once per process with the CLI's answer to `initialize`: its models and its login. */
  readonly onInitialized: (answer: InitializeAnswer) => void;
  /** Called each time the CLI has acknowledged a user message of the history. */
  readonly onHistoryTold: () => void;
}

interface Acknowledgement {
  readonly resolve: () => void;
  readonly reject: (error: BridgeError) => void;
}

/** Tells a process all that precedes its question: system prompt, tools, settings and the conversation's history. */
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

  /** Whether a history message was written that the CLI has not acknowledged yet. */
  get isAwaited(): boolean {
    return this.#awaited !== undefined;
  }

  /** Whether a rehearsal has begun; it may still be running. */
  get isRehearsed(): boolean {
    return this.#rehearsal !== undefined;
  }

  /**
   * Sends the profile's system prompt, tools and settings, then empty messages that leave no trace in the history.
   * Sends no further message once `isDue` says that a turn has come. Rejects with the CLI's refusal.
   */
  rehearse(profile: Turn, isDue: () => boolean): Promise<void> {
    this.#rehearsal = this.#goThroughMotions(this.initialize(profile), isDue);
    return this.#rehearsal;
  }

  /** Resolves when the rehearsal is over. Rejects with its failure, or with `cli_failed` when it takes too long. */
  async untilRehearsed(): Promise<void> {
    const waitMsMax = this.#options.rehearsalWaitMsMax ?? rehearsalWaitMsMax;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const message = `The claude process did not end its rehearsal within ${waitMsMax / 1000} s.`;
      timer = setTimeout(() => reject(new BridgeError("cli_failed", message)), waitMsMax);
    });
    await Promise.race([this.#rehearsal, late]).finally(() => clearTimeout(timer));
  }

  /** Sends a turn's system prompt, tools and settings. Resolves when all are accepted; rejects with a refusal. */
  async initialize(turn: Turn): Promise<void> {
    const initialized = this.#control.request(initializeRequest(turn))
      .then((answer) => this.#options.onInitialized(parseInitializeAnswer(answer)));
    const settings = [settingsRequest(turn), thinkingRequest(turn)].flatMap((request) => (
      request === undefined ? [] : [this.#control.request(request)]));
    await Promise.all([initialized, ...settings]);
  }

  /**
   * Writes messages that only join the history. Waits for the CLI to acknowledge each user message before it writes the
   * next message: the CLI queues user messages, and does not keep their order with assistant lines.
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

  /** Handles a `result` line if it accepts or refuses the history message written last. Returns whether it did. */
  takeResult(result: JsonObject): boolean {
    const awaited = this.#awaited;
    if (awaited === undefined || (result["num_turns"] !== 0 && result["is_error"] !== true)) return false;
    this.#awaited = undefined;
    if (result["is_error"] !== true) awaited.resolve();
    else awaited.reject(new BridgeError("cli_failed", "The claude process did not take the conversation's history."));
    return true;
  }

  /** Rejects the wait for an acknowledgement that will not come. */
  fail(error: BridgeError): void {
    this.#awaited?.reject(error);
  }

  async #goThroughMotions(initialized: Promise<void>, isDue: () => boolean): Promise<void> {
    // Stop once a turn is due: it waits for the message under way, and for no further one.
    for (let times = 0; times < rehearsalMessages && !isDue(); times++) {
      const acknowledged = this.#acknowledged();
      void this.#process.write(historyUserLine({ role: "user", content: [] }));
      // Wait for both: one read may hold the refusal of `initialize` and the acknowledgement of the message.
      await Promise.all([initialized, acknowledged]);
    }
  }

  /** Resolves when the CLI acknowledges the history message that the caller writes next; rejects when it refuses it. */
  #acknowledged(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#awaited = { resolve, reject };
    });
  }
}

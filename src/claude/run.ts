import { BridgeError } from "../errors.ts";
import type { TurnEvent } from "../turn/event.ts";
import type { Turn } from "../turn/turn.ts";
import { BatchQueue } from "./batches.ts";
import type { BriefingOptions } from "./briefing.ts";
import type { ClientTools } from "./client-tools.ts";
import type { ClaudeProcess } from "./process.ts";
import type { RateLimitInfo } from "./protocol.ts";
import { TurnTranslator } from "./translate.ts";

export interface ConversationOptions extends BriefingOptions {
  /** How long the CLI may write nothing during a turn before the turn fails, in milliseconds. */
  readonly silenceMsMax: number;
  /** Called when the CLI reports the state of the subscription's usage windows. */
  readonly onRateLimit: (info: RateLimitInfo) => void;
}

/** The state of a turn while a process runs it. */
export interface Run {
  readonly queue: BatchQueue<TurnEvent>;
  readonly translator: TurnTranslator;
  readonly silence: NodeJS.Timeout;
  readonly fail: (error: BridgeError) => void;
  /** The question, or the awaited tool results, went to the CLI: what it writes from now on is this run's. */
  isAsked: boolean;
  /**
   * Whether the run has produced output, which shows that its request has reached the model. A request that the API
   * refused, and that the CLI sends again, has not.
   */
  hasBegun: boolean;
}

/** What a conversation keeps of its last run. */
export interface LastRun {
  /** The id of the message that the run ended with. If the CLI repeats that message, the next run ignores it. */
  readonly messageId: string | undefined;
  readonly hasBegun: boolean;
  /** How many messages of the run's turn were in the process's history before its question, or its results. */
  readonly settled: number;
  /** The process accepted what it was prepared with, and was asked: all before the question is in its history. */
  readonly isCertain: boolean;
  /** The state of the subscription's window: the CLI reports only changes of it. */
  readonly rateLimit: RateLimitInfo | undefined;
}

/** What a run needs of its conversation. */
export interface RunSetting {
  readonly process: ClaudeProcess;
  readonly tools: ClientTools;
  readonly last: LastRun;
  readonly silenceMsMax: number;
  /** Called when the run fails: rejects everything else that waits for an answer of the process. */
  readonly onFailure: (error: BridgeError) => void;
}

/** Creates the queue and the translator of a run and starts its silence timer. Writes nothing to the process. */
export function startRun({ responseSchema, disableParallelToolUse, toolChoice }: Turn, setting: RunSetting): Run {
  const { process, tools, last, silenceMsMax, onFailure } = setting;
  const queue = new BatchQueue<TurnEvent>({
    pause: () => process.pause(),
    resume: () => {
      // A paused CLI is not read. The time until now does not count as its silence.
      silence.refresh();
      process.resume();
    },
  });
  const manyCalls = disableParallelToolUse ? 1 : Infinity;
  const translator = new TurnTranslator({
    nowMs: Date.now,
    previousMessageId: last.messageId,
    rateLimit: last.rateLimit,
    hasSchema: responseSchema !== undefined,
    isServed: (toolName) => tools.has(toolName),
    onCall: (call) => tools.note(call),
    mayBegin: () => !tools.isPending,
    callsMax: toolChoice.type === "none" ? 0 : manyCalls,
  });
  const fail = (error: BridgeError): void => {
    onFailure(error);
    queue.end(error);
  };
  const silence = setInterval(() => {
    if (!queue.isAwaited) return;
    fail(new BridgeError("turn_timeout", `The claude process was silent for ${silenceMsMax / 1000} s.`));
  }, silenceMsMax);
  return { queue, translator, silence, fail, isAsked: false, hasBegun: false };
}

/** Ends a read: gives its events to the turn's caller, and ends the run if its outcome is known. */
export function endRead(run: Run, explain: (error: BridgeError) => BridgeError): void {
  const { queue, translator: { outcome }, silence, fail } = run;
  silence.refresh();
  run.hasBegun ||= run.isAsked && queue.items.some(({ type }) => type !== "retry");
  queue.flush();
  if (outcome.name === "failed") fail(run.hasBegun ? outcome.error : explain(outcome.error));
  else if (outcome.name !== "running") queue.end();
}

/** What is kept of a run that is over, except how much of its turn is in the history: the conversation adds that. */
export function lastOf(
  { translator: { messageId, rateLimit }, hasBegun }: Run,
): Omit<LastRun, "settled" | "isCertain"> {
  return { messageId, rateLimit, hasBegun };
}

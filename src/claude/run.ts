import { BridgeError } from "../errors.ts";
import type { TurnEvent } from "../turn/event.ts";
import type { Turn } from "../turn/turn.ts";
import { BatchQueue } from "./batches.ts";
import type { BriefingOptions } from "./briefing.ts";
import type { ClientTools } from "./client-tools.ts";
import { bootWaitMs } from "./probe.ts";
import type { LiveProcess } from "./process.ts";
import type { RateLimitInfo } from "./protocol.ts";
import type { OnSpent } from "./spent.ts";
import { timeInNode } from "./time.ts";
import { TurnTranslator } from "./translate.ts";
import { type Heard, type Limits, limitsOf, type Phase, Watch } from "./watch.ts";

export interface ConversationOptions extends BriefingOptions {
  /** How long the CLI may write nothing during a turn before the turn fails, in milliseconds. */
  readonly silenceMsMax: number;
  /** Other limits than those of `limitsOf`. */
  readonly limits?: Partial<Limits>;
  /** Called when the CLI reports the state of the subscription's usage windows. */
  readonly onRateLimit: (info: RateLimitInfo) => void;
  readonly onSpent: OnSpent;
}

/** The state of a turn while a process runs it. */
export interface Run {
  readonly queue: BatchQueue<TurnEvent>;
  readonly translator: TurnTranslator;
  readonly watch: Watch;
  readonly fail: (error: BridgeError) => void;
  /** The question, or the awaited tool results, went to the CLI: what it writes from now on is this run's. */
  isAsked: boolean;
  /**
   * Whether the run has produced output, which shows that its request has reached the model. A request that the API
   * refused, and that the CLI sends again, has not.
   */
  hasBegun: boolean;
  /** Whether the process has said anything of the turn since it was asked. */
  hasWord: boolean;
  /** The API has answered, if only with a refusal after which the CLI tries again. */
  hasSign: boolean;
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
  readonly process: LiveProcess;
  readonly tools: ClientTools;
  readonly last: LastRun;
  readonly heard: Heard;
  readonly options: Pick<ConversationOptions, "silenceMsMax" | "bootMsMax" | "limits" | "time" | "onSpent">;
  /** Called when the run fails: rejects everything else that waits for an answer of the process. */
  readonly onFailure: (error: BridgeError) => void;
}

/** Creates the queue and the translator of a run and starts its watch. Writes nothing to the process. */
export function startRun(turn: Turn, setting: RunSetting): Run {
  const { responseSchema, disableParallelToolUse, toolChoice, isWhole = false } = turn;
  const { process, tools, last, heard, options, onFailure } = setting;
  const { silenceMsMax, bootMsMax = () => bootWaitMs, time = timeInNode, onSpent } = options;
  const queue = new BatchQueue<TurnEvent>({
    pause: () => process.pause(),
    resume: () => {
      // A paused CLI is not read. The time until now does not count as its silence.
      watch.refresh();
      process.resume();
    },
  });
  const manyCalls = disableParallelToolUse ? 1 : Infinity;
  const translator = new TurnTranslator({
    nowMs: time.now,
    previousMessageId: last.messageId,
    rateLimit: last.rateLimit,
    hasSchema: responseSchema !== undefined,
    isWhole,
    isServed: (toolName) => tools.has(toolName),
    onCall: (call) => tools.note(call),
    mayBegin: () => !tools.isPending,
    callsMax: toolChoice.type === "none" ? 0 : manyCalls,
  });
  const fail = (error: BridgeError): void => {
    onFailure(error);
    queue.end(error);
  };
  const limits = limitsOf(heard, time.now(), { silenceMsMax, bootMsMax: bootMsMax() });
  const watch = new Watch({
    limits: { ...limits, ...options.limits }, time, isListening: () => queue.isAwaited, fail,
    onNoResult: () => {
      translator.endWithoutResult(queue.items);
      queue.end();
      onSpent("no_result", "at once");
    },
  });
  watch.enter(heard.lastAtMs === undefined ? "booting" : "told");
  return { queue, translator, watch, fail, isAsked: false, hasWord: false, hasBegun: false, hasSign: false };
}

/** To be called before the question, or the awaited results, are written. */
export function noteAsked(run: Run, { lastAtMs }: Heard): void {
  run.isAsked = true;
  if (lastAtMs !== undefined) run.watch.enter("asked");
}

/**
 * Ends a read: gives its events to the turn's caller, and ends the run if its outcome is known. Does nothing for a run
 * that has failed: what it is answered is not counted as begun.
 */
export function endRead(run: Run, explain: (error: BridgeError) => BridgeError): void {
  const { queue, translator, watch, fail } = run;
  if (queue.isEnded) return;
  const { outcome } = translator;
  watch.refresh();
  run.hasSign ||= run.isAsked && queue.items.length > 0;
  run.hasBegun ||= run.hasSign && queue.items.some(({ type }) => type !== "retry");
  watch.enter(phaseOf(run));
  queue.flush();
  if (outcome.name === "failed") fail(run.hasBegun ? outcome.error : explain(outcome.error));
  else if (outcome.name !== "running") queue.end();
}

function phaseOf({ isAsked, hasWord, hasSign, translator }: Run): Phase {
  if (!isAsked) return "told";
  if (!hasSign) return hasWord ? "waiting" : "asked";
  return translator.lacksResult ? "answered" : "answering";
}

/**
 * What the next run on the same process needs to know of this one, which is over. How many of the turn's messages the
 * process has is not among it: `Conversation` knows that.
 */
export function lastOf(
  { translator: { messageId, rateLimit }, hasBegun }: Run,
): Omit<LastRun, "settled" | "isCertain"> {
  return { messageId, rateLimit, hasBegun };
}

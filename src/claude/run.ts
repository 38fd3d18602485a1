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
  /** The run has produced output, so its request has reached the model. */
  hasBegun: boolean;
}

/** What a conversation keeps of its last run. */
export interface LastRun {
  /** The id of the message that the run ended with. If the CLI repeats that message, the next run ignores it. */
  readonly messageId: string | undefined;
  readonly hasBegun: boolean;
}

/** What a run needs of its conversation. */
export interface RunSetting {
  readonly process: ClaudeProcess;
  readonly tools: ClientTools;
  /** The id of the message that the process's last turn ended with. The CLI may repeat that message. */
  readonly previousMessageId: string | undefined;
  readonly silenceMsMax: number;
  /** Called when the run fails: rejects everything else that waits for an answer of the process. */
  readonly onFailure: (error: BridgeError) => void;
}

/** Creates the queue and the translator of a run and starts its silence timer. Writes nothing to the process. */
export function startRun({ responseSchema, disableParallelToolUse, toolChoice }: Turn, setting: RunSetting): Run {
  const { process, tools, previousMessageId, silenceMsMax, onFailure } = setting;
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
    previousMessageId,
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

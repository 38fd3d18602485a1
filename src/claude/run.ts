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
  /** The longest silence of the CLI inside a turn, in milliseconds, before the turn fails. */
  readonly silenceMsMax: number;
  /** What the CLI tells of the subscription's windows. */
  readonly onRateLimit: (info: RateLimitInfo) => void;
}

/** A turn under way on a process. */
export interface Run {
  readonly queue: BatchQueue<TurnEvent>;
  readonly translator: TurnTranslator;
  readonly silence: NodeJS.Timeout;
  readonly fail: (error: BridgeError) => void;
  /** The model is being asked: what the CLI answers from now on is this run's. */
  isAsked: boolean;
  /** The run's first output has come: it reached the model. */
  hasBegun: boolean;
}

/** What is kept of the last run. */
export interface LastRun {
  /** The id of the message that it ended with: the CLI may repeat that message. */
  readonly messageId: string | undefined;
  readonly hasBegun: boolean;
}

/** What a run needs of its conversation. */
export interface RunSetting {
  readonly process: ClaudeProcess;
  readonly tools: ClientTools;
  /** The id of the message that the process's last turn ended with. */
  readonly previousMessageId: string | undefined;
  readonly silenceMsMax: number;
  /** The run fails: everything that its process was asked for fails with it. */
  readonly onFailure: (error: BridgeError) => void;
}

/** A run of a turn, its clock of silence started. */
export function startRun({ responseSchema, parallelToolCalls, toolChoice }: Turn, setting: RunSetting): Run {
  const { process, tools, previousMessageId, silenceMsMax, onFailure } = setting;
  const queue = new BatchQueue<TurnEvent>({
    pause: () => process.pause(),
    resume: () => {
      // The silence was the writer's, not the CLI's.
      silence.refresh();
      process.resume();
    },
  });
  const manyCalls = parallelToolCalls ? Infinity : 1;
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

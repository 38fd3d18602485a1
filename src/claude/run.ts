import { BridgeError, clientClosed } from "../errors.ts";
import type { TurnEvent } from "../turn/event.ts";
import { type Batches, BatchQueue } from "./batches.ts";
import type { BriefingOptions } from "./briefing.ts";
import type { ClientTools } from "./client-tools.ts";
import type { ToldTurn } from "./parameters.ts";
import { bootWaitMs } from "./probe.ts";
import type { LeftTurn } from "./left-turn.ts";
import type { NewsOptions } from "./news.ts";
import type { LiveProcess } from "./process.ts";
import type { RateLimitInfo } from "./protocol.ts";
import type { OnSpent } from "./spent.ts";
import { timeInNode } from "./time.ts";
import { TurnTranslator } from "./translate.ts";
import { BootTimeout, type Heard, type Limits, limitsOf, type Phase, Watch } from "./watch.ts";

export interface ConversationOptions extends BriefingOptions, NewsOptions {
  /** How long the CLI may write nothing during a turn before the turn fails, in milliseconds. */
  readonly silenceMsMax: number;
  /** Overrides for the limits that `limitsOf` gives. */
  readonly limits?: Partial<Limits>;
  readonly onSpent: OnSpent;
  /** Called when a turn fails because its process did not come up in time, be it that another process gets the turn. */
  readonly onBootTimeout?: (error: BootTimeout) => void;
}

/**
 * How far a run is; the stages come in this order. `told`: the process is being told what comes before the question.
 * `asked`: the question, or the awaited tool results, went to the CLI: what it writes from now on belongs to this run.
 * `waiting`: the CLI has written something of the turn since. `refused`: the API has answered, but only with a refusal
 * after which the CLI tries again. `begun`: there is output, so the request has reached the model.
 */
type Stage = "told" | "asked" | "waiting" | "refused" | "begun";

/** What a conversation keeps of its last run. */
export interface LastRun {
  /** The id of the message that the run ended with. If the CLI repeats that message, the next run ignores it. */
  readonly messageId: string | undefined;
  readonly hasBegun: boolean;
  readonly left: LeftTurn;
  /** The subscription's rate limit window: the CLI reports only changes of it. */
  readonly rateLimit: RateLimitInfo | undefined;
}

/** What a run needs of its conversation. */
export interface RunSetting {
  readonly process: LiveProcess;
  readonly tools: ClientTools;
  readonly last: LastRun;
  readonly heard: Heard;
  readonly options: Pick<
    ConversationOptions, "silenceMsMax" | "bootMsMax" | "limits" | "time" | "onSpent" | "onBootTimeout"
  >;
  /** Called when the run fails: rejects everything else that waits for an answer of the process. */
  readonly onFailure: (error: BridgeError) => void;
  /** Whether the CLI has not yet acknowledged all settings that the process was told. */
  readonly lacksSettings: () => boolean;
}

/** A turn as its caller reads it. The caller must call `leave` when it reads no more. */
export interface Reading {
  readonly batches: Batches<TurnEvent>;
  /** Resolves when all of the turn is told, or nobody waits for it any more. Rejects if the CLI refuses a part. */
  readonly told: Promise<unknown>;
  readonly leave: () => void;
}

/** A turn while a process runs it. Writes nothing to the process. */
export class Run {
  readonly queue: BatchQueue<TurnEvent>;
  readonly translator: TurnTranslator;
  readonly watch: Watch;
  readonly fail: (error: BridgeError) => void;
  /** Stops watching the process and the caller's signal. */
  readonly stop: () => void;
  readonly #lacksSettings: () => boolean;
  #stage: Stage = "told";

  constructor(turn: ToldTurn, signal: AbortSignal, setting: RunSetting) {
    const { responseSchema, disableParallelToolUse, toolChoice, isSentAtOnce = false } = turn;
    const { process, tools, last, heard, options, onFailure } = setting;
    const { silenceMsMax, bootMsMax = () => bootWaitMs, time = timeInNode, onSpent } = options;
    this.queue = new BatchQueue<TurnEvent>({
      pause: () => process.pause(),
      resume: () => {
        // A paused CLI is not read. The time until now does not count as its silence.
        this.watch.refresh();
        process.resume();
      },
    });
    this.#lacksSettings = setting.lacksSettings;
    const manyCalls = disableParallelToolUse ? 1 : Infinity;
    this.translator = new TurnTranslator({
      nowMs: time.now,
      previousMessageId: last.messageId,
      rateLimit: last.rateLimit,
      hasSchema: responseSchema !== undefined,
      isSentAtOnce,
      isServed: (toolName) => tools.has(toolName),
      onCall: (call) => tools.note(call),
      mayBegin: () => !tools.isPending,
      callsMax: toolChoice.type === "none" ? 0 : manyCalls,
    });
    this.fail = (error) => {
      // A turn that its client has left fails nothing else: the CLI still answers what it was told.
      if (error.code !== "client_closed") onFailure(error);
      if (error instanceof BootTimeout) options.onBootTimeout?.(error);
      this.queue.end(error);
    };
    const usual = { silenceMsMax, bootMsMax: bootMsMax() };
    const limits = limitsOf(heard, time.now(), usual, () => JSON.stringify(turn).length);
    this.watch = new Watch({
      limits: { ...limits, ...options.limits }, time, isListening: () => this.queue.isAwaited, fail: this.fail,
      onNoResult: () => {
        this.translator.endWithoutResult(this.queue.items);
        this.queue.end();
        onSpent("no_result", "at once");
      },
    });
    this.watch.enter(heard.lastAtMs === undefined ? "booting" : "told");
    const onAbort = (): void => this.fail(clientClosed());
    signal.addEventListener("abort", onAbort, { once: true });
    this.stop = () => {
      this.watch.stop();
      signal.removeEventListener("abort", onAbort);
    };
  }

  /** Whether what the CLI writes belongs to this run. */
  get isAsked(): boolean { return this.#stage !== "told"; }

  /** Whether the run has produced output. */
  get hasBegun(): boolean { return this.#stage === "begun"; }

  /** To be called before the question, or the awaited results, are written. */
  noteAsked({ lastAtMs }: Heard): void {
    this.#stage = "asked";
    if (lastAtMs !== undefined) this.watch.enter("asked");
  }

  /** To be called when the CLI writes a line about a turn. */
  noteWord(): void {
    if (this.#stage === "asked") this.#stage = "waiting";
  }

  /**
   * Ends a read: gives its events to the turn's caller, and ends the run if its outcome is known. Does nothing for a
   * run that has failed: an answer that still comes does not make it `begun`.
   */
  endRead(tools: ClientTools): void {
    const { queue, translator: { outcome }, watch, fail } = this;
    if (queue.isEnded) return;
    watch.refresh();
    if (this.isAsked && !this.hasBegun && queue.items.length > 0) {
      // The CLI answers in order: a setting that it has not acknowledged by now it may not have taken.
      if (this.#lacksSettings()) {
        queue.items.length = 0;
        return fail(new BridgeError("cli_failed", "The claude process began to answer before it took its settings."));
      }
      this.#stage = queue.items.every(({ type }) => type === "retry") ? "refused" : "begun";
    }
    watch.enter(this.#phase);
    queue.flush();
    if (outcome.name === "failed") fail(this.hasBegun ? outcome.error : tools.explain(outcome.error));
    else if (outcome.name !== "running") queue.end();
  }

  /**
   * What the next run on the same process needs to know of this one, which is over. How many of the turn's messages the
   * process has is not among it: `Conversation` knows that.
   */
  get last(): Omit<LastRun, "left"> {
    const { translator: { messageId, rateLimit }, hasBegun } = this;
    return { messageId, rateLimit, hasBegun };
  }

  get #phase(): Phase {
    if (this.#stage !== "refused" && this.#stage !== "begun") return this.#stage;
    return this.translator.lacksResult ? "answered" : "answering";
  }
}

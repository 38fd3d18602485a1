import { asBridgeError, BridgeError, clientClosed } from "../errors.ts";
import type { TurnEvent } from "../turn/event.ts";
import { Briefing, type BriefingParts } from "./briefing.ts";
import { ClientTools } from "./client-tools.ts";
import { type ContextUsage, usageOfTold } from "./context-usage.ts";
import { ControlChannel } from "./control.ts";
import type { Rewinds } from "./capabilities.ts";
import { parseDelta } from "./deltas.ts";
import { History } from "./history.ts";
import { noTurn, type Settled, settledOf } from "./left-turn.ts";
import { passNews } from "./news.ts";
import type { ToldTurn } from "./parameters.ts";
import type { LiveProcess } from "./process.ts";
import { type JsonObject, parseLine } from "./protocol.ts";
import { type ConversationOptions, type LastRun, type Reading, Run } from "./run.ts";
import type { SettingsChannel } from "./settings-channel.ts";
import { stopIfDue, stopUnasked, stopWithoutTools, type Underway } from "./overrun.ts";
import { canContinue, faultOf, isReusable, type Standing, standingAfter } from "./standing.ts";
import { interrupt, takeBack } from "./take-back.ts";
import { timeInNode } from "./time.ts";
import { goesOn } from "./upstream-message.ts";
import type { Heard } from "./watch.ts";

/**
 * What one process is told: the system prompt and the tools once, then a history and one turn after the other. It can
 * be rewound to an earlier point, also to the beginning, where another conversation starts. It never ends the process:
 * where the CLI continues without being asked, or would, `onSpent` is called.
 */
export class Conversation {
  readonly process: LiveProcess;
  readonly #options: ConversationOptions;
  readonly #parts: BriefingParts;
  readonly #briefing: Briefing;
  readonly #heard: Heard;
  #standing: Standing = { name: "known" };
  #run: Run | undefined;
  #lastRun: LastRun = { messageId: undefined, hasBegun: false, rateLimit: undefined, left: noTurn };

  constructor(process: LiveProcess, options: ConversationOptions) {
    this.process = process;
    this.#options = options;
    const { now, after } = options.time ?? timeInNode;
    this.#heard = { startedAtMs: now(), lastAtMs: undefined, usedAtMs: undefined };
    const write = (line: string): void => void process.write(line);
    const [control, tools, history] = [new ControlChannel(write), new ClientTools(write), new History(after)];
    this.#parts = { process, control, tools, history };
    this.#briefing = new Briefing(this.#parts, options);
    process.attach({
      takeInPlace: (read, start, end) => this.#takeDelta(read, start, end),
      onLine: (line, wasCut) => this.#onLine(line, wasCut),
      onReadEnd: () => {
        this.#heard.lastAtMs = now();
        if (this.#run?.isAsked === true) this.#heard.usedAtMs = this.#heard.lastAtMs;
        this.#run?.endRead(tools);
      },
      onFailure: (error) => {
        this.#standing = { name: "dead", error };
        this.#briefing.acknowledgements.fail(error);
        control.failAll(error);
        this.#run?.fail(error);
      },
    });
  }

  /** Whether the current run, or else the last one, has produced output, so that its request has reached the model. */
  get hasBegun(): boolean { return (this.#run ?? this.#lastRun).hasBegun; }

  /** Whether another run of the same conversation is possible. */
  get isReusable(): boolean { return isReusable(this.#standing); }

  /** Whether the process waits for the results of the client's tools. */
  get isParked(): boolean { return this.#standing.name === "parked"; }

  /** The ids of the calls whose results the process waits for. */
  get awaitedCalls(): readonly string[] { return this.#standing.name === "parked" ? this.#standing.callIds : []; }
  get isDead(): boolean { return this.#standing.name === "dead"; }

  /** The model that the process asks; undefined if the CLI did not take the one that it was told. */
  get model(): string | undefined { return this.settings.model; }

  /** What the process is told of its turns' settings. */
  get settings(): SettingsChannel { return this.#briefing.settings; }

  /**
   * Resolves with how much of its last turn, which is over, is in the process's history for certain; with undefined if
   * that is not known. If nothing of that turn was told, the conversation's state is again the one from before it.
   */
  async settle(): Promise<Settled | undefined> {
    const { left } = this.#lastRun;
    const [{ process }, isUp] = [this, this.#heard.lastAtMs !== undefined];
    const settled = await settledOf(left, this.#briefing, { process, isUp, options: this.#options });
    if (this.isDead) return undefined;
    if (settled?.isUntouched === true) this.#stand(left.before);
    return settled;
  }

  /** How many messages stay if the process is rewound to at most `keptMax`; undefined if it cannot be. */
  keptWithin(keptMax: number, capabilities: Rewinds): number | undefined {
    return this.isDead ? undefined : this.#parts.history.keptWithin(keptMax, capabilities);
  }

  /**
   * Rewinds the process to at most `keptMax` messages, and interrupts a turn that runs. Resolves with how many messages
   * it has then. After a rejection the process has no further use.
   */
  async rewind(keptMax: number, capabilities: Rewinds): Promise<number> {
    const { isParked } = this;
    if (this.#standing.name === "dead") throw this.#standing.error;
    this.#standing = { name: "unknown" };
    const kept = await takeBack(this.#parts, keptMax, capabilities, isParked);
    const fault = this.isDead ? "ended while it was rewound" : "took no settings";
    if (this.isDead || this.settings.hasUnanswered) throw new BridgeError("cli_failed", `The claude process ${fault}.`);
    this.#stand({ name: "known" });
    return kept;
  }

  /**
   * Prepares the process before there is a turn. Tells it a turn's system prompt, tools and settings, and has it run
   * what a CLI runs for the first time in its first turn, as far as that leaves no trace. Rejects when the CLI refuses.
   * Any turn of the same profile may follow, even before the promise settles.
   */
  rehearse(profile: ToldTurn, capabilities: Rewinds): Promise<void> {
    this.process.work();
    return this.#briefing.rehearse(profile, () => this.#run !== undefined, capabilities);
  }

  /** Tells a new process a turn's system prompt, tools and settings. Resolves when the CLI has accepted them. */
  prepare(turn: ToldTurn): Promise<void> { return this.#briefing.boot(turn); }

  /** Whether this conversation, which was told a turn's first `seen` messages, can continue with the other messages. */
  canContinue(turn: ToldTurn, seen: number): boolean { return canContinue(this.#standing, turn, seen, this.#briefing); }

  /** Runs one turn as `begin` does, from the first pull on, and calls `leave` at the end of the iteration. */
  async *run(turn: ToldTurn, seen: number, signal: AbortSignal): AsyncGenerator<TurnEvent[], void, undefined> {
    const { batches, leave } = this.begin(turn, seen, signal);
    try {
      yield* batches;
    } finally {
      leave();
    }
  }

  /**
   * Begins one turn. Its messages are the whole history and the question; the process was told the first `seen` of
   * them. Each read of the CLI's output gives a batch. Their iterator throws a BridgeError when the turn fails, the CLI
   * is silent for too long, or `signal` aborts. The caller must call `leave` in the end. `isCounted`: the question is
   * told like the history before it, so that no answer comes.
   */
  begin(turn: ToldTurn, seen: number, signal: AbortSignal, isCounted = false): Reading {
    const run = new Run(turn, signal, {
      process: this.process, tools: this.#parts.tools, last: this.#lastRun, heard: this.#heard, options: this.#options,
      // Pending control requests stay open: the CLI still answers them, and in order.
      onFailure: (error) => this.#briefing.acknowledgements.fail(error),
      lacksSettings: () => this.settings.hasUnanswered,
    });
    const { queue, translator, fail } = run;
    this.#run = run;
    const before = this.#standing;
    let telling = Promise.resolve(0);
    const isOver = (): boolean => this.#run !== run;
    const leave = (): void => {
      if (isOver()) return;
      // The CLI answers in order: a setting that it has not answered by now it will not take.
      if (queue.isWhole && !this.isDead && !this.settings.hasUnanswered) this.#stand(standingAfter(translator));
      run.stop();
      this.#run = undefined;
      const earlier = before.name === "known" ? turn.messages.length - 1 : seen;
      const beforeQuestion = run.isAsked ? earlier : undefined;
      this.#lastRun = { ...run.last, left: { before, seen, beforeQuestion, telling } };
      if (run.isAsked && !this.isReusable && translator.outcome.name !== "stopped") interrupt(this.#parts.control);
    };
    if (before.name !== "dead") this.#standing = { name: "unknown" };
    this.process.work();
    const fault = faultOf(before) ?? (signal.aborted ? clientClosed() : undefined);
    if (fault !== undefined) fail(fault);
    else {
      const onRefused = (error: unknown): void => (isOver() ? undefined : fail(asBridgeError(error)));
      const task = { turn, seen, isCounted, onAsk: () => run.noteAsked(this.#heard), onRefused, isOver };
      telling = before.name === "parked" ? this.#briefing.answer(task, before.callIds) : this.#briefing.tell(task);
      telling.catch(onRefused);
    }
    return { batches: queue, told: telling, leave };
  }

  /** Tells the process a turn, and resolves with the CLI's count of its tokens. The turn is then one that was left. */
  count(turn: ToldTurn, seen: number, signal: AbortSignal): Promise<ContextUsage> {
    const reading = this.begin(turn, seen, signal, true);
    return usageOfTold(reading, turn, this.#parts.control, this.#options.time?.after).finally(reading.leave);
  }

  get #underway(): Underway {
    const [{ control }, { acknowledgements }, { onSpent }] = [this.#parts, this.#briefing, this.#options];
    return { run: this.#run, control, acknowledgements, onSpent };
  }

  #stand(standing: Standing | undefined): void {
    if (standing === undefined) return;
    this.#standing = standing;
    if (standing.name === "parked") this.process.park();
    else this.process.rest();
  }

  /** Fast path for nearly every line: handles a delta without parsing its JSON. Returns false for any other line. */
  #takeDelta(text: string, start: number, end: number): boolean {
    const delta = parseDelta(text, start, end);
    const run = this.#run;
    if (delta !== undefined && run?.isAsked === true) run.translator.takeDelta(delta, run.queue.items);
    return delta !== undefined;
  }

  #onLine(line: string, wasCut: boolean): void {
    const run = this.#run;
    const message = parseLine(line);
    if (message === undefined) return;
    switch (message["type"]) {
      case "control_response":
        return this.#parts.control.settle(message);
      case "control_request":
        return this.#parts.tools.onControlRequest(message, run === undefined && !this.isParked ? undefined : () => {
          // An answer that was not streamed ends here: the CLI asks for a call's result only after all of it has come.
          const before = run?.translator.outcome;
          run?.translator.takeCallRequest(run.queue.items);
          if (run !== undefined && before !== undefined) stopIfDue(run, before, this.#underway);
        });
      case "result":
        if (this.#briefing.acknowledgements.take(message)) return;
        break;
      case "system":
        if (message["subtype"] !== "init") break;
        const fault = this.#parts.tools.check(message);
        if (fault !== undefined) stopWithoutTools(fault, this.#underway);
        return;
    }
    if (run?.isAsked !== true && stopUnasked(message, this.#underway)) return;
    run?.noteWord();
    if (run === undefined) return this.#onUnasked(message);
    if (message["type"] === "assistant" && run.isAsked) this.#parts.history.noteAnswer(message);
    const { outcome } = run.translator;
    run.translator.take(message, run.queue.items, wasCut);
    passNews(message, this.#options);
    stopIfDue(run, outcome, this.#underway);
  }

  /** Handles a line outside of runs: a CLI that continues unasked has another history than the client's. */
  #onUnasked(message: JsonObject): void {
    if (!this.isReusable || !goesOn(message) || this.#briefing.acknowledgements.isAwaited) return;
    this.#standing = { name: "unknown" };
    this.#options.onSpent("went_on", "in order");
  }
}

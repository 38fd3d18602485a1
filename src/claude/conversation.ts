import { asBridgeError, BridgeError, clientClosed } from "../errors.ts";
import type { TurnEvent } from "../turn/event.ts";
import type { Turn } from "../turn/turn.ts";
import { Briefing } from "./briefing.ts";
import { ClientTools } from "./client-tools.ts";
import { ControlChannel } from "./control.ts";
import { parseDelta } from "./deltas.ts";
import type { ClaudeProcess } from "./process.ts";
import { type JsonObject, parseLine, turnLine } from "./protocol.ts";
import { type ConversationOptions, type LastRun, type Run, startRun } from "./run.ts";
import { canContinue, isReusable, type Standing } from "./standing.ts";
import { resultsByCall, resultsOfLastCalls } from "./tool-results.ts";
import type { TurnTranslator } from "./translate.ts";
import { goesOn } from "./upstream-message.ts";

/**
 * One conversation on one process, which is told the system prompt, the tools and the history once, then one turn at a
 * time. It never ends the process when a run is over: whoever created the conversation does.
 */
export class Conversation {
  readonly process: ClaudeProcess;
  readonly #control: ControlChannel;
  readonly #options: ConversationOptions;
  readonly #tools: ClientTools;
  readonly #briefing: Briefing;
  #standing: Standing = { name: "known" };
  #run: Run | undefined;
  #lastRun: LastRun = { messageId: undefined, hasBegun: false };

  constructor(process: ClaudeProcess, options: ConversationOptions) {
    this.process = process;
    this.#options = options;
    const write = (line: string): void => void process.write(line);
    this.#control = new ControlChannel(write);
    this.#tools = new ClientTools(write);
    this.#briefing = new Briefing(process, this.#control, options);
    process.attach({
      takeInPlace: (read, start, end) => this.#takeDelta(read, start, end),
      onLine: (line, wasCut) => this.#onLine(line, wasCut),
      onReadEnd: () => this.#onReadEnd(),
      onFailure: (error) => {
        this.#standing = { name: "dead", error };
        this.#briefing.fail(error);
        this.#control.failAll(error);
        this.#run?.fail(error);
      },
    });
  }

  /** Whether the current run, or else the last one, has produced output, so that its request has reached the model. */
  get hasBegun(): boolean {
    return (this.#run ?? this.#lastRun).hasBegun;
  }

  /** Whether another run of the same conversation is possible. */
  get isReusable(): boolean {
    return isReusable(this.#standing);
  }

  /** Whether the process waits for the results of the client's tools. */
  get isParked(): boolean {
    return this.#standing.name === "parked";
  }

  /**
   * Prepares the process before there is a turn. Tells it a turn's system prompt, tools and settings, then sends empty
   * messages that leave no trace in the history, so that it has done what a CLI does once, at its first turn. Rejects
   * when the CLI refuses. Any turn of the same profile may follow, even before the promise settles.
   */
  rehearse(profile: Turn): Promise<void> {
    this.process.work();
    this.#tools.serve(profile);
    return this.#briefing.rehearse(profile, () => this.#run !== undefined);
  }

  /** Whether this conversation, which was told a turn's first `seen` messages, can continue with the other messages. */
  canContinue(turn: Turn, seen: number): boolean {
    return canContinue(this.#standing, turn, seen);
  }

  /**
   * Runs one turn. `seen` is how many of the turn's messages the process was told before; 0 for a fresh one. Yields
   * the events of each read of the CLI's output. Throws a BridgeError when the turn fails, the CLI is silent for too
   * long, or `signal` aborts.
   */
  async *run(turn: Turn, seen: number, signal: AbortSignal): AsyncGenerator<TurnEvent[], void, undefined> {
    const run = this.#newRun(turn);
    const { queue, translator, silence, fail } = run;
    this.#run = run;
    const onAbort = (): void => fail(clientClosed());
    signal.addEventListener("abort", onAbort, { once: true });
    const before = this.#standing;
    if (before.name !== "dead") this.#standing = { name: "unknown" };
    this.process.work();
    try {
      if (before.name === "dead") fail(before.error);
      else if (before.name === "unknown") fail(new BridgeError("cli_failed", "The claude process has no further use."));
      else if (signal.aborted) onAbort();
      else if (before.name === "known") {
        this.#tell(turn, seen, run).catch((error: unknown) => fail(asBridgeError(error)));
      } else {
        run.isAsked = true;
        this.#tools.answer(resultsByCall(before.callIds, resultsOfLastCalls(turn.messages) ?? []));
      }
      for (let batch = await queue.next(); batch !== undefined; batch = await queue.next()) yield batch;
      this.#settle(translator);
    } finally {
      clearInterval(silence);
      signal.removeEventListener("abort", onAbort);
      this.#run = undefined;
      this.#lastRun = { messageId: translator.messageId, hasBegun: run.hasBegun };
      if (!this.isReusable) this.#control.request({ subtype: "interrupt" }).catch(() => {});
    }
  }

  #newRun(turn: Turn): Run {
    return startRun(turn, {
      process: this.process,
      tools: this.#tools,
      previousMessageId: this.#lastRun.messageId,
      silenceMsMax: this.#options.silenceMsMax,
      onFailure: (error) => {
        this.#briefing.fail(error);
        this.#control.failAll(error);
      },
    });
  }

  #settle({ outcome, callIds, isWhole }: TurnTranslator): void {
    // Stays `unknown` or `dead`: the client was not told of all calls in the history, or the process has died since.
    if (!isWhole || this.#standing.name === "dead") return;
    if (outcome.name === "finished") {
      this.#standing = { name: "known" };
      this.process.rest();
    } else if (outcome.name === "parked") {
      this.#standing = { name: "parked", callIds };
      this.process.park();
    }
  }

  /** Fast path for nearly every line: handles a delta without parsing its JSON. Returns false for any other line. */
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
        return this.#tools.onControlRequest(message, () => this.#endWholeMessage());
      case "result":
        if (this.#briefing.takeResult(message)) return;
        break;
      case "system":
        if (message["subtype"] === "init") return this.#checkTools(message);
    }
    if (run?.isAsked !== true && this.#refusedUnasked(message)) return;
    if (run === undefined) return this.#onUnasked(message);
    run.translator.take(message, run.queue.items, wasCut);
    const { rateLimit } = run.translator;
    if (message["type"] === "rate_limit_event" && rateLimit !== undefined) this.#options.onRateLimit(rateLimit);
    this.#killIfCut(run);
  }

  /** Called with the tools that the CLI says its model has. Fails the run or the rehearsal if one is missing. */
  #checkTools(init: JsonObject): void {
    const fault = this.#tools.check(init);
    if (fault === undefined) return;
    this.#briefing.fail(fault);
    if (this.#run === undefined) return;
    this.#run.fail(fault);
    // Kill it at once: the CLI is about to ask the model.
    this.process.kill();
  }

  /** Kills a cut answer's process: the CLI is about to ask the model to continue, and a gentler end would let it. */
  #killIfCut({ translator }: Run): void {
    if (translator.outcome.name === "cut") this.process.kill();
  }

  #onReadEnd(): void {
    const run = this.#run;
    if (run === undefined) return;
    const { queue, translator: { outcome }, silence, fail } = run;
    silence.refresh();
    run.hasBegun ||= run.isAsked && queue.items.length > 0;
    queue.flush();
    if (outcome.name === "failed") fail(run.hasBegun ? outcome.error : this.#tools.explain(outcome.error));
    else if (outcome.name !== "running") queue.end();
  }

  /**
   * Fails the run or the rehearsal if the CLI answers a message of a history or a rehearsal, which asks nothing.
   * Returns false if the line is no answer, or nobody waits.
   */
  #refusedUnasked(message: JsonObject): boolean {
    if (!goesOn(message) || message["is_error"] === true) return false;
    const error = new BridgeError("cli_failed", "The claude process answered what was no question.");
    if (this.#run !== undefined) this.#run.fail(error);
    else if (this.#briefing.isAwaited) this.#briefing.fail(error);
    else return false;
    return true;
  }

  /** Ends a parked process that continues by itself: it answered a call without the client, so the histories differ. */
  #onUnasked(message: JsonObject): void {
    if (this.#standing.name !== "parked" || !goesOn(message)) return;
    this.#standing = { name: "unknown" };
    void this.process.end();
  }

  /** Ends an answer that was not streamed: the CLI asks for a call's result only after all of it has come. */
  #endWholeMessage(): void {
    if (this.#run === undefined) return;
    this.#run.translator.takeCallRequest(this.#run.queue.items);
    this.#killIfCut(this.#run);
  }

  /** Writes the messages of a turn that the process has not been told yet. The last of them is the question. */
  async #tell(turn: Turn, seen: number, run: Run): Promise<void> {
    if (this.#briefing.isRehearsed) {
      await this.#briefing.untilRehearsed();
    } else if (seen === 0) {
      this.#tools.serve(turn);
      // Do not wait: the CLI reads what follows in order, and a refusal fails the turn whenever it comes.
      this.#briefing.initialize(turn).catch((error: unknown) => {
        if (this.#run === run) run.fail(asBridgeError(error));
      });
    }
    const last = turn.messages.length - 1;
    await this.#briefing.tell(turn.messages.slice(seen, last));
    const message = turn.messages[last];
    if (message === undefined) return;
    run.isAsked = true;
    await this.process.write(turnLine(message));
  }
}

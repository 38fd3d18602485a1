import { BridgeError } from "../errors.ts";
import type { StopReason, TurnEvent } from "../turn/event.ts";
import { AnswerBlocks } from "./answer-blocks.ts";
import { AnswerCalls, type AnswerCallsOptions } from "./answer-calls.ts";
import { AnswerDocument } from "./answer-document.ts";
import type { Delta } from "./deltas.ts";
import { isObject, type JsonObject, optionalString, parseRateLimitInfo, type RateLimitInfo } from "./protocol.ts";
import { resultFault } from "./result-fault.ts";
import { endingReason, isCutting, type TurnOutcome } from "./turn-outcome.ts";
import {
  blockIndex, contentBlocks, type GivenUp, givenUpIn, goesOn, leavesOpen, type UnstreamedMessage, UpstreamMessage,
} from "./upstream-message.ts";

export interface TranslateOptions extends AnswerCallsOptions {
  /** The clock that reset times are compared with, in milliseconds since the epoch. */
  readonly nowMs: () => number;
  /** The id of the message that the process's last turn ended with. The CLI may repeat that message. */
  readonly previousMessageId: string | undefined;
  /** What the CLI reported of the subscription's window before; undefined if nothing. */
  readonly rateLimit: RateLimitInfo | undefined;
  /** Whether the answer is the JSON that the model passes to the CLI's own structured-output tool. */
  readonly hasSchema: boolean;
  /**
   * Whether the answer is sent in one piece at its end. Then the model may replace the document that a schema asks for.
   */
  readonly isSentAtOnce?: boolean;
  /** Whether the model may begin another message: only when every call has the client's result. */
  readonly mayBegin: () => boolean;
}

const running: TurnOutcome = { name: "running" };

/** Turns the CLI's messages of one turn into events. Pure but for its own state: no I/O, no clock of its own. */
export class TurnTranslator {
  #outcome: TurnOutcome = running;
  #rateLimit: RateLimitInfo | undefined;
  readonly #message = new UpstreamMessage();
  #unstreamed: UnstreamedMessage | undefined;
  #givenUp: GivenUp | undefined;
  readonly #calls: AnswerCalls;
  readonly #blocks: AnswerBlocks;
  readonly #options: TranslateOptions;

  constructor(options: TranslateOptions) {
    this.#options = options;
    this.#rateLimit = options.rateLimit;
    this.#calls = new AnswerCalls(options);
    const { hasSchema, isSentAtOnce = false } = options;
    this.#blocks = new AnswerBlocks(this.#calls, hasSchema ? new AnswerDocument(isSentAtOnce) : undefined);
  }

  get outcome(): TurnOutcome { return this.#outcome; }

  /** What the CLI told last of the subscription's usage windows. */
  get rateLimit(): RateLimitInfo | undefined { return this.#rateLimit; }

  /** The id of the message that the CLI streams, or streamed last. */
  get messageId(): string | undefined {
    return this.#message.id ?? this.#options.previousMessageId;
  }

  /** The ids of the answer's calls, in the model's order. */
  get callIds(): readonly string[] { return this.#calls.ids; }

  /** Whether the client was told of every call that the model made. */
  get hasToldAllCalls(): boolean { return this.#calls.hasToldAllCalls; }

  /** Whether the answer is whole but for the `result` line, with which the CLI ends its turn. */
  get lacksResult(): boolean {
    const isLast = this.#message.stopReason === "end_turn" || this.#message.stopReason === "stop_sequence";
    const hasAll = isLast && this.#message.isOver && (!this.#options.hasSchema || this.#blocks.isSchemaAnswered);
    return hasAll && this.#outcome.name === "running";
  }

  /** Ends an answer that lacks its `result`: the process has no further use. */
  endWithoutResult(events: TurnEvent[]): void {
    if (this.lacksResult) this.#finish("cut", events);
  }

  /** Handles a delta that the fast path has parsed, its text still escaped. */
  takeDelta(delta: Delta, events: TurnEvent[]): void {
    // Ignored beside a message that came whole: then the delta belongs to the stream that broke. Ignored after the
    // outcome: then the CLI continues by itself.
    if (this.#unstreamed === undefined && this.#outcome.name === "running") this.#blocks.take(delta, events);
  }

  /**
   * Handles one message of the CLI's and appends the events that it makes. `wasCut`: a very long string in it was
   * truncated. Messages of unknown type are ignored: every CLI version adds some.
   */
  take(message: JsonObject, events: TurnEvent[], wasCut = false): void {
    // The CLI did not wait for the results of the calls: it continues by itself, before the client has read the answer.
    if (this.#outcome.name === "parked" && goesOn(message)) this.#outcome = { name: "cut" };
    if (this.#unstreamed !== undefined && !leavesOpen(message, this.#unstreamed.id)) this.#endUnstreamed(events);
    if (this.#outcome.name !== "running") return;
    switch (message["type"]) {
      case "stream_event":
        if (this.#unstreamed !== undefined) return;
        if (wasCut) return this.#fail("A piece of the answer is longer than can be relayed.");
        if (isObject(message["event"])) this.#streamEvent(message["event"], events);
        return;
      case "assistant":
        if (isObject(message["message"])) this.#assistant(message, message["message"], events, wasCut);
        return;
      case "system":
        if (message["subtype"] === "api_retry" && !this.#blocks.hasSaid) events.push({ type: "retry" });
        return;
      case "rate_limit_event":
        this.#rateLimit = parseRateLimitInfo(message["rate_limit_info"]) ?? this.#rateLimit;
        return;
      case "result":
        this.#result(message, events);
        return;
    }
  }

  /** Ends a message that was not streamed: the CLI asks for a call's result only after all of it has come. */
  takeCallRequest(events: TurnEvent[]): void {
    this.#endUnstreamed(events, "tool_use");
  }

  #endUnstreamed(events: TurnEvent[], otherwise?: string): void {
    if (this.#unstreamed === undefined || this.#outcome.name !== "running") return;
    const { message } = this.#unstreamed;
    this.#unstreamed = undefined;
    this.#messageStop({ ...message, stop_reason: message["stop_reason"] ?? otherwise }, events);
  }

  #streamEvent(event: JsonObject, events: TurnEvent[]): void {
    switch (event["type"]) {
      case "message_start":
        if (isObject(event["message"])) this.#messageStart(event["message"], events);
        return;
      case "content_block_start":
        if (isObject(event["content_block"])) {
          this.#failIf(this.#blocks.start(blockIndex(event), event["content_block"], events));
        }
        return;
      case "content_block_delta":
        if (isObject(event["delta"])) this.#blocks.takeParsed(blockIndex(event), event["delta"], events);
        return;
      case "content_block_stop":
        this.#blocks.stop(blockIndex(event), events);
        return;
      case "message_delta":
        this.#message.addUsage(event["usage"]);
        this.#messageStop(isObject(event["delta"]) ? event["delta"] : {}, events);
        return;
      case "message_stop":
        return this.#message.end();
    }
  }

  #messageStart(message: JsonObject, events: TurnEvent[]): void {
    if (!this.#options.mayBegin()) {
      const error = new BridgeError("cli_failed", "The claude process went on without a call's result.");
      this.#outcome = { name: "failed", error };
      return;
    }
    const isFirst = this.#message.id === undefined;
    const hasBrokenOff = !isFirst && this.#message.stopReason === undefined;
    this.#message.begin(message);
    if (hasBrokenOff && this.#blocks.hasSaid) {
      return this.#fail("The answer broke off upstream after part of it had been sent.");
    }
    if (!isFirst && !hasBrokenOff) return this.#blocks.nextMessage(events);
    const { id = "", usage } = this.#message;
    const model = optionalString(message["model"]) ?? "";
    events.push({ type: "accepted", model });
    this.#blocks.begin({ type: "message_start", id, model, usage }, events);
  }

  #messageStop(delta: JsonObject, events: TurnEvent[]): void {
    this.#message.stop(delta);
    if (isCutting(this.#message.stopReason)) this.#finish("cut", events);
    else if (this.#message.stopReason === "tool_use" && this.#calls.ids.length > 0) {
      const waiting = this.#calls.hasToldAllCalls ? "parked" : "stopped";
      this.#finish(this.#calls.areAllServed ? waiting : "cut", events);
    }
  }

  #assistant(message: JsonObject, inner: JsonObject, events: TurnEvent[], wasCut: boolean): void {
    const givenUp = givenUpIn(message, inner);
    if (givenUp !== undefined) {
      this.#givenUp = givenUp;
      return;
    }
    // The CLI repeats the streamed message, block by block: ignored.
    if (this.#unstreamed === undefined && inner["id"] === this.messageId) return;
    if (wasCut) return this.#fail("The answer came in one piece that is longer than can be relayed.");
    // This message was not streamed. The stream broke, and the CLI asked again without streaming (2.1.197 if text had
    // begun, 2.1.330 if only thinking had).
    if (this.#unstreamed === undefined) {
      this.#messageStart(inner, events);
      this.#unstreamed = { id: this.#message.id ?? "", message: inner, blocks: 0 };
    }
    for (const block of contentBlocks(inner)) {
      if (this.#outcome.name !== "running") return;
      this.#failIf(this.#blocks.takeUnstreamed(this.#unstreamed.blocks++, block, events));
    }
  }

  #result(result: JsonObject, events: TurnEvent[]): void {
    const error = resultFault(result, {
      givenUp: this.#givenUp, rateLimit: this.#rateLimit, nowMs: this.#options.nowMs(),
      hasMessage: this.#message.id !== undefined,
      lacksDocument: this.#options.hasSchema && !this.#blocks.isSchemaAnswered,
    });
    if (error !== undefined) {
      this.#outcome = { name: "failed", error };
      return;
    }
    if (this.#message.stopReason === undefined) this.#message.stop({ stop_reason: result["stop_reason"] });
    this.#finish("finished", events);
  }

  /** Ends the answer. Fails it if the stop reason is unknown: such an answer may lack anything. */
  #finish(name: "finished" | "parked" | "cut" | "stopped", events: TurnEvent[]): void {
    const stopReason = this.#stopReason();
    if (stopReason === undefined) {
      const told = JSON.stringify(this.#message.stopReason ?? null);
      return this.#fail(`The answer ended for a reason that is not known here (${told}).`);
    }
    this.#outcome = { name };
    this.#blocks.close(events);
    const { usage, stopDetails } = this.#message;
    const stopSequence = stopReason === "stop_sequence" ? this.#message.stopSequence : undefined;
    events.push({ type: "message_stop", stopReason, stopSequence, stopDetails, usage });
  }

  #stopReason(): StopReason | undefined {
    const { stopReason } = this.#message;
    if (stopReason !== "tool_use") return endingReason(stopReason);
    if (this.#calls.ids.length > 0) return "tool_use";
    // The CLI may end the turn after the JSON document, which is a call of its own tool.
    return this.#blocks.isSchemaAnswered ? "end_turn" : undefined;
  }

  #failIf(fault: string | undefined): void {
    if (fault !== undefined) this.#fail(fault);
  }

  #fail(message: string): void {
    this.#outcome = { name: "failed", error: new BridgeError("upstream_error", message) };
  }
}

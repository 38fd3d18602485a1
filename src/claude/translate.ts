import { BridgeError } from "../errors.ts";
import { encodeJsonText } from "../json-text.ts";
import type { FinishReason, JsonText, TurnEvent } from "../turn.ts";
import type { Delta } from "./deltas.ts";
import { failureToError } from "./failure.ts";
import {
  isObject, type JsonObject, optionalString, parseRateLimitInfo, type RateLimitInfo, schemaToolName,
} from "./protocol.ts";
import type { MadeCall } from "./tool-calls.ts";
import { toUsage } from "./usage.ts";

/**
 * How far a turn is. `finished`: the CLI is done and waits for the next message. `parked`: it waits for the results of the
 * calls that the answer ended with. `cut`: the answer is whole for the client, but the CLI would go on by itself, so its
 * process must end. `failed`: there is no answer.
 */
export type TurnOutcome =
  | { readonly name: "running" }
  | { readonly name: "finished" }
  | { readonly name: "parked" }
  | { readonly name: "cut" }
  | { readonly name: "failed"; readonly error: BridgeError };

export interface TranslateOptions {
  /** The clock that reset times are measured against, in milliseconds since the epoch. */
  readonly nowMs: () => number;
  /** The message that an earlier turn of this process ended with: the CLI may repeat it. */
  readonly previousMessageId: string | undefined;
  /** The answer is the JSON that the model gives to the CLI's own structured-output tool. */
  readonly hasSchema: boolean;
  /** How many calls an answer may have. */
  readonly callsMax: number;
  /** Whether the tool server has such a tool; to a call of any other the CLI gives a result of its own. */
  readonly isServed: (toolName: string) => boolean;
  /** Told of every call that the model makes, also of those past that number. */
  readonly onCall: (call: MadeCall) => void;
  /** Whether the model may go on: every call has the client's result. */
  readonly mayBegin: () => boolean;
}

/** What a content block of the present message is to the client. */
type BlockUse = { readonly call: number; hasArguments: boolean } | "schema" | "dropped";

type StopReason = { readonly reason: FinishReason; readonly cut: boolean };

/** The Messages API's stop reasons as OpenAI's. On those that cut, the CLI goes on by itself (a resume prompt, a note of its own). */
const stopReasons: Readonly<Record<string, StopReason>> = {
  end_turn: { reason: "stop", cut: false },
  stop_sequence: { reason: "stop", cut: false },
  max_tokens: { reason: "length", cut: true },
  model_context_window_exceeded: { reason: "length", cut: true },
  refusal: { reason: "content_filter", cut: true },
};

const running: TurnOutcome = { name: "running" };

/** Turns the CLI's messages of one turn into events. Pure but for its own state: no I/O, no clock of its own. */
export class TurnTranslator {
  outcome: TurnOutcome = running;
  rateLimit: RateLimitInfo | undefined;
  /** The ids of the answer's calls, in their order. */
  readonly callIds: string[] = [];
  #messageId: string | undefined;
  #hasDeltas = false;
  #hasForbiddenCalls = false;
  #isSchemaAnswered = false;
  #stopReason: string | undefined;
  #usage: JsonObject = {};
  #blocks = new Map<number, BlockUse>();
  /** Every call is one that the CLI waits for. */
  #isParkable = true;
  /** A message that was not streamed and of which more lines may come: the CLI gives it a block a line. */
  #whole: { readonly id: string; readonly stopReason: string | undefined; blocks: number } | undefined;
  #failure: { error: string | undefined; status: number | undefined; text: string } | undefined;
  readonly #options: TranslateOptions;

  constructor(options: TranslateOptions) {
    this.#options = options;
  }

  /** The message that is streamed, or was last. */
  get messageId(): string | undefined {
    return this.#messageId ?? this.#options.previousMessageId;
  }

  /** The client is told all that the model said and called. */
  get isWhole(): boolean {
    return !this.#hasForbiddenCalls;
  }

  /** Takes a delta, its text still escaped. */
  takeDelta(delta: Delta, events: TurnEvent[]): void {
    // Beside a message that came whole it belongs to the stream that broke.
    if (this.#whole === undefined) this.#delta(delta, events);
  }

  #delta({ type, index, text }: Delta, events: TurnEvent[]): void {
    // What the CLI goes on with by itself, in the same read even, is no part of the answer.
    if (this.outcome.name !== "running") return;
    if (type === "input_json") return this.#input(index, text, events);
    // With a schema the document alone is the answer.
    if (type === "text" && this.#options.hasSchema) return;
    this.#hasDeltas = true;
    events.push({ type, text });
  }

  /** Takes one message and appends what it makes; `wasCut`: a very long string in it is not whole. Messages of unknown type appear with every CLI version and are passed over. */
  take(message: JsonObject, events: TurnEvent[], wasCut = false): void {
    // It did not wait for the calls' results: it goes on by itself before the client has taken the answer.
    if (this.outcome.name === "parked" && goesOn(message)) this.outcome = { name: "cut" };
    if (this.#whole !== undefined && !this.#isBesideWhole(message)) this.#endWhole(events);
    if (this.outcome.name !== "running") return;
    switch (message["type"]) {
      case "stream_event":
        if (this.#whole !== undefined) return;
        if (wasCut) return this.#fail("A piece of the answer is longer than can be relayed.");
        if (isObject(message["event"])) this.#streamEvent(message["event"], events);
        return;
      case "assistant":
        if (isObject(message["message"])) this.#assistant(message, message["message"], events, wasCut);
        return;
      case "system":
        if (message["subtype"] === "api_retry" && !this.#hasDeltas) events.push({ type: "retry" });
        return;
      case "rate_limit_event":
        this.rateLimit = parseRateLimitInfo(message["rate_limit_info"]) ?? this.rateLimit;
        return;
      case "result":
        this.#result(message, events);
        return;
    }
  }

  /** The CLI asks for a call's result: a message that was not streamed has come to its end. */
  takeCallRequest(events: TurnEvent[]): void {
    this.#endWhole(events, "tool_use");
  }

  #endWhole(events: TurnEvent[], otherwise?: string): void {
    if (this.#whole === undefined || this.outcome.name !== "running") return;
    const { stopReason } = this.#whole;
    this.#whole = undefined;
    this.#messageStop(stopReason ?? otherwise, events);
  }

  /** Its next block, or what the CLI tells meanwhile: the ends of the stream that broke, the windows' state, anything of the system's but its next request. */
  #isBesideWhole(message: JsonObject): boolean {
    switch (message["type"]) {
      case "assistant": return isObject(message["message"]) && message["message"]["id"] === this.#whole?.id;
      case "stream_event": return !beginsMessage(message);
      case "rate_limit_event": return true;
      case "system": return message["status"] !== "requesting";
      default: return false;
    }
  }

  #streamEvent(event: JsonObject, events: TurnEvent[]): void {
    switch (event["type"]) {
      case "message_start":
        if (isObject(event["message"])) this.#messageStart(event["message"], events);
        return;
      case "content_block_start":
        if (isObject(event["content_block"])) this.#blockStart(blockIndex(event), event["content_block"], events);
        return;
      case "content_block_delta":
        if (isObject(event["delta"])) this.#slowDelta(blockIndex(event), event["delta"], events);
        return;
      case "content_block_stop":
        return this.#blockStop(blockIndex(event), events);
      case "message_delta":
        this.#mergeUsage(event["usage"]);
        return this.#messageStop(isObject(event["delta"]) ? optionalString(event["delta"]["stop_reason"]) : undefined, events);
    }
  }

  #messageStart(message: JsonObject, events: TurnEvent[]): void {
    if (!this.#options.mayBegin()) {
      this.outcome = { name: "failed", error: new BridgeError("cli_failed", "The claude process went on without a call's result.") };
      return;
    }
    const isFirst = this.#messageId === undefined;
    this.#messageId = optionalString(message["id"]) ?? "";
    if (!isFirst && this.#hasDeltas && this.#stopReason === undefined) return this.#fail("The answer broke off upstream after part of it had been sent.");
    this.#stopReason = undefined;
    this.#usage = {};
    this.#blocks.clear();
    this.#mergeUsage(message["usage"]);
    if (isFirst) events.push({ type: "start", model: optionalString(message["model"]) ?? "", usage: toUsage(this.#usage) });
  }

  #blockStart(index: number, block: JsonObject, events: TurnEvent[]): void {
    if (block["type"] !== "tool_use") return;
    const name = optionalString(block["name"]) ?? "";
    if (this.#options.hasSchema && name === schemaToolName) {
      if (this.#isSchemaAnswered) return this.#fail("The model's first JSON did not match the schema, and part of it had been sent.");
      this.#blocks.set(index, "schema");
      return;
    }
    const id = optionalString(block["id"]) ?? "";
    const call = this.callIds.length;
    const isForbidden = call >= this.#options.callsMax;
    this.#options.onCall({ id, name, isForbidden });
    if (isForbidden) {
      this.#hasForbiddenCalls = true;
      this.#blocks.set(index, "dropped");
      return;
    }
    this.#isParkable &&= this.#options.isServed(name);
    this.callIds.push(id);
    this.#blocks.set(index, { call, hasArguments: false });
    this.#hasDeltas = true;
    events.push({ type: "tool_call", call, id, name });
  }

  #slowDelta(index: number, delta: JsonObject, events: TurnEvent[]): void {
    for (const [type, wireType, key] of [["text", "text_delta", "text"], ["thinking", "thinking_delta", "thinking"], ["input_json", "input_json_delta", "partial_json"]] as const) {
      const text = delta[key];
      if (delta["type"] === wireType && typeof text === "string" && text !== "") this.#delta({ type, index, text: encodeJsonText(text) }, events);
    }
  }

  #input(index: number, text: JsonText, events: TurnEvent[]): void {
    const use = this.#blocks.get(index);
    if (use === undefined || use === "dropped") return;
    this.#hasDeltas = true;
    if (use === "schema") {
      this.#isSchemaAnswered = true;
      events.push({ type: "text", text });
      return;
    }
    use.hasArguments = true;
    events.push({ type: "tool_arguments", call: use.call, text });
  }

  #blockStop(index: number, events: TurnEvent[]): void {
    const use = this.#blocks.get(index);
    // A call without arguments streams none; clients parse what they got.
    if (typeof use === "object" && !use.hasArguments) this.#input(index, encodeJsonText("{}"), events);
  }

  #messageStop(stopReason: string | undefined, events: TurnEvent[]): void {
    this.#stopReason = stopReason ?? this.#stopReason;
    if (stopReasons[this.#stopReason ?? ""]?.cut === true) this.#finish("cut", events);
    else if (this.#stopReason === "tool_use" && this.callIds.length > 0) this.#finish(this.isWhole && this.#isParkable ? "parked" : "cut", events);
  }

  #assistant(message: JsonObject, inner: JsonObject, events: TurnEvent[], wasCut: boolean): void {
    if (typeof message["error"] === "string" || inner["model"] === "<synthetic>") {
      this.#failure = {
        error: optionalString(message["error"]),
        status: optionalStatus(message["api_error_status"]),
        text: contentBlocks(inner).map((block) => optionalString(block["text"]) ?? "").join(""),
      };
      return;
    }
    // The streamed message again, block by block.
    if (this.#whole === undefined && inner["id"] === this.messageId) return;
    if (wasCut) return this.#fail("The answer came in one piece that is longer than can be relayed.");
    // Not streamed: the stream broke and the CLI asked again for the whole (2.1.197 once it had begun, 2.1.330 within its thoughts).
    if (this.#whole === undefined) {
      this.#messageStart(inner, events);
      this.#whole = { id: this.#messageId ?? "", stopReason: optionalString(inner["stop_reason"]), blocks: 0 };
    }
    for (const block of contentBlocks(inner)) this.#wholeBlock(this.#whole.blocks++, block, events);
  }

  #wholeBlock(index: number, block: JsonObject, events: TurnEvent[]): void {
    if (this.outcome.name !== "running") return;
    this.#slowDelta(index, { ...block, type: `${String(block["type"])}_delta` }, events);
    this.#blockStart(index, block, events);
    if (this.#blocks.has(index) && isObject(block["input"])) this.#input(index, encodeJsonText(JSON.stringify(block["input"])), events);
  }

  #result(result: JsonObject, events: TurnEvent[]): void {
    if (result["is_error"] === true || this.#failure !== undefined) {
      const failure = this.#failure ?? { error: undefined, status: undefined, text: optionalString(result["result"]) ?? "" };
      const status = failure.status ?? optionalStatus(result["api_error_status"]);
      this.outcome = { name: "failed", error: failureToError({ ...failure, status, rateLimit: this.rateLimit }, this.#options.nowMs()) };
      return;
    }
    if (this.#messageId === undefined) {
      this.outcome = { name: "failed", error: new BridgeError("cli_failed", "The claude process ended the turn without an answer.") };
      return;
    }
    if (this.#options.hasSchema && !this.#isSchemaAnswered) return this.#fail("The model did not answer in the JSON that was asked for.");
    this.#stopReason ??= optionalString(result["stop_reason"]);
    this.#finish("finished", events);
  }

  /** Ends the answer; for a reason that nobody knows it fails: such an answer may lack anything. */
  #finish(name: "finished" | "parked" | "cut", events: TurnEvent[]): void {
    const reason = this.#finishReason();
    if (reason === undefined) return this.#fail(`The answer ended for a reason that is not known here (${JSON.stringify(this.#stopReason ?? null)}).`);
    this.outcome = { name };
    events.push({ type: "finish", reason, usage: toUsage(this.#usage) });
  }

  #finishReason(): FinishReason | undefined {
    if (this.#stopReason !== "tool_use") return stopReasons[this.#stopReason ?? ""]?.reason;
    if (this.callIds.length > 0) return "tool_calls";
    // The CLI may end the turn with the document, which is a call of its own tool.
    return this.#isSchemaAnswered ? "stop" : undefined;
  }

  #fail(message: string): void {
    this.outcome = { name: "failed", error: new BridgeError("upstream_error", message) };
  }

  #mergeUsage(usage: unknown): void {
    if (isObject(usage)) this.#usage = { ...this.#usage, ...usage };
  }
}

function beginsMessage({ type, event }: JsonObject): boolean {
  return type === "stream_event" && isObject(event) && event["type"] === "message_start";
}

/** Whether the CLI goes on with its turn, or has ended it. */
export function goesOn(message: JsonObject): boolean {
  return beginsMessage(message) || message["type"] === "result";
}

function blockIndex(event: JsonObject): number {
  return typeof event["index"] === "number" ? event["index"] : 0;
}

function contentBlocks(message: JsonObject): JsonObject[] {
  return Array.isArray(message["content"]) ? message["content"].filter(isObject) : [];
}

function optionalStatus(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

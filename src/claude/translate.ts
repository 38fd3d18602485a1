import { BridgeError } from "../errors.ts";
import { encodeJsonText } from "../json-text.ts";
import type { FinishReason, TurnEvent, Usage } from "../turn.ts";
import { failureToError } from "./failure.ts";
import { isObject, type JsonObject, optionalString, parseRateLimitInfo, type RateLimitInfo } from "./protocol.ts";

/**
 * How far a turn is. `finished`: the CLI is done and waits for the next message. `cut`: the answer is whole for the client,
 * but the CLI would go on by itself, so its process must end. `failed`: there is no answer.
 */
export type TurnOutcome =
  | { readonly name: "running" }
  | { readonly name: "finished" }
  | { readonly name: "cut" }
  | { readonly name: "failed"; readonly error: BridgeError };

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
  #messageId: string | undefined;
  #hasDeltas = false;
  #stopReason: string | undefined;
  #usage: JsonObject = {};
  #failure: { error: string | undefined; status: number | undefined; text: string } | undefined;
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** A delta came by the fast path; whether it is part of the answer. */
  countDelta(): boolean {
    this.#hasDeltas = true;
    return this.outcome.name === "running";
  }

  /** Takes one message and appends what it makes. Messages of unknown type appear with every CLI version and are passed over. */
  take(message: JsonObject, events: TurnEvent[]): void {
    // What the CLI goes on with by itself, in the same read even, is no part of the answer.
    if (this.outcome.name !== "running") return;
    switch (message["type"]) {
      case "stream_event":
        if (isObject(message["event"])) this.#streamEvent(message["event"], events);
        return;
      case "assistant":
        if (isObject(message["message"])) this.#assistant(message, message["message"], events);
        return;
      case "rate_limit_event":
        this.rateLimit = parseRateLimitInfo(message["rate_limit_info"]) ?? this.rateLimit;
        return;
      case "result":
        this.#result(message, events);
        return;
    }
  }

  #streamEvent(event: JsonObject, events: TurnEvent[]): void {
    switch (event["type"]) {
      case "message_start":
        if (isObject(event["message"])) this.#messageStart(event["message"], events);
        return;
      case "content_block_delta":
        if (isObject(event["delta"])) this.#delta(event["delta"], events);
        return;
      case "message_delta": {
        this.#mergeUsage(event["usage"]);
        const delta = isObject(event["delta"]) ? event["delta"] : {};
        this.#stopReason = optionalString(delta["stop_reason"]) ?? this.#stopReason;
        if (stopReasons[this.#stopReason ?? ""]?.cut === true) this.#finish("cut", events);
        return;
      }
    }
  }

  #messageStart(message: JsonObject, events: TurnEvent[]): void {
    const isFirst = this.#messageId === undefined;
    this.#messageId = optionalString(message["id"]) ?? "";
    if (!isFirst && this.#hasDeltas && this.#stopReason === undefined) return this.#brokeOff();
    this.#stopReason = undefined;
    this.#usage = {};
    this.#mergeUsage(message["usage"]);
    if (isFirst) events.push({ type: "start", model: optionalString(message["model"]) ?? "" });
  }

  #delta(delta: JsonObject, events: TurnEvent[]): void {
    if (delta["type"] === "text_delta") this.#push("text", delta["text"], events);
    else if (delta["type"] === "thinking_delta") this.#push("thinking", delta["thinking"], events);
  }

  #push(type: "text" | "thinking", text: unknown, events: TurnEvent[]): void {
    if (typeof text !== "string" || text === "") return;
    this.#hasDeltas = true;
    events.push({ type, text: encodeJsonText(text) });
  }

  #assistant(message: JsonObject, inner: JsonObject, events: TurnEvent[]): void {
    if (typeof message["error"] === "string" || inner["model"] === "<synthetic>") {
      this.#failure = {
        error: optionalString(message["error"]),
        status: optionalStatus(message["api_error_status"]),
        text: contentBlocks(inner).map((block) => optionalString(block["text"]) ?? "").join(""),
      };
      return;
    }
    // The streamed message again, block by block.
    if (inner["id"] === this.#messageId) return;
    // Not streamed: the stream broke and the CLI asked again for the whole (2.1.197).
    this.#messageStart(inner, events);
    if (this.outcome.name !== "running") return;
    this.#stopReason = optionalString(inner["stop_reason"]);
    for (const block of contentBlocks(inner)) {
      if (block["type"] === "text") this.#push("text", block["text"], events);
      else if (block["type"] === "thinking") this.#push("thinking", block["thinking"], events);
    }
  }

  #result(result: JsonObject, events: TurnEvent[]): void {
    if (this.outcome.name !== "running") return;
    if (result["is_error"] === true || this.#failure !== undefined) {
      const failure = this.#failure ?? { error: undefined, status: undefined, text: optionalString(result["result"]) ?? "" };
      const status = failure.status ?? optionalStatus(result["api_error_status"]);
      this.outcome = { name: "failed", error: failureToError({ ...failure, status, rateLimit: this.rateLimit }, this.#nowMs()) };
      return;
    }
    if (this.#messageId === undefined) {
      this.outcome = { name: "failed", error: new BridgeError("cli_failed", "The claude process ended the turn without an answer.") };
      return;
    }
    this.#finish("finished", events);
  }

  #finish(name: "finished" | "cut", events: TurnEvent[]): void {
    if (this.outcome.name !== "running") return;
    this.outcome = { name };
    events.push({ type: "finish", reason: stopReasons[this.#stopReason ?? ""]?.reason ?? "stop", usage: toUsage(this.#usage) });
  }

  #brokeOff(): void {
    this.outcome = { name: "failed", error: new BridgeError("upstream_error", "The answer broke off upstream after part of it had been sent.") };
  }

  #mergeUsage(usage: unknown): void {
    if (isObject(usage)) this.#usage = { ...this.#usage, ...usage };
  }
}

function contentBlocks(message: JsonObject): JsonObject[] {
  return Array.isArray(message["content"]) ? message["content"].filter(isObject) : [];
}

function optionalStatus(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** Anthropic's counts as OpenAI's: cached input is part of the prompt. */
function toUsage(usage: JsonObject): Usage {
  const cachedTokens = count(usage["cache_read_input_tokens"]);
  const details = isObject(usage["output_tokens_details"]) ? usage["output_tokens_details"] : {};
  return {
    promptTokens: count(usage["input_tokens"]) + count(usage["cache_creation_input_tokens"]) + cachedTokens,
    cachedTokens,
    completionTokens: count(usage["output_tokens"]),
    reasoningTokens: count(details["thinking_tokens"]),
  };
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? Math.max(0, Math.trunc(value)) : 0;
}

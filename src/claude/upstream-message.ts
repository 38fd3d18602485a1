import { noUsage, sumOfUsage, type Usage } from "../turn/usage.ts";
import { isObject, type JsonObject, optionalString } from "./protocol.ts";
import { toUsage } from "./usage.ts";

/** The model's message that the CLI streams, or streamed last. One answer may span several. */
export class UpstreamMessage {
  #id: string | undefined;
  #stopReason: string | undefined;
  #stopSequence: string | undefined;
  #stopDetails: JsonObject | undefined;
  #isOver = false;
  #usage: JsonObject = {};
  /** What the answer's earlier messages used, without those that broke off. */
  #earlierUsage = noUsage;

  /** Undefined until the turn's first message has begun. */
  get id(): string | undefined {
    return this.#id;
  }

  /** Undefined until the API has said why the message stopped. */
  get stopReason(): string | undefined {
    return this.#stopReason;
  }

  get stopSequence(): string | undefined {
    return this.#stopSequence;
  }

  get stopDetails(): JsonObject | undefined {
    return this.#stopDetails;
  }

  /** Whether the API has said that no more of the message comes. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** What the answer has used up to now: this message and those before it. */
  get usage(): Usage {
    return sumOfUsage(this.#earlierUsage, toUsage(this.#usage));
  }

  /** Handles `message_start`, or a message that was not streamed. */
  begin(message: JsonObject): void {
    if (this.#stopReason !== undefined) this.#earlierUsage = this.usage;
    this.#id = optionalString(message["id"]) ?? "";
    this.#stopReason = undefined;
    this.#stopSequence = undefined;
    this.#stopDetails = undefined;
    this.#isOver = false;
    this.#usage = {};
    this.addUsage(message["usage"]);
  }

  /** Handles what a `message_delta`, or a message that was not streamed, tells of why it stopped. */
  stop({ stop_reason, stop_sequence, stop_details }: JsonObject): void {
    this.#stopReason = optionalString(stop_reason) ?? this.#stopReason;
    this.#stopSequence = optionalString(stop_sequence) ?? this.#stopSequence;
    if (isObject(stop_details)) this.#stopDetails = stop_details;
  }

  /** Handles `message_stop`. */
  end(): void {
    this.#isOver = true;
  }

  /** Merges a `usage` object. The API reports running totals, so later numbers replace earlier ones. */
  addUsage(usage: unknown): void {
    if (isObject(usage)) this.#usage = { ...this.#usage, ...usage };
  }
}

/** A message that was not streamed. More lines of it may come: the CLI writes one line for each of its blocks. */
export interface UnstreamedMessage {
  readonly id: string;
  /** The message as its first line has it: with the reason why it stopped, if any. */
  readonly message: JsonObject;
  blocks: number;
}

/** Why the CLI gave a turn up. The CLI says so in a message of its own in the model's place, the synthetic message. */
export interface GivenUp {
  readonly error: string | undefined;
  readonly status: number | undefined;
  readonly text: string;
}

/**
 * What is known of a turn that the CLI gave up: from the synthetic message, if there was one, and from the turn's
 * `result`.
 */
export function givenUpTurn(result: JsonObject, givenUp: GivenUp | undefined): GivenUp {
  const { error, text, status } = givenUp ?? {
    error: undefined, status: undefined, text: optionalString(result["result"]) ?? "",
  };
  return { error, text, status: status ?? optionalStatus(result["api_error_status"]) };
}

/** Reads a synthetic message, and the line that it came in. Undefined for a message of the model's. */
export function givenUpIn(line: JsonObject, message: JsonObject): GivenUp | undefined {
  if (typeof line["error"] !== "string" && message["model"] !== "<synthetic>") return undefined;
  return {
    error: optionalString(line["error"]),
    status: optionalStatus(line["api_error_status"]),
    text: contentBlocks(message).map((block) => optionalString(block["text"]) ?? "").join(""),
  };
}

/** An HTTP status, where the CLI tells one. */
export function optionalStatus(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** Whether a line of the CLI's is the start of a streamed message. */
function beginsMessage({ type, event }: JsonObject): boolean {
  return type === "stream_event" && isObject(event) && event["type"] === "message_start";
}

/** Whether a line shows that the CLI continues its turn with another message, or has ended it. */
export function goesOn(message: JsonObject): boolean {
  return beginsMessage(message) || message["type"] === "result";
}

/**
 * Whether further blocks of a message that was not streamed may come behind a line. They may come behind another of its
 * blocks, the rest of the stream that broke, the state of the rate limit, and any `system` line but the one that
 * announces the CLI's next request.
 */
export function leavesOpen(message: JsonObject, messageId: string): boolean {
  switch (message["type"]) {
    case "assistant": return isObject(message["message"]) && message["message"]["id"] === messageId;
    case "stream_event": return !beginsMessage(message);
    case "rate_limit_event": return true;
    case "system": return message["status"] !== "requesting";
    default: return false;
  }
}

/** A stream event's block number. */
export function blockIndex(event: JsonObject): number {
  return typeof event["index"] === "number" ? event["index"] : 0;
}

/** The content blocks of a whole message. */
export function contentBlocks(message: JsonObject): JsonObject[] {
  return Array.isArray(message["content"]) ? message["content"].filter(isObject) : [];
}

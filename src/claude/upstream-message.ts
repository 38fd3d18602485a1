import { isObject, type JsonObject, optionalString } from "./protocol.ts";

/** The model's message that the CLI streams, or streamed last: one answer may span several. */
export class UpstreamMessage {
  /** Undefined until the turn's first message has begun. */
  id: string | undefined;
  stopReason: string | undefined;
  stopSequence: string | undefined;
  usage: JsonObject = {};

  /** Whether the API has said why the message stopped. */
  get hasEnded(): boolean {
    return this.stopReason !== undefined;
  }

  /** `message_start`, or a message that was not streamed. */
  begin(message: JsonObject): void {
    this.id = optionalString(message["id"]) ?? "";
    this.stopReason = undefined;
    this.stopSequence = undefined;
    this.usage = {};
    this.addUsage(message["usage"]);
  }

  /** `message_delta`: what it leaves out stays as it was. */
  stop(stopReason: string | undefined, stopSequence: string | undefined): void {
    this.stopReason = stopReason ?? this.stopReason;
    this.stopSequence = stopSequence ?? this.stopSequence;
  }

  /** The API counts on: later numbers replace earlier ones. */
  addUsage(usage: unknown): void {
    if (isObject(usage)) this.usage = { ...this.usage, ...usage };
  }
}

/** A message that was not streamed and of which more lines may come: the CLI gives it a block a line. */
export interface WholeMessage {
  readonly id: string;
  readonly stopReason: string | undefined;
  readonly stopSequence: string | undefined;
  blocks: number;
}

/** What a synthetic message says of a turn that the CLI gave up. */
export interface GivenUp {
  readonly error: string | undefined;
  readonly status: number | undefined;
  readonly text: string;
}

/** Whether a line of the CLI's is the start of a streamed message. */
function beginsMessage({ type, event }: JsonObject): boolean {
  return type === "stream_event" && isObject(event) && event["type"] === "message_start";
}

/** Whether the CLI goes on with its turn, or has ended it. */
export function goesOn(message: JsonObject): boolean {
  return beginsMessage(message) || message["type"] === "result";
}

/**
 * Whether a line leaves a message open that the CLI gives without streaming: its next block, the end of the stream that
 * broke, the state of the rate limit, or any `system` line but the one that announces the CLI's next request.
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

/** What a dialect is: pure functions between one API's wire form and the vocabulary of `turn/`. */

import type { BridgeError } from "../errors.ts";
import type { TurnEvent } from "../turn/event.ts";
import type { Turn } from "../turn/turn.ts";
import type { Body } from "./body.ts";

/** A request as far as it is alike in all dialects. */
export interface TurnRequest {
  /** All of the turn but the model, whose name is not the CLI's yet. */
  readonly turn: Omit<Turn, "model">;
  /** As the client wrote it, or the default: the answer repeats it. */
  readonly model: string;
  readonly stream: boolean;
}

/** What a parser needs besides the body. */
export interface ParseContext {
  /** The model of a request that names none. */
  readonly defaultModel: string;
}

/** What an answer has that is neither the request's nor the model's. */
export interface AnswerIdentity {
  /** 24 random characters of base64url: with the dialect's prefix the answer's id. */
  readonly token: string;
  /** Epoch seconds. */
  readonly createdAt: number;
  /** Of the Claude CLI; undefined where it is not known. */
  readonly cliVersion: string | undefined;
}

/** An answer as server-sent events: turn events in, wire text out (latin1-held UTF-8, to be written as latin1). */
export interface WireStream {
  /** What goes out first, once; asked for when there is something to write behind it, or after the head's wait. */
  open(): string;
  /** What goes out when the stream has been silent for long. */
  heartbeat(): string;
  /**
   * One batch; empty when nothing of it is written. Throws a BridgeError when the answer is longer than the dialect can
   * hold.
   */
  encode(events: readonly TurnEvent[]): string;
  /** The last event of a stream that fails: never an end mark. */
  fail(error: BridgeError): string;
}

/** An answer that is given in one piece. */
export interface AnswerFold {
  /** Takes one batch. Throws a BridgeError when the answer is longer than the dialect can hold. */
  take(events: readonly TurnEvent[]): void;
  /** The body, once the turn is over; it is held here no more. Throws for a turn that has no end. */
  release(): Body;
}

/** A refusal or a failure as an HTTP answer. */
export interface Failure {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** To be written as JSON. */
  readonly body: object;
}

/**
 * How errors are written before the head of an answer is out; `nowMs` is the clock of times in them, since the epoch.
 */
export interface ErrorForm {
  failure(error: BridgeError, nowMs: number): Failure;
}

/** The subscription's rate limit window as far as the CLI has told of it. */
export interface RateLimitWindow {
  /** Epoch seconds. */
  readonly resetsAt: number | undefined;
  /** From 0 to 1. */
  readonly utilization: number | undefined;
}

/** An API that runs turns. */
export interface Dialect<Request extends TurnRequest> extends ErrorForm {
  /** Checks a body. Throws a BridgeError that names the field which cannot be honoured. */
  parse(body: unknown, context: ParseContext): Request;
  stream(request: Request, identity: AnswerIdentity): WireStream;
  whole(request: Request, identity: AnswerIdentity): AnswerFold;
  /** The headers that tell of the rate limit window. */
  windowHeaders(window: RateLimitWindow | undefined, nowMs: number): Readonly<Record<string, string>>;
}

/** A request to an endpoint that runs no turn. */
export interface LookupRequest {
  /** What the path has in its placeholder, not decoded; empty where it has none. */
  readonly parameter: string;
  readonly query: URLSearchParams;
}

/** An endpoint that runs no turn: gives the JSON of its answer, latin1-held UTF-8. Throws a BridgeError. */
export type Lookup = (request: LookupRequest) => string | Promise<string>;

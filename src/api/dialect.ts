/**
 * The interface of a dialect: functions between one API's wire form and the vocabulary of `turn/`. They do no I/O, and
 * read no clock and no randomness. Where an API lets clients fetch or continue earlier answers, its dialect is made by
 * a function that is handed a store, whose interface the dialect declares.
 */

import type { BridgeError } from "../errors.ts";
import type { WireText } from "../json-text.ts";
import type { TokenCount } from "../turn/count.ts";
import type { TurnEvent } from "../turn/event.ts";
import type { Thinking, Turn } from "../turn/turn.ts";
import type { Body } from "./body.ts";
import type { NumberFields } from "./long-numbers.ts";

/** What every dialect's parsed request has. */
export interface TurnRequest {
  /** The turn without its model: the server finds the CLI's name for the client's. */
  readonly turn: Omit<Turn, "model">;
  /**
   * The thinking of a turn for which neither the request nor the model's alias sets any. Undefined: the CLI decides.
   */
  readonly unsaidThinking?: Thinking;
  /** The model's name as the client wrote it, or the default. The answer repeats it. */
  readonly model: string;
  readonly stream: boolean;
  /** Called once the request is over, however it ended, to let go of what `parse` has reserved for it. */
  readonly release?: () => void;
}

/**
 * Looks up a request header by its name; undefined where the request has none. Values of a header that came several
 * times are joined with commas. Headers with keys are hidden.
 */
export type HeaderView = (name: string) => string | undefined;

/** What a dialect parses a request with, besides the body. */
export interface ParseContext {
  readonly header: HeaderView;
  /** The model of a request that names none. */
  readonly defaultModel: string;
  /** Whether the model may search the web, where a request asks for that. */
  readonly allowsWebSearch: boolean;
}

/** The values in an answer that come neither from the request nor from the model. */
export interface AnswerIdentity {
  /** 24 random characters of base64url. The dialect's prefix and this token make the answer's id. */
  readonly token: string;
  /** When the turn was begun, in seconds since the epoch. */
  readonly createdAt: number;
  /** The Claude CLI's version; undefined when it is not known. */
  readonly cliVersion: string | undefined;
  /** The request's id: the one that its client sent, or one made for it. */
  readonly requestId: string;
}

/** Encodes an answer as server-sent events. */
export interface WireStream {
  /**
   * The stream's first text. Called once: when the model's first delta has come, or when `--head-wait` is over. What
   * `encode` gave before then is sent behind it.
   */
  open(): WireText;
  /** The text that is sent when the stream has been silent for `--heartbeat` seconds. */
  heartbeat(): WireText;
  /**
   * Encodes a batch of events as the stream's text; `noText` if the dialect writes nothing for them. Throws a
   * BridgeError when the answer grows longer than the dialect can hold.
   */
  encode(events: readonly TurnEvent[]): WireText;
  /** The last event of a stream that fails. It must not be followed by what ends the dialect's good streams. */
  fail(error: BridgeError): WireText;
  /**
   * Whether an error before the first delta is told by `open` and `fail` too, under the status 200: for errors that the
   * API's clients understand only there. All others get the status that `Dialect.failure` gives them.
   */
  isToldInStream?(error: BridgeError): boolean;
}

/** Gathers an answer that is sent in one piece. */
export interface AnswerFold {
  /** Adds a batch of events. Throws a BridgeError when the answer grows longer than the dialect can hold. */
  take(events: readonly TurnEvent[]): void;
  /** Returns the whole answer, and keeps no reference to it. Throws if there was no `message_stop`. */
  release(): Body;
}

/** An error as an HTTP response. */
export interface Failure {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The body, to be serialized as JSON. */
  readonly body: object;
}

/** The values in an error's response that the error itself does not have. */
export interface FailureContext {
  /** The current time, in milliseconds since the epoch: some errors hold times that are counted from it. */
  readonly nowMs: number;
  /** The request's id, which http also sends as `x-request-id`. */
  readonly requestId: string;
  /** The subscription's rate limit window, where it is known. */
  readonly window?: RateLimitWindow;
}

/** Writes errors that occur before the response headers are sent. */
export interface ErrorForm {
  /**
   * A header for the request's id under the API's own name, sent beside `x-request-id`; undefined if the API has none.
   */
  readonly requestIdHeader?: string;
  failure(error: BridgeError, context: FailureContext): Failure;
}

/** The subscription's rate limit window, as far as the CLI has reported it. */
export interface RateLimitWindow {
  /** The CLI's word for the window's state, such as `allowed`, `allowed_warning` or `rejected`. */
  readonly status: string;
  /** Which window it is: `five_hour`, `seven_day` and others. */
  readonly rateLimitType: string | undefined;
  /** When the rate limit window ends, in seconds since the epoch; undefined if the CLI has not said it. */
  readonly resetsAt: number | undefined;
  /** The used share of the window, from 0 to 1. */
  readonly utilization: number | undefined;
}

/** One API's endpoint that runs turns, such as `POST /v1/responses`. */
export interface Dialect<Request extends TurnRequest> extends ErrorForm {
  /**
   * The fields in which whole numbers that JavaScript would round, such as ids of 19 digits, come to `parse` as strings
   * of their digits. Undefined: they come rounded everywhere.
   */
  readonly numberFields?: NumberFields;
  /** Checks and translates a body. Throws a BridgeError that names the field which cannot be honoured. */
  parse(body: unknown, context: ParseContext): Request;
  /** Makes the encoder for an answer that is streamed. */
  stream(request: Request, identity: AnswerIdentity): WireStream;
  /** Makes the collector for an answer that is sent in one piece. */
  whole(request: Request, identity: AnswerIdentity): AnswerFold;
  /** The response headers that report the rate limit window; none when it is unknown. */
  windowHeaders(window: RateLimitWindow | undefined, nowMs: number): Readonly<Record<string, string>>;
}

/** One API's endpoint that counts the tokens of a turn, such as `POST /v1/messages/count_tokens`. Nothing is asked. */
export interface CountDialect<Request extends TurnRequest> extends ErrorForm {
  /** As in `Dialect`. */
  readonly numberFields?: NumberFields;
  /** As in `Dialect`. */
  parse(body: unknown, context: ParseContext): Request;
  /** The body of the answer. */
  counted(count: TokenCount): WireText;
  /** The headers of the answer. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A request to an endpoint that runs no turn. */
export interface LookupRequest {
  /** The part of the path that matched the route's placeholder, not decoded; empty when the route has none. */
  readonly parameter: string;
  readonly query: URLSearchParams;
  readonly header: HeaderView;
}

/** An endpoint that runs no turn: returns its response as JSON. Throws a BridgeError. */
export type Lookup = (request: LookupRequest) => WireText | Promise<WireText>;

/** An endpoint like `Lookup` that is sent a JSON object, such as one that counts tokens. Throws a BridgeError. */
export type BodyLookup = (body: unknown, request: LookupRequest) => WireText | Promise<WireText>;

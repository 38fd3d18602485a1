/** The events that a running turn yields, from the model to the client. */

import type { Citation, ServerToolBlock } from "./message.ts";
import type { Usage } from "./usage.ts";

/**
 * The content of a JSON string, without its quotes, as the CLI wrote it: still escaped. It is held as latin1: one
 * character for each UTF-8 byte. So it can be spliced between constant parts and written to a socket without being
 * decoded or encoded.
 */
export type JsonText = string & { readonly __jsonText: unique symbol };

/** The Messages API's `stop_reason` values. There is none for a failure: a turn that fails throws. */
export type StopReason =
  | "end_turn"
  | "max_tokens"
  | "stop_sequence"
  | "tool_use"
  | "refusal"
  | "pause_turn"
  | "model_context_window_exceeded";

/** A content block as its start event describes it, before any of its deltas. */
export type StartedBlock =
  | { readonly type: "text" }
  | { readonly type: "thinking" }
  /** Thinking that the API gives only encrypted. The start has all of it: no deltas follow. */
  | { readonly type: "redacted_thinking"; readonly data: string }
  | { readonly type: "tool_use"; readonly id: string; readonly name: string }
  /**
   * The whole block as its start has it. A call's input is empty in it if it is streamed, and comes as `input_json`.
   */
  | ServerToolBlock
  /** A block of a type that is not known here, as the API sent it. */
  | { readonly type: "other"; readonly block: Readonly<Record<string, unknown>> };

/**
 * One event of a turn. A turn yields one `message_start`, its content blocks one after the other, and one
 * `message_stop`. Any number of `accepted` and `retry` events may come before the first block. Blocks are numbered from
 * 0 without gaps. A turn that fails throws a `BridgeError` before its `message_stop`.
 */
export type TurnEvent =
  /** The upstream accepted the request. The answer may still break off, and the CLI may send the request again. */
  | { readonly type: "accepted"; readonly model: string }
  /** The upstream failed, and the CLI sends the request again. */
  | { readonly type: "retry" }
  /** The answer begins, and no other will take its place. `usage` has the counts known at its start. */
  | { readonly type: "message_start"; readonly id: string; readonly model: string; readonly usage: Usage }
  | { readonly type: "block_start"; readonly index: number; readonly block: StartedBlock }
  | { readonly type: "text"; readonly index: number; readonly text: JsonText }
  | { readonly type: "thinking"; readonly index: number; readonly text: JsonText }
  /** The API's signature of a thinking block: proves that the API produced the block. */
  | { readonly type: "signature"; readonly index: number; readonly signature: JsonText }
  /** A source that the API names for a text block. */
  | { readonly type: "citation"; readonly index: number; readonly citation: Citation }
  /**
   * A delta of the input of a call, one of the client's tools or of the API's own. It is JSON inside a JSON string. The
   * empty input of a client's tool is sent as `{}`.
   */
  | { readonly type: "input_json"; readonly index: number; readonly text: JsonText }
  /** A delta of a type that is not known here, as the API sent it. */
  | { readonly type: "other_delta"; readonly index: number; readonly delta: Readonly<Record<string, unknown>> }
  | { readonly type: "block_stop"; readonly index: number }
  | {
    readonly type: "message_stop";
    readonly stopReason: StopReason;
    /** The stop sequence that ended the turn; undefined when none did. */
    readonly stopSequence: string | undefined;
    /** What else the API says of the reason, such as why it refused: its `stop_details`. */
    readonly stopDetails: Readonly<Record<string, unknown>> | undefined;
    /** What the whole answer used: the sum, if the CLI asked the model several times for it. */
    readonly usage: Usage;
  };

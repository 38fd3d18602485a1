/** What comes back from the model while a turn runs. */

import type { Usage } from "./usage.ts";

/**
 * The inside of a JSON string as the CLI wrote it: still escaped, its UTF-8 bytes held one a character (latin1),
 * so that it can be spliced between constant parts and written to a socket without being decoded or encoded.
 */
export type JsonText = string & { readonly __jsonText: unique symbol };

/** Why the model stopped, in the Messages API's words. A failure is not among them: it is thrown. */
export type StopReason =
  | "end_turn"
  | "max_tokens"
  | "stop_sequence"
  | "tool_use"
  | "refusal"
  | "pause_turn"
  | "model_context_window_exceeded";

/** What a content block is, as far as its start tells. */
export type StartedBlock =
  | { readonly type: "text" }
  | { readonly type: "thinking" }
  /** Thinking that is given only encrypted: all of it stands in the start. */
  | { readonly type: "redacted_thinking"; readonly data: string }
  | { readonly type: "tool_use"; readonly id: string; readonly name: string };

/**
 * What a turn gives: one `message_start`, its content blocks one after the other, one `message_stop`; and any number of
 * `retry` before the first block. Blocks are numbered from 0 without gaps. A turn that fails throws a `BridgeError`
 * instead of coming to its `message_stop`.
 */
export type TurnEvent =
  /** The upstream took the request; `usage` is what it knows of it at that point. */
  | { readonly type: "message_start"; readonly id: string; readonly model: string; readonly usage: Usage }
  /** The upstream failed and is asked again. */
  | { readonly type: "retry" }
  | { readonly type: "block_start"; readonly index: number; readonly block: StartedBlock }
  | { readonly type: "text"; readonly index: number; readonly text: JsonText }
  | { readonly type: "thinking"; readonly index: number; readonly text: JsonText }
  /** Proves to the API that a thinking block is its own. */
  | { readonly type: "signature"; readonly index: number; readonly signature: JsonText }
  /** Where a text block's words are taken from, as the API writes it. */
  | { readonly type: "citation"; readonly index: number; readonly citation: Readonly<Record<string, unknown>> }
  /** A piece of a call's input: the inside of a JSON string that holds JSON. Never missing: an empty input is `{}`. */
  | { readonly type: "input_json"; readonly index: number; readonly text: JsonText }
  | { readonly type: "block_stop"; readonly index: number }
  | {
    readonly type: "message_stop";
    readonly stopReason: StopReason;
    /** The one of the turn's stop sequences that ended it, where one did. */
    readonly stopSequence: string | undefined;
    readonly usage: Usage;
  };

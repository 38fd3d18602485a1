/**
 * The vocabulary between the dialects and the engine: what is asked of the model, and what comes back.
 * It follows the Messages API's blocks, because that is what the CLI takes and gives. Imports nothing.
 */

/**
 * The inside of a JSON string as the CLI wrote it: still escaped, its UTF-8 bytes held one a character (latin1),
 * so that it can be spliced between constant parts and written to a socket without being decoded or encoded.
 */
export type JsonText = string & { readonly __jsonText: unique symbol };

/** A text block. Never empty: the Messages API refuses empty text. */
export interface TextBlock { readonly type: "text"; readonly text: string }

/** An image by its bytes. */
export interface ImageBlock {
  readonly type: "image";
  readonly source: { readonly type: "base64"; readonly media_type: string; readonly data: string };
}

/** A PDF by its bytes. */
export interface DocumentBlock {
  readonly type: "document";
  readonly source: { readonly type: "base64"; readonly media_type: "application/pdf"; readonly data: string };
  readonly title?: string;
}

/** A call that the model made earlier. */
export interface ToolUseBlock {
  readonly type: "tool_use";
  readonly id: string;
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** What the client's tool answered to the call of the same id. */
export interface ToolResultBlock {
  readonly type: "tool_result";
  readonly tool_use_id: string;
  readonly content: string | readonly (TextBlock | ImageBlock)[];
  readonly is_error?: boolean;
}

export type UserBlock = TextBlock | ImageBlock | DocumentBlock | ToolResultBlock;
export type AssistantBlock = TextBlock | ToolUseBlock;

/** One message in its true role. Neighbours never have the same role: the dialects merge them. */
export type Message =
  | { readonly role: "user"; readonly content: readonly UserBlock[] }
  | { readonly role: "assistant"; readonly content: readonly AssistantBlock[] };

/** One request to the model: everything it depends on, and nothing else. */
export interface Turn {
  /** As given to the CLI's `--model`: an alias (`opus`) or a full id. */
  readonly model: string;
  /** System and developer messages in their order, joined; empty when there are none. */
  readonly system: string;
  /** Starts and ends with a user message. */
  readonly messages: readonly Message[];
  /** Upper bound on output tokens, when the client set one. */
  readonly maxOutputTokens?: number;
}

/** Tokens as OpenAI counts them. */
export interface Usage {
  /** Input, cache reads and cache writes together. */
  readonly promptTokens: number;
  /** The part of `promptTokens` that was read from the cache. */
  readonly cachedTokens: number;
  /** Output, thinking included. */
  readonly completionTokens: number;
  /** The part of `completionTokens` that was thinking. */
  readonly reasoningTokens: number;
}

/** Why the model stopped; a failure is not among them, it is thrown. */
export type FinishReason = "stop" | "length" | "content_filter";

/** What a turn gives, in this order: one `start`, deltas, one `finish`. A turn that fails throws a `BridgeError` instead of finishing. */
export type TurnEvent =
  | { readonly type: "start"; readonly model: string }
  | { readonly type: "text"; readonly text: JsonText }
  | { readonly type: "thinking"; readonly text: JsonText }
  | { readonly type: "finish"; readonly reason: FinishReason; readonly usage: Usage };

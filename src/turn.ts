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

/** An image by its bytes; by a URL only on the way from a dialect to whoever fetches it. */
export interface ImageBlock {
  readonly type: "image";
  readonly source: Base64Source | UrlSource;
}

export interface UrlSource {
  readonly type: "url";
  readonly url: string;
  /** The field of the request that holds it, for the error of one that cannot be had. */
  readonly path: string;
}

export interface Base64Source {
  readonly type: "base64";
  readonly media_type: string;
  readonly data: string;
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

/** A function of the client's that the model may call. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema whose top level is an object. */
  readonly inputSchema: Readonly<Record<string, unknown>>;
  /** For the error of one that the model cannot be given. */
  readonly source?: ToolSource;
}

/** What the client calls a tool, and the field of its request that defines it. */
export interface ToolSource { readonly name: string; readonly path: string }

/** How free the model is to call: `required` is any one tool, a name that one. */
export type ToolChoice = { readonly type: "auto" | "none" | "required" } | { readonly type: "tool"; readonly name: string };

/** How hard the model thinks, in the CLI's words. */
export type Effort = "low" | "medium" | "high" | "xhigh" | "max";

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
  /** Those that the model may see: a choice that leaves some out has left them out already. */
  readonly tools: readonly Tool[];
  readonly toolChoice: ToolChoice;
  /** False: at most one call in an answer. */
  readonly parallelToolCalls: boolean;
  readonly effort?: Effort;
  /** The most tokens of thinking; 0 turns it off. */
  readonly thinkingTokens?: number;
  /** The answer is one JSON document that this JSON Schema describes. */
  readonly responseSchema?: Readonly<Record<string, unknown>>;
  /** The answer ends before the first of these. */
  readonly stop: readonly string[];
}

/** Tokens as OpenAI counts them. */
export interface Usage {
  /** Input, cache reads and cache writes together. */
  readonly promptTokens: number;
  /** The part of `promptTokens` that was read from the cache. */
  readonly cachedTokens: number;
  /** The part of `promptTokens` that was written to the cache. */
  readonly cacheWriteTokens: number;
  /** Output, thinking included. */
  readonly completionTokens: number;
  /** The part of `completionTokens` that was thinking. */
  readonly reasoningTokens: number;
}

/** Why the model stopped; a failure is not among them, it is thrown. */
export type FinishReason = "stop" | "length" | "tool_calls" | "content_filter";

/** What a turn gives, in this order: one `start`, deltas, one `finish`, and any number of `retry` before. A turn that fails throws a `BridgeError` instead of finishing. */
export type TurnEvent =
  /** The upstream took the request; `usage` is what it knows of it at that point. */
  | { readonly type: "start"; readonly model: string; readonly usage: Usage }
  /** The upstream failed and is asked again. */
  | { readonly type: "retry" }
  | { readonly type: "text"; readonly text: JsonText }
  | { readonly type: "thinking"; readonly text: JsonText }
  /** A call begins; `call` counts an answer's calls from 0. */
  | { readonly type: "tool_call"; readonly call: number; readonly id: string; readonly name: string }
  /** A piece of a call's arguments: the inside of a JSON string that holds JSON. */
  | { readonly type: "tool_arguments"; readonly call: number; readonly text: JsonText }
  | { readonly type: "finish"; readonly reason: FinishReason; readonly usage: Usage };

/** A model as a client may name it. */
export interface ModelEntry {
  readonly id: string;
  readonly description: string | undefined;
}

/** Messages to the model, as the Messages API's content blocks: the CLI accepts these. */

/** A text block. Never empty: the Messages API refuses empty text. */
export interface TextBlock { readonly type: "text"; readonly text: string }

/** An image. A dialect may give its URL; the HTTP layer fetches it, so the CLI always gets the bytes. */
export interface ImageBlock {
  readonly type: "image";
  readonly source: Base64Source | UrlSource;
}

/** An image that has yet to be fetched. */
export interface UrlSource {
  readonly type: "url";
  readonly url: string;
  /** The request field that holds the URL: an error names it when the image cannot be fetched. */
  readonly path: string;
}

/** An image's bytes, as base64. */
export interface Base64Source {
  readonly type: "base64";
  readonly media_type: string;
  readonly data: string;
}

/** A PDF, as base64. */
export interface DocumentBlock {
  readonly type: "document";
  readonly source: { readonly type: "base64"; readonly media_type: "application/pdf"; readonly data: string };
  readonly title?: string;
}

/** A tool call that the model made in an earlier answer. */
export interface ToolUseBlock {
  readonly type: "tool_use";
  readonly id: string;
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** The result that the client's tool gave for the call with the id `tool_use_id`. */
export interface ToolResultBlock {
  readonly type: "tool_result";
  readonly tool_use_id: string;
  readonly content: string | readonly (TextBlock | ImageBlock)[];
  readonly is_error?: boolean;
}

export type UserBlock = TextBlock | ImageBlock | DocumentBlock | ToolResultBlock;
export type AssistantBlock = TextBlock | ToolUseBlock;

/** One message. Two neighbours never have the same role: the dialects merge them. */
export type Message =
  | { readonly role: "user"; readonly content: readonly UserBlock[] }
  | { readonly role: "assistant"; readonly content: readonly AssistantBlock[] };

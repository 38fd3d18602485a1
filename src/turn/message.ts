/** What is said to the model: the Messages API's blocks, because that is what the CLI takes. */

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

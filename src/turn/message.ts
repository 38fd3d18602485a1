/**
 * Messages to the model, as the Messages API's content blocks. `cache_control` has no place in them: the CLI decides by
 * itself what is cached.
 */

/** A text block. Never empty: the Messages API refuses empty text. */
export interface TextBlock { readonly type: "text"; readonly text: string }

/** The source of a text's words, as the API sent it. */
export type Citation = Readonly<Record<string, unknown>>;

/** A text block of an earlier answer. A process that does not have that answer is told it without its citations. */
export interface AnswerTextBlock extends TextBlock { readonly citations?: readonly Citation[] }

/** An image. A dialect may give its URL; the HTTP layer fetches it, so the CLI never gets a URL. */
export interface ImageBlock {
  readonly type: "image";
  readonly source: Base64Source | UrlSource | FileSource;
}

/** A file that the client has uploaded to the API. The CLI passes its id on (2.1.197, 2.1.330). */
export interface FileSource { readonly type: "file"; readonly file_id: string }

/** The address of an image that the HTTP layer fetches before the turn is told to a process. */
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

/** A document that the model reads, and may cite. */
export interface DocumentBlock {
  readonly type: "document";
  readonly source: DocumentSource;
  readonly title?: string;
  /** What the model is told about the document besides its content. It cannot be cited. */
  readonly context?: string;
  readonly citations?: CitationsSetting;
}

export type DocumentSource =
  | { readonly type: "base64"; readonly media_type: "application/pdf"; readonly data: string }
  | { readonly type: "text"; readonly media_type: "text/plain"; readonly data: string }
  | { readonly type: "content"; readonly content: string | readonly (TextBlock | ImageBlock)[] }
  /** A PDF that the API itself fetches. */
  | { readonly type: "url"; readonly url: string }
  | FileSource;

/** Something that a search of the client's own has found, and that the model may cite. */
export interface SearchResultBlock {
  readonly type: "search_result";
  readonly source: string;
  readonly title: string;
  readonly content: readonly TextBlock[];
  readonly citations?: CitationsSetting;
}

/** Whether the model may cite a document or a search result. */
export interface CitationsSetting { readonly enabled: boolean }

/** The model's thinking in an earlier answer. The API takes it back only unchanged. */
export interface ThinkingBlock {
  readonly type: "thinking";
  readonly thinking: string;
  /** The API's proof that it produced the block. */
  readonly signature: string;
  /** The id of the model that did the thinking; undefined where it is not known. No other model is told the block. */
  readonly model?: string;
}

/** Thinking that the API gave only encrypted. `model` as in `ThinkingBlock`. */
export interface RedactedThinkingBlock {
  readonly type: "redacted_thinking";
  readonly data: string;
  readonly model?: string;
}

/** What the model thought before or within an earlier answer. */
export type Thought = ThinkingBlock | RedactedThinkingBlock;

/**
 * A call of a tool that the API itself ran for an earlier answer, or the result of one, with all its fields as the API
 * gave them. The CLI passes them on (2.1.197, 2.1.330).
 */
export interface ServerToolBlock {
  readonly type:
    | "server_tool_use" | "web_search_tool_result" | "web_fetch_tool_result" | "code_execution_tool_result"
    | "bash_code_execution_tool_result" | "text_editor_code_execution_tool_result" | "tool_search_tool_result"
    | "mcp_tool_use" | "mcp_tool_result";
  readonly [field: string]: unknown;
}

/** A file that the client has uploaded to the API, for the API's tools that run code. */
export interface ContainerUploadBlock { readonly type: "container_upload"; readonly file_id: string }

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
  readonly content: string | readonly ResultPart[];
  readonly is_error?: boolean;
}

/**
 * A part of a tool's result. `tool_reference` names a tool that a search among the tools has found: a turn with one is
 * refused, because the CLI would leave it out.
 */
export type ResultPart =
  | TextBlock | ImageBlock | DocumentBlock | SearchResultBlock
  | { readonly type: "tool_reference"; readonly tool_name: string };

/** What a user message can hold besides the results of calls. */
export type PromptBlock = TextBlock | ImageBlock | DocumentBlock | SearchResultBlock | ContainerUploadBlock;
export type UserBlock = PromptBlock | ToolResultBlock;
export type AssistantBlock = AnswerTextBlock | Thought | ToolUseBlock | ServerToolBlock;

/** One message. Two neighbours never have the same role: the dialects merge them. */
export type Message =
  | { readonly role: "user"; readonly content: readonly UserBlock[] }
  | { readonly role: "assistant"; readonly content: readonly AssistantBlock[] };

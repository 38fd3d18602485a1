/** A request to the model, independent of the client's dialect. */

import type { Message, TextBlock } from "./message.ts";

/** One of the client's tools, which the model may call. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema whose top level is an object. */
  readonly inputSchema: Readonly<Record<string, unknown>>;
  /**
   * The schema in the form that the API can compile, so that calls fit it by construction. Undefined where the client
   * did not ask for that, or there is no such form.
   */
  readonly strictSchema?: Readonly<Record<string, unknown>>;
  /** Where the request defines the tool. An error names that place when the CLI cannot serve the tool. */
  readonly source?: ToolSource;
}

/** The client's name for a tool, and the request field that defines the tool. */
export interface ToolSource { readonly name: string; readonly path: string }

/** Which calls the model may make. `any`: it must call some tool. `tool`: it must call the named one. */
export type ToolChoice = {
  readonly type: "auto" | "none" | "any"
} | { readonly type: "tool"; readonly name: string };

/** How much work the model puts into an answer, thinking included. */
export type Effort = "low" | "medium" | "high" | "xhigh" | "max";

/**
 * Whether the model thinks before it answers. `enabled`: with at most `budgetTokens` tokens. `adaptive`: the model
 * decides for each answer whether and how long.
 */
export type Thinking =
  | { readonly type: "disabled" }
  | { readonly type: "enabled"; readonly budgetTokens: number; readonly display?: ThinkingDisplay }
  | { readonly type: "adaptive"; readonly display?: ThinkingDisplay };

/**
 * How the API shows thoughts: summarized, as this server asks where the client does not say it, or only by their
 * signatures.
 */
export type ThinkingDisplay = "summarized" | "omitted";

/** The web search that the API itself runs for the model, and its limits. */
export interface WebSearch {
  /** The only sites whose pages may be found. */
  readonly allowedDomains?: readonly string[];
  /** Sites whose pages may not be found. The API takes one of the two lists. */
  readonly blockedDomains?: readonly string[];
  /** Roughly where the user is: `city`, `region`, `country`, `timezone`. */
  readonly userLocation?: Readonly<Record<string, string>>;
  /** How often the model may search for one answer. */
  readonly maxUses?: number;
}

/** How the next token is drawn, in the Messages API's ranges. What is undefined has the API's default. */
export interface Sampling {
  /** From 0 to 1. */
  readonly temperature?: number;
  /** From 0 to 1. */
  readonly topP?: number;
  readonly topK?: number;
}

/**
 * One request to the model: all that its answer depends on. Besides, it has only where in the client's request a tool
 * or an image's URL stood (`Tool.source`, `UrlSource.path`), for errors, and whether the answer is streamed.
 */
export interface Turn {
  /** The value for the CLI's `--model`: an alias (`opus`) or a full id. */
  readonly model: string;
  /** The system prompt's blocks in their order; empty when there is none. */
  readonly system: readonly TextBlock[];
  /** Starts and ends with a user message. */
  readonly messages: readonly Message[];
  /** Upper bound on output tokens, when the client set one. */
  readonly maxTokens?: number;
  /** The tools that the model sees. Where the client allows some of its tools only, the others are already removed. */
  readonly tools: readonly Tool[];
  /**
   * The choice among the client's tools: even with `none` the model may search the web, if the turn has `webSearch`.
   */
  readonly toolChoice: ToolChoice;
  /**
   * Undefined: the model cannot search the web. Beside an answer's schema it works only where the API compiles the
   * schema (`outputFormat`); else the turn is refused.
   */
  readonly webSearch?: WebSearch;
  /** True: an answer may hold at most one call. */
  readonly disableParallelToolUse: boolean;
  /** Undefined: as an alias for the model sets it; where none does, the CLI decides. */
  readonly effort?: Effort;
  /** Undefined: as an alias for the model sets it; where none does, the CLI decides. */
  readonly thinking?: Thinking;
  /**
   * When set, the answer is one JSON document that fits this JSON Schema, whose top level is an object. Where the CLI
   * cannot be told a keyword of the schema, the keyword is left out.
   */
  readonly responseSchema?: Readonly<Record<string, unknown>>;
  /**
   * The schema in the form that the API can compile for an answer. Undefined where there is none, or where any object
   * will do.
   */
  readonly outputFormat?: Readonly<Record<string, unknown>>;
  /** Left out where the model thinks: the API takes no other than its own then. */
  readonly sampling?: Sampling;
  /** Stop sequences: the answer ends before the first one that occurs in its text. */
  readonly stopSequences: readonly string[];
  /**
   * True: the client gets the answer in one piece. Nothing is sent before the answer's end, so the model may still
   * replace it.
   */
  readonly isSentAtOnce?: boolean;
}

/** A request to the model, independent of the client's dialect. */

import type { Message } from "./message.ts";

/** One of the client's tools, which the model may call. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema whose top level is an object. */
  readonly inputSchema: Readonly<Record<string, unknown>>;
  /** Where the request defines the tool: an error names it when the CLI cannot serve the tool. */
  readonly source?: ToolSource;
}

/** The client's name for a tool, and the request field that defines the tool. */
export interface ToolSource { readonly name: string; readonly path: string }

/** Which calls the model may make. `any`: it must call some tool. `tool`: it must call the named one. */
export type ToolChoice = {
  readonly type: "auto" | "none" | "any"
} | { readonly type: "tool"; readonly name: string };

/** The CLI's effort levels: how hard the model thinks. */
export type Effort = "low" | "medium" | "high" | "xhigh" | "max";

/** One request to the model: all that its answer depends on, and nothing else. */
export interface Turn {
  /** The value for the CLI's `--model`: an alias (`opus`) or a full id. */
  readonly model: string;
  /** System and developer messages in their order, joined; empty when there are none. */
  readonly system: string;
  /** Starts and ends with a user message. */
  readonly messages: readonly Message[];
  /** Upper bound on output tokens, when the client set one. */
  readonly maxTokens?: number;
  /** The tools that the model sees. Tools that the client's tool choice excludes are already removed. */
  readonly tools: readonly Tool[];
  readonly toolChoice: ToolChoice;
  /** True: an answer may hold at most one call. */
  readonly disableParallelToolUse: boolean;
  readonly effort?: Effort;
  /** Upper bound on thinking tokens; 0 turns thinking off. */
  readonly thinkingTokens?: number;
  /** When set, the answer is one JSON document that fits this JSON Schema. */
  readonly responseSchema?: Readonly<Record<string, unknown>>;
  /** Stop sequences: the answer ends before the first one that occurs in its text. */
  readonly stopSequences: readonly string[];
}

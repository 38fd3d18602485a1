/** What is asked of the model. */

import type { Message } from "./message.ts";

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
export type ToolChoice = {
  readonly type: "auto" | "none" | "required"
} | { readonly type: "tool"; readonly name: string };

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

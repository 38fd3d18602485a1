/** What a process of the made-up CLI that remembers was told, and a question as it saw it. */
import type { ToldMessage, ToldTool } from "./composed-request.ts";
import type { RememberingProcess } from "./remembering-process.ts";

/** All that an answer may depend on. */
export interface Told {
  readonly model: string;
  readonly system: readonly string[];
  /** As set by `apply_flag_settings`. */
  readonly outputTokensMax: string | undefined;
  readonly settings: ToldSettings;
  /** As they are served to it. */
  readonly tools: readonly ToldTool[];
  /** Of its own tool for the answer; null where it has none. */
  readonly answerSchema: unknown;
  readonly messages: readonly ToldMessage[];
}

/** What a process is told anew for each turn, besides the model and the output limit. */
export interface ToldSettings {
  /** `effortLevel` of `apply_flag_settings`; null is as the CLI does for the model. */
  readonly effort: string | null;
  /** `CLAUDE_CODE_DISABLE_THINKING`. */
  readonly isThinkingOff: boolean;
  /** As set by `set_max_thinking_tokens`. */
  readonly thinkingTokens: number | null;
  /** By the same request; what it was launched with is `summarized`. */
  readonly thinkingDisplay: string | null;
  /** `CLAUDE_CODE_EXTRA_BODY`. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** One question as its process saw it. A turn that calls tools has one more with each round of results. */
export interface View {
  readonly process: RememberingProcess;
  readonly told: Told;
  readonly answer: string;
  /** The answer was written to its end. */
  isWhole: boolean;
}

/**
 * How a question is answered: `whole`; `held` after its first piece, or `mute` before it, until somebody ends it; with a
 * `call` of the first tool, or two `calls`, behind it; or the API `fails` it, or `breaks` off behind its first piece. A
 * question says so by the word in parentheses: "(held)".
 */
export type Manner = "whole" | "held" | "mute" | "call" | "calls" | "fails" | "breaks";

/** How the last message asks to be answered. */
export function mannerOf({ messages }: Told): Manner {
  const text = messages.at(-1)?.content.map((block) => block.text ?? "").join(" ") ?? "";
  const word = /\((held|mute|calls?|fails|breaks)\)/u.exec(text)?.[1];
  return (word as Manner | undefined) ?? "whole";
}

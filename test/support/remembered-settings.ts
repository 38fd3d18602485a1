/** The settings that a process of the made-up CLI was told, kept as the real ones keep them. */
import type { SettingRequest } from "./remembered-faults.ts";
import type { ToldSettings } from "./remembered-told.ts";

export class RememberedSettings {
  outputTokensMax: string | undefined;
  /** The settings that it was told and does not have. */
  readonly lacks = new Set<SettingRequest>();
  #told: ToldSettings = { effort: null, isThinkingOff: false, thinkingTokens: null, thinkingDisplay: "summarized", parameters: {} };

  get told(): ToldSettings {
    return this.#told;
  }

  /** Takes what `apply_flag_settings` says. */
  apply({ effortLevel, env = {} }: { readonly effortLevel?: string | null; readonly env?: Readonly<Record<string, string>> }): void {
    if (effortLevel !== undefined) this.#told = { ...this.#told, effort: effortLevel };
    this.#setEnvironment(env);
  }

  /** Takes what `set_max_thinking_tokens` says. */
  setThinking({ max_thinking_tokens: tokens, thinking_display: display }: { readonly max_thinking_tokens?: number | null; readonly thinking_display?: string | null }): void {
    this.#told = { ...this.#told, thinkingTokens: tokens ?? null, ...(display === undefined ? {} : { thinkingDisplay: display }) };
  }

  /** As the real ones do: what is not named stays, and "" is as if it were not set. */
  #setEnvironment(env: Readonly<Record<string, string>>): void {
    const bound = env["CLAUDE_CODE_MAX_OUTPUT_TOKENS"] ?? this.outputTokensMax;
    this.outputTokensMax = bound === "" ? undefined : bound;
    const { CLAUDE_CODE_DISABLE_THINKING: off, CLAUDE_CODE_EXTRA_BODY: body } = env;
    this.#told = {
      ...this.#told,
      ...(off === undefined ? {} : { isThinkingOff: off !== "" }),
      ...(body === undefined ? {} : { parameters: JSON.parse(body === "" ? "{}" : body) as Record<string, unknown> }),
    };
  }
}

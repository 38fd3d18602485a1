import type { Effort, Turn } from "../turn/turn.ts";
import { displayOf, isThinkingOff, parametersOf, type ToldTurn } from "./parameters.ts";
import type { JsonObject } from "./protocol.ts";
import { thinkingTokensMin } from "./thinking.ts";

/** The value of `CLAUDE_CODE_EXTRA_BODY` for a turn without API parameters. */
const noParameters = "{}";

/** The parts of a turn from which its settings are made. */
export type TurnSettings = Pick<Turn, "model"> & Partial<ToldTurn>;

type EnvName = "CLAUDE_CODE_MAX_OUTPUT_TOKENS" | "CLAUDE_CODE_DISABLE_THINKING" | "CLAUDE_CODE_EXTRA_BODY";

/** A turn's settings, but for its model, as the CLI is told them. */
interface Settings {
  /** Null: the CLI chooses the effort for the model. */
  readonly effortLevel: Effort | null;
  /** Environment variables that the CLI reads for each turn. "" counts as not set. */
  readonly env: Readonly<Record<EnvName, string>>;
  /** The budget of `set_max_thinking_tokens`; null: the CLI chooses it for the model. */
  readonly thinkingTokens: number | null;
  /** The `thinking_display` of the same request: how thoughts are shown. The CLI is launched with `shownThoughts`. */
  readonly thinkingDisplay: string | null;
}

/**
 * The settings that one process has, each of which it can be told anew before a turn: the output limit, thinking, the
 * effort, and while it has no message the model. What it was told stays, so it is told again only where a turn wants
 * something else.
 *
 * The effort goes by the CLI's own setting, not as a parameter of the API (`CLAUDE_CODE_EXTRA_BODY`): beside such a
 * parameter the CLI leaves out the beta header of the effort, and 2.1.330 writes its own effort beside the first
 * message all the same. Where a conversation's effort changes, 2.1.330 notes the new one behind the prompt, in the
 * form that the API has for that; a rewind takes the note away with its prompt.
 */
export class LiveSettings {
  #model: string | undefined;
  /** The other settings that the process has; undefined where that is not known. */
  #has: Partial<Settings>;

  /** `model` is what the process was launched with. */
  constructor(model: string) {
    this.#model = model;
    this.#has = settingsOf({});
  }

  /** The model that the process asks; undefined if the CLI did not take the one that it was told. */
  get model(): string | undefined {
    return this.#model;
  }

  /**
   * Whether the process has all settings that a turn wants, except those that it can be told at any time, even while a
   * call waits for its result: the API's parameters, and that thinking is off.
   */
  suits(turn: TurnSettings): boolean {
    const { env, ...settings } = settingsOf(turn);
    const { env: hadEnv = env, thinkingTokens = settings.thinkingTokens } = this.#has;
    // `CLAUDE_CODE_DISABLE_THINKING` turns thinking off, whatever the budget.
    const budget = isThinkingOff(turn) ? { thinkingTokens } : {};
    const wanted = { ...settings, ...budget, env: { ...env, ...changeableOf(hadEnv) } };
    return this.#model === turn.model && requestsFor(this.#has, wanted).length === 0;
  }

  /**
   * The control request that gives the process a turn's model; undefined if it has that. The process is asked nothing
   * before the CLI has answered it: if it were refused, the question would go to the old model.
   */
  modelChange({ model }: TurnSettings): JsonObject | undefined {
    if (this.#model === model) return undefined;
    this.#model = model;
    return { subtype: "set_model", model };
  }

  /** To be called when the CLI refused the model. */
  loseModel(): void {
    this.#model = undefined;
  }

  /** The control requests after which the process has a turn's other settings; none if it has them already. */
  changes(turn: TurnSettings): JsonObject[] {
    const [had, wanted] = [this.#has, settingsOf(turn)];
    this.#has = wanted;
    return requestsFor(had, wanted);
  }

  /** To be called when the CLI refused a change: what the process has is not known any more, so all is told anew. */
  forget(): void {
    this.#has = {};
  }
}

/** The variables that the CLI reads for each request to the API; the others of a turn it reads when the turn begins. */
function changeableOf(env: Settings["env"]): Partial<Settings["env"]> {
  const { CLAUDE_CODE_DISABLE_THINKING, CLAUDE_CODE_EXTRA_BODY } = env;
  return { CLAUDE_CODE_DISABLE_THINKING, CLAUDE_CODE_EXTRA_BODY };
}

function requestsFor(has: Partial<Settings>, wanted: Settings): JsonObject[] {
  const { effortLevel, env, thinkingTokens, thinkingDisplay } = has;
  const changedEnv = Object.entries(wanted.env).filter(([name, value]) => env?.[name as EnvName] !== value);
  const settings = {
    ...(wanted.effortLevel === effortLevel ? {} : { effortLevel: wanted.effortLevel }),
    ...(changedEnv.length === 0 ? {} : { env: Object.fromEntries(changedEnv) }),
  };
  // Without `thinking_display` the CLI keeps the one that it has; `max_thinking_tokens` it always demands (2.1.197).
  const display = wanted.thinkingDisplay === thinkingDisplay ? {} : { thinking_display: wanted.thinkingDisplay };
  const isSame = wanted.thinkingTokens === thinkingTokens && Object.keys(display).length === 0;
  return [
    ...(Object.keys(settings).length === 0 ? [] : [{ subtype: "apply_flag_settings", settings }]),
    ...(isSame
      ? []
      : [{ subtype: "set_max_thinking_tokens", max_thinking_tokens: wanted.thinkingTokens, ...display }]),
  ];
}

function settingsOf(turn: Partial<TurnSettings>): Settings {
  const { maxTokens, effort, thinking } = turn;
  const parameters = parametersOf(turn);
  return {
    effortLevel: effort ?? null,
    env: {
      CLAUDE_CODE_MAX_OUTPUT_TOKENS: maxTokens === undefined ? "" : String(maxTokens),
      // "1" also where the output limit leaves no room to think: for some models the CLI would ask for a budget that
      // the API refuses.
      CLAUDE_CODE_DISABLE_THINKING: isThinkingOff(turn) ? "1" : "",
      CLAUDE_CODE_EXTRA_BODY: Object.keys(parameters).length === 0 ? noParameters : JSON.stringify(parameters),
    },
    thinkingTokens: thinkingTokensOf(thinking),
    thinkingDisplay: displayOf(turn),
  };
}

/**
 * The thinking budget as the CLI is told it. Null where the turn sets nothing, and for adaptive thinking: a CLI that
 * was told nothing lets each model that can think adaptively do so, and gives any other its own budget. A budget below
 * the API's minimum is raised to it: CLI 2.1.197 passes it on as it is, and the API refuses the request.
 */
function thinkingTokensOf(thinking: Turn["thinking"]): number | null {
  if (thinking === undefined || thinking.type === "adaptive") return null;
  return thinking.type === "disabled" ? 0 : Math.max(thinking.budgetTokens, thinkingTokensMin);
}

/** What each generation of models takes. The stub plays the API and has to know; the server must not. */

export interface Model {
  /** 4.5 for `claude-sonnet-4-5-20250929`; a name that is not known counts as the newest. */
  readonly generation: number;
  readonly family: string;
  readonly outputTokensMax: number;
  readonly promptTokensMax: number;
}

const newest = Number.POSITIVE_INFINITY;

const families = "opus|sonnet|haiku|fable|mythos";
const named = new RegExp(`(${families})-(\\d)(?:-(\\d{1,2}))?(?!\\d)`, "u");
const namedOldWay = new RegExp(`claude-(\\d)(?:-(\\d))?-(${families})`, "u");

export function modelNamed(id: string): Model {
  const [, family = "", major, minor = "0"] = named.exec(id) ?? reordered(namedOldWay.exec(id)) ?? [];
  const generation = major === undefined ? newest : Number(`${major}.${minor}`);
  return { family, generation, ...sizes(family, generation) };
}

function reordered(match: RegExpExecArray | null): readonly (string | undefined)[] | undefined {
  return match === null ? undefined : [match[0], match[3], match[1], match[2]];
}

function sizes(family: string, generation: number): Pick<Model, "outputTokensMax" | "promptTokensMax"> {
  if (generation >= 4.6) return { outputTokensMax: 128_000, promptTokensMax: 1_000_000 };
  if (generation < 3.7) return { outputTokensMax: 8_192, promptTokensMax: 200_000 };
  return { outputTokensMax: family === "opus" && generation < 4.5 ? 32_000 : 64_000, promptTokensMax: 200_000 };
}

export const takesPrefill = ({ generation }: Model): boolean => generation < 4.6;
export const takesSampling = ({ generation }: Model): boolean => generation < 4.7;
export const takesTemperatureWithTopP = ({ generation }: Model): boolean => generation < 4.1;
export const takesThinkingBudget = ({ generation }: Model): boolean => generation < 4.7;
export const takesAdaptiveThinking = ({ generation }: Model): boolean => generation >= 4.6;
/** CLI 2.1.330 says `supportsThinkingOff: false` of all that it lists, from 5.5 on. */
export const takesDisabledThinking = ({ family, generation }: Model): boolean =>
  generation < 5.5 && family !== "fable" && family !== "mythos";
/** Structured outputs and strict tools. */
export const takesSchemas = ({ generation }: Model): boolean => generation >= 4.5;

/** Sampling, and where an answer is to stop. */
import { asking, each } from "./examples.ts";
import { takesSampling, takesTemperatureWithTopP } from "./models.ts";
import { type Fields, isRecord, listOf, type Rule } from "./rule.ts";

const parameters = ["temperature", "top_p", "top_k"] as const;
const given = (body: Fields, name: string): number | undefined =>
  typeof body[name] === "number" ? body[name] : undefined;
const models = {
  "opus 4.7": "claude-opus-4-7",
  "sonnet 5.5": "claude-sonnet-5-5",
  "a model not known": "claude-test",
} as const;

export const samplingDeprecated: Rule = {
  name: "sampling-deprecated",
  demands: "Opus 4.7 and what followed it take no temperature, top_p or top_k.",
  words: "is deprecated for this model",
  find({ body, model }) {
    const name = takesSampling(model)
      ? undefined
      : parameters.find((parameter) => given(body, parameter) !== undefined);
    return name === undefined ? null : `\`${name}\` ${this.words}.`;
  },
  broken: {
    ...each(models, (model) => asking({ model, temperature: 0.3 })),
    ...each({ top_p: { top_p: 0.9 }, top_k: { top_k: 40 }, "temperature 1": { temperature: 1 } }, (sampling) =>
      asking({ model: "claude-opus-4-8", ...sampling }),
    ),
  },
  kept: {
    "opus 4.6": () => asking({ model: "claude-opus-4-6", temperature: 0.3 }),
    "none asked for": () => asking(),
  },
};

export const temperatureOrTopP: Rule = {
  name: "temperature-or-top-p",
  demands: "Models from 4.1 to 4.6 take temperature or top_p, not both.",
  words: "`temperature` and `top_p` cannot both be specified for this model",
  find({ body, model }) {
    const isBoth = given(body, "temperature") !== undefined && given(body, "top_p") !== undefined;
    return isBoth && takesSampling(model) && !takesTemperatureWithTopP(model)
      ? `${this.words}. Please use only one.`
      : null;
  },
  broken: each(
    { "opus 4.1": "claude-opus-4-1-20250805", "haiku 4.5": "claude-haiku-4-5", "sonnet 4.6": "claude-sonnet-4-6" },
    (model) => asking({ model, temperature: 0.3, top_p: 0.9 }),
  ),
  kept: {
    "sonnet 4 takes both": () => asking({ model: "claude-sonnet-4-20250514", temperature: 0.3, top_p: 0.9 }),
    ...each(
      { "one of them": { temperature: 0 }, "the other": { top_p: 0.5 }, "and top_k": { temperature: 0, top_k: 4 } },
      (sampling) => asking({ model: "claude-haiku-4-5", ...sampling }),
    ),
  },
};

export const samplingRange: Rule = {
  name: "sampling-range",
  demands: "temperature and top_p are from 0 to 1.",
  words: "Input should be",
  find({ body }) {
    for (const name of ["temperature", "top_p"] as const) {
      const value = given(body, name);
      if (value !== undefined && value > 1) return `${name}: ${this.words} less than or equal to 1`;
      if (value !== undefined && value < 0) return `${name}: ${this.words} greater than or equal to 0`;
    }
    return null;
  },
  broken: each(
    {
      "OpenAI's highest": { temperature: 2 },
      "a little more than 1": { temperature: 1.01 },
      "below none": { top_p: -0.1 },
    },
    (sampling) => asking({ model: "claude-haiku-4-5", ...sampling }),
  ),
  kept: each({ "its ends": { temperature: 1 }, "the other end": { temperature: 0 } }, (sampling) =>
    asking({ model: "claude-haiku-4-5", ...sampling }),
  ),
};

const budget = { type: "enabled", budget_tokens: 1_024 };

export const samplingWithThinking: Rule = {
  name: "sampling-with-thinking",
  demands: "With thinking on, temperature is 1, top_k is not set, and top_p is at least 0.95.",
  words: "when thinking is enabled",
  find({ body }) {
    const { thinking } = body;
    if (!isRecord(thinking) || thinking["type"] === "disabled") return null;
    if ((given(body, "temperature") ?? 1) !== 1)
      return `\`temperature\` may only be set to 1 ${this.words} or in adaptive mode.`;
    if (given(body, "top_k") !== undefined) return `\`top_k\` must be unset ${this.words} or in adaptive mode.`;
    return (given(body, "top_p") ?? 1) < 0.95
      ? `\`top_p\` must be greater than or equal to 0.95 or unset ${this.words} or in adaptive mode.`
      : null;
  },
  broken: {
    ...each({ temperature: { temperature: 0.3 }, top_k: { top_k: 40 }, top_p: { top_p: 0.9 } }, (sampling) =>
      asking({ model: "claude-haiku-4-5", thinking: budget, ...sampling }),
    ),
    adaptive: () => asking({ model: "claude-sonnet-4-6", thinking: { type: "adaptive" }, temperature: 0 }),
  },
  kept: {
    ...each({ "temperature 1": { temperature: 1 }, "top_p 0.95": { top_p: 0.95 } }, (sampling) =>
      asking({ model: "claude-haiku-4-5", thinking: budget, ...sampling }),
    ),
    "thinking disabled": () =>
      asking({ model: "claude-haiku-4-5", thinking: { type: "disabled" }, temperature: 0.3 }),
  },
};

export const stopSequences: Rule = {
  name: "stop-sequences",
  demands: "Each stop sequence holds something other than white space.",
  words: "each stop sequence must contain non-whitespace",
  find({ body }) {
    const isBlank = listOf(body["stop_sequences"]).some(
      // What Python's `strip` takes off.
      (sequence) => typeof sequence !== "string" || /^[\s\u001c-\u001f\u0085]*$/u.test(sequence),
    );
    return isBlank ? `stop_sequences: ${this.words}` : null;
  },
  broken: each(
    { "a line's end": ["\n"], "two of them": ["\n\n"], "spaces beside a word": ["END", "  "], "an empty one": [""], "a separator": ["\u001c"], "a next line": ["\u0085"] },
    (stop_sequences) => asking({ stop_sequences }),
  ),
  kept: each({ "a word behind a line's end": ["\nUser:"], none: [] }, (stop_sequences) => asking({ stop_sequences })),
};

/** How much is asked for, and how much is told. */
import { asking, each, saying, text, tool, user } from "./examples.ts";
import { isRecord, listOf, type Rule, withInner } from "./rule.ts";

const charactersPerToken = 4;
/** About what an image of a megapixel costs; its base64 is not text. */
const tokensPerImage = 1_600;
const cacheMarksMax = 4;

export const maxTokens: Rule = {
  name: "max-tokens",
  demands: "max_tokens is between 1 and the model's limit.",
  words: "which is the maximum allowed number of output tokens",
  otherWords: ["Field required", "Input should be a valid integer", "must be greater than or equal to 1"],
  find({ body, limits: { outputTokensMax } }) {
    const asked = body["max_tokens"];
    if (asked === undefined) return "max_tokens: Field required";
    if (typeof asked !== "number" || !Number.isInteger(asked)) return "max_tokens: Input should be a valid integer";
    if (asked < 1) return "max_tokens: must be greater than or equal to 1";
    if (asked <= outputTokensMax) return null;
    const limit = `${outputTokensMax}, which is the maximum allowed number of output tokens`;
    return `max_tokens: ${asked} > ${limit} for ${String(body["model"])}`;
  },
  broken: {
    ...each(
      { none: undefined, "a string": "9", "half of one": 1.5, zero: 0, "below zero": -1, "one too many": 128_001 },
      (max_tokens) => asking({ max_tokens }),
    ),
    "one too many for haiku 4.5": () => asking({ model: "claude-haiku-4-5-20251001", max_tokens: 64_001 }),
    "one too many for opus 4.1": () => asking({ model: "claude-opus-4-1", max_tokens: 32_001 }),
  },
  kept: {
    ...each({ one: 1, all: 128_000 }, (max_tokens) => asking({ max_tokens })),
    "all of haiku 4.5": () => asking({ model: "claude-haiku-4-5", max_tokens: 64_000 }),
  },
};

export const promptLength: Rule = {
  name: "prompt-length",
  demands: "The prompt fits the context window.",
  words: "prompt is too long",
  find({ body, limits: { promptTokensMax } }) {
    let images = 0;
    const told = JSON.stringify([body["system"], body["tools"], body["messages"]], (_key, value: unknown) => {
      if (!isRecord(value) || value["type"] !== "base64") return value;
      images += 1;
      return null;
    });
    const tokens = Math.ceil(told.length / charactersPerToken) + images * tokensPerImage;
    return tokens > promptTokensMax ? `${this.words}: ${tokens} tokens > ${promptTokensMax} maximum` : null;
  },
  broken: {
    "200,000 tokens and some of haiku 4.5": () =>
      asking({ model: "claude-haiku-4-5", messages: [user(text("x".repeat(800_000)))] }),
    "in the system prompt": () => asking({ model: "claude-haiku-4-5", system: [text("x".repeat(800_000))] }),
    "a million of the newest": () => saying(user(text("x".repeat(4_000_000)))),
  },
  kept: {
    "a little less": () => asking({ model: "claude-haiku-4-5", messages: [user(text("x".repeat(799_000)))] }),
    "base64 is not text": () =>
      asking({
        model: "claude-haiku-4-5",
        messages: [
          user({
            type: "document",
            source: { type: "base64", media_type: "application/pdf", data: "A".repeat(900_000) },
          }),
        ],
      }),
  },
};

const marked = { cache_control: { type: "ephemeral" } };

export const cacheMarks: Rule = {
  name: "cache-marks",
  demands: "At most four blocks carry cache_control.",
  words: "A maximum of 4 blocks with cache_control may be provided",
  find({ body, blocks }) {
    const all = [
      ...listOf(body["system"]),
      ...listOf(body["tools"]),
      ...blocks.flatMap((placed) => [...withInner(placed)].map(({ block }) => block)),
    ];
    const count = all.filter((entry) => isRecord(entry) && isRecord(entry["cache_control"])).length;
    return count > cacheMarksMax ? `${this.words}. Found ${count}.` : null;
  },
  broken: {
    five: () =>
      asking({
        system: [{ ...text("s"), ...marked }],
        tools: [{ ...tool, ...marked }],
        messages: [user(...["a", "b", "c"].map((word) => ({ ...text(word), ...marked })))],
      }),
  },
  kept: {
    four: () =>
      asking({
        system: [{ ...text("s"), ...marked }],
        messages: [user(...["a", "b", "c"].map((word) => ({ ...text(word), ...marked })))],
      }),
  },
};

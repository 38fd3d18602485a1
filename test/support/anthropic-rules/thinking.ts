/** Thinking that is asked for, and thinking that is sent back. */
import { createHash } from "node:crypto";
import { asking, assistant, each, result, saying, text, tool, use, user } from "./examples.ts";
import { takesAdaptiveThinking, takesDisabledThinking, takesThinkingBudget } from "./models.ts";
import { firstOf, isRecord, listOf, type Placed, type Rule } from "./rule.ts";

const budgetTokensMin = 1_024;
const models = {
  budget: "claude-haiku-4-5",
  both: "claude-sonnet-4-6",
  adaptive: "claude-opus-4-8",
  always: "claude-sonnet-5-5",
} as const;

/** The signature that the stub gives to a thinking block; one that comes back must still carry it. */
export function signThinking(thinking: string): string {
  return createHash("sha256").update(thinking).digest("base64");
}

const thought = (thinking: string, signature = signThinking(thinking)) => ({ type: "thinking", thinking, signature });
const isThought = ({ block }: Placed): boolean =>
  block["type"] === "thinking" || block["type"] === "redacted_thinking";

export const thinkingSigned: Rule = {
  name: "thinking-signed",
  demands: "Thinking blocks that are sent back are unchanged and signed.",
  words: "blocks in the latest assistant message cannot be modified",
  find: ({ blocks }) =>
    firstOf(blocks, ({ at, block: { type, thinking, signature } }) => {
      if (type !== "thinking" || signature === signThinking(String(thinking))) return null;
      const rest = "These blocks must remain as they were in the original response.";
      return `${at}: \`thinking\` or \`redacted_thinking\` ${thinkingSigned.words}. ${rest}`;
    }),
  broken: each(
    {
      "an empty signature": thought("hm", ""),
      "a made-up one": thought("hm", "made-up"),
      none: { type: "thinking", thinking: "hm" },
      "a changed thought": thought("hm!", signThinking("hm")),
      "one of white space less": thought("hm", signThinking("hm ")),
    },
    (block) => saying(user(text("a")), assistant(block, text("b")), user(text("c"))),
  ),
  kept: {
    "as it was": () => saying(user(text("a")), assistant(thought("hm"), text("b")), user(text("c"))),
    "a thought that was not shown": () => saying(user(text("a")), assistant(thought(""), text("b")), user(text("c"))),
    redacted: () =>
      saying(user(text("a")), assistant({ type: "redacted_thinking", data: "x" }, text("b")), user(text("c"))),
  },
};

export const thinkingNotLast: Rule = {
  name: "thinking-not-last",
  demands: "A thinking block is not the last of its message.",
  words: "The final block in an assistant message cannot be `thinking`",
  find: ({ blocks }) =>
    firstOf(blocks.entries(), ([index, placed]) => {
      const following = blocks[index + 1];
      if (!isThought(placed) || placed.role !== "assistant" || following?.role === "assistant") return null;
      return `${placed.at}: ${thinkingNotLast.words}.`;
    }),
  broken: {
    alone: () => saying(user(text("a")), assistant(thought("hm")), user(text("c"))),
    "behind the text": () => saying(user(text("a")), assistant(text("b"), thought("hm")), user(text("c"))),
  },
  kept: {
    "before the text": () =>
      saying(user(text("a")), assistant(thought("hm"), thought("so"), text("b")), user(text("c"))),
  },
};

export const toolLoopThinking: Rule = {
  name: "tool-loop-thinking",
  demands:
    "With a thinking budget, a tool loop that goes on begins with a thinking block; not so with adaptive thinking.",
  words: "Expected `thinking` or `redacted_thinking`, but found",
  find({ body, conversation }) {
    const { thinking } = body;
    if (!isRecord(thinking) || thinking["type"] !== "enabled") return null;
    const beginnings = loopBeginnings(conversation);
    const last = beginnings.at(-1);
    // Without interleaved thinking only the first answer of a loop has a thought: it counts for those that follow.
    if (last === undefined || [beginnings[0], last].some((placed) => placed !== undefined && isThought(placed)))
      return null;
    return (
      `${last.at}.type: ${this.words} \`${String(last.block["type"])}\`. When \`thinking\` is enabled, a final ` +
      "`assistant` message must start with a thinking block (preceeding the lastmost set of `tool_use` and " +
      "`tool_result` blocks). To avoid this requirement, disable `thinking`."
    );
  },
  broken: {
    "no thought at all": () => looping("claude-haiku-4-5-20251001", [assistant(use("t1")), user(result("t1"))]),
    "a text in its place": () => looping(models.budget, [assistant(text("b"), use("t1")), user(result("t1"))]),
    "in neither of two steps": () =>
      looping(models.both, [assistant(use("t1")), user(result("t1")), assistant(use("t2")), user(result("t2"))]),
    "a thought, but of the loop before": () =>
      looping(models.budget, [
        assistant(thought("hm"), use("t1")),
        user(result("t1")),
        assistant(text("b")),
        user(text("c")),
        assistant(use("t2")),
        user(result("t2")),
      ]),
  },
  kept: {
    "a thought before the call": () =>
      looping(models.budget, [assistant(thought("hm"), use("t1")), user(result("t1"))]),
    "a thought before the first of two calls": () =>
      looping(models.budget, [
        assistant(thought("hm"), use("t1")),
        user(result("t1")),
        assistant(use("t2")),
        user(result("t2")),
      ]),
    redacted: () =>
      looping(models.budget, [assistant({ type: "redacted_thinking", data: "x" }, use("t1")), user(result("t1"))]),
    "the loop is over": () =>
      looping(models.budget, [assistant(use("t1")), user(result("t1")), assistant(text("b")), user(text("c"))]),
    adaptive: () => ({
      ...looping(models.both, [assistant(use("t1")), user(result("t1"))]),
      thinking: { type: "adaptive" },
    }),
  },
};

/** The first blocks of the assistant's turns in the tool loop that the conversation ends in. */
function loopBeginnings(conversation: readonly Placed[]): readonly Placed[] {
  const turns: Placed[][] = [];
  for (const placed of conversation) {
    const turn = turns.at(-1);
    if (turn?.[0]?.role === placed.role) turn.push(placed);
    else turns.push([placed]);
  }
  const holdsResult = (turn: readonly Placed[]): boolean => turn.some(({ block }) => block["type"] === "tool_result");
  if (!holdsResult(turns.at(-1) ?? [])) return [];
  const own = turns.findLastIndex((turn) => turn[0]?.role === "user" && !holdsResult(turn));
  return turns.slice(own + 1).flatMap((turn) => (turn[0]?.role === "assistant" ? [turn[0]] : []));
}

function looping(model: string, messages: readonly unknown[]): object {
  return asking({
    model,
    tools: [tool],
    thinking: { type: "enabled", budget_tokens: budgetTokensMin },
    messages: [user(text("a")), ...messages],
  });
}

export const thinkingBudget: Rule = {
  name: "thinking-budget",
  demands: "thinking.budget_tokens is at least 1,024 and below max_tokens.",
  words: "budget_tokens: Input should be greater than or equal to 1024",
  otherWords: ["`max_tokens` must be greater than `thinking.budget_tokens`"],
  find({ body }) {
    const { thinking, max_tokens: maxTokens } = body;
    if (!isRecord(thinking) || thinking["type"] !== "enabled") return null;
    const budget = thinking["budget_tokens"];
    if (typeof budget !== "number" || budget < budgetTokensMin)
      return `thinking.enabled.budget_tokens: Input should be greater than or equal to ${budgetTokensMin}`;
    return budget >= Number(maxTokens) ? "`max_tokens` must be greater than `thinking.budget_tokens`." : null;
  },
  broken: each(
    { none: undefined, "1,023": 1_023, "as many as max_tokens": 2_000, "a string": "2000" },
    (budget_tokens) => asking({ model: models.budget, thinking: { type: "enabled", budget_tokens } }),
  ),
  kept: each({ "1,024": 1_024, "one less than max_tokens": 1_999 }, (budget_tokens) =>
    asking({ model: models.budget, thinking: { type: "enabled", budget_tokens } }),
  ),
};

export const thinkingType: Rule = {
  name: "thinking-type",
  demands:
    "Models that are adaptive only refuse thinking enabled, some of them also disabled; older ones refuse adaptive.",
  words: "not supported for this model",
  find({ body, model }) {
    const type = isRecord(body["thinking"]) ? body["thinking"]["type"] : undefined;
    if (type === "enabled" && !takesThinkingBudget(model)) {
      const instead = '"thinking.type.adaptive" and "output_config.effort"';
      return `"thinking.type.enabled" is ${this.words}. Use ${instead} to control thinking behavior.`;
    }
    if (type === "disabled" && !takesDisabledThinking(model)) return `"thinking.type.disabled" is ${this.words}.`;
    return type === "adaptive" && !takesAdaptiveThinking(model) ? `"thinking.type.adaptive" is ${this.words}.` : null;
  },
  broken: {
    ...each(
      {
        "enabled, opus 4.7": "claude-opus-4-7",
        "enabled, sonnet 5.5": models.always,
        "enabled, a model not known": "claude-test",
      },
      (model) => asking({ model, thinking: { type: "enabled", budget_tokens: budgetTokensMin } }),
    ),
    ...each({ "disabled, sonnet 5.5": models.always, "disabled, fable": "claude-fable-5" }, (model) =>
      asking({ model, thinking: { type: "disabled" } }),
    ),
    "adaptive, haiku 4.5": () => asking({ model: models.budget, thinking: { type: "adaptive" } }),
  },
  kept: {
    ...each({ "disabled, haiku 4.5": models.budget, "disabled, opus 4.8": models.adaptive }, (model) =>
      asking({ model, thinking: { type: "disabled" } }),
    ),
    ...each({ "adaptive, sonnet 4.6": models.both, "adaptive, sonnet 5.5": models.always }, (model) =>
      asking({ model, thinking: { type: "adaptive" } }),
    ),
    "enabled, sonnet 4.6": () =>
      asking({ model: models.both, thinking: { type: "enabled", budget_tokens: budgetTokensMin } }),
  },
};

const clearing = { edits: [{ type: "clear_thinking_20251015", keep: "all" }] };

export const clearThinking: Rule = {
  name: "clear-thinking",
  demands: "The clear_thinking_20251015 edit of context_management comes with thinking enabled or adaptive.",
  words: "`clear_thinking_20251015` strategy requires `thinking` to be enabled or adaptive",
  find({ body }) {
    const management = body["context_management"];
    const isAsked =
      isRecord(management) &&
      listOf(management["edits"]).some((edit) => isRecord(edit) && edit["type"] === "clear_thinking_20251015");
    const type = isRecord(body["thinking"]) ? body["thinking"]["type"] : undefined;
    return isAsked && type !== "enabled" && type !== "adaptive" ? this.words : null;
  },
  broken: {
    "thinking disabled": () =>
      asking({ model: models.adaptive, thinking: { type: "disabled" }, context_management: clearing }),
    "thinking not spoken of": () => asking({ context_management: clearing }),
  },
  kept: {
    "thinking adaptive": () => asking({ thinking: { type: "adaptive" }, context_management: clearing }),
    "no edits": () =>
      asking({ model: models.adaptive, thinking: { type: "disabled" }, context_management: { edits: [] } }),
  },
};

/** Text that says nothing, and text that is no text. */
import { asking, assistant, each, result, saying, sayingWithTool, text, use, user } from "./examples.ts";
import { takesPrefill } from "./models.ts";
import { firstOf, isRecord, listOf, type Rule, withInner } from "./rule.ts";

const isBlank = (value: unknown): boolean => typeof value === "string" && value.trim() === "";

export const emptyText: Rule = {
  name: "empty-text",
  demands: "Text blocks are not empty.",
  words: "text content blocks must be non-empty",
  find({ blocks, body }) {
    if (listOf(body["system"]).some((block) => isRecord(block) && block["text"] === ""))
      return "system: text content blocks must be non-empty";
    const isEmpty = blocks.some((placed) =>
      [...withInner(placed)].some(({ block }) => block["type"] === "text" && block["text"] === ""),
    );
    return isEmpty ? "messages: text content blocks must be non-empty" : null;
  },
  broken: {
    "an empty block": () => saying(user(text(""))),
    "empty content": () => saying({ role: "user", content: "" }),
    "beside another": () => saying(user(text("a"), text(""))),
    "what the assistant said": () => saying(user(text("a")), assistant(text("")), user(text("b"))),
    "in the system prompt": () => asking({ system: [text("")] }),
    "in a tool's result": () => sayingWithTool(user(text("a")), assistant(use("t1")), user(result("t1", [text("")]))),
  },
  kept: {
    "a result without content": () => sayingWithTool(user(text("a")), assistant(use("t1")), user(result("t1", ""))),
    "one letter": () => asking({ system: [text("x")] }),
  },
};

export const blankText: Rule = {
  name: "blank-text",
  demands: "Text blocks hold more than white space.",
  words: "text content blocks must contain non-whitespace text",
  find: ({ blocks }) =>
    firstOf(
      blocks.flatMap((placed) => [...withInner(placed)]),
      ({ block }) =>
        block["type"] === "text" && block["text"] !== "" && isBlank(block["text"])
          ? `messages: ${blankText.words}`
          : null,
    ),
  broken: {
    ...each({ spaces: "  ", lines: " \n", "a space that does not break": "\u00a0" }, (blank) =>
      saying(user(text(blank))),
    ),
    "beside another": () => saying(user(text("a")), assistant(text("b"), text(" ")), user(text("c"))),
    "in a tool's result": () =>
      sayingWithTool(user(text("a")), assistant(use("t1")), user(result("t1", [text(" ")]))),
  },
  kept: { "white space round a word": () => saying(user(text(" \n a \n"))) },
};

export const finalWhiteSpace: Rule = {
  name: "final-white-space",
  demands: "A final assistant message, where the model takes one, does not end in white space.",
  words: "final assistant content cannot end with trailing whitespace",
  find({ conversation }) {
    const last = conversation.at(-1);
    const said = last?.block["text"];
    const isBroken =
      last?.role === "assistant" && typeof said === "string" && !isBlank(said) && said !== said.trimEnd();
    return isBroken ? "messages: final assistant content cannot end with trailing whitespace" : null;
  },
  broken: each({ "a space": "b ", "a line's end": "b\n" }, (said) => prefilled("claude-haiku-4-5", said)),
  kept: {
    "none at its end": () => prefilled("claude-haiku-4-5", "b"),
    "in the middle of the conversation": () => saying(user(text("a")), assistant(text("b ")), user(text("c"))),
  },
};

export const prefill: Rule = {
  name: "prefill",
  demands: "The conversation ends with a user message on models since 4.6.",
  words: "This model does not support assistant message prefill. The conversation must end with a user message.",
  find({ conversation, model }) {
    return conversation.at(-1)?.role !== "assistant" || takesPrefill(model) ? null : this.words;
  },
  broken: {
    ...each(
      {
        "a model of 4.6": "claude-sonnet-4-6",
        "a newer one": "claude-opus-5-5",
        "one that is not known": "claude-test",
      },
      (model) => prefilled(model, "b"),
    ),
    "before a system message of the CLI's": () =>
      saying(user(text("a")), assistant(text("b")), { role: "system", content: "the date" }),
  },
  kept: {
    "a model of 4.5": () => prefilled("claude-sonnet-4-5-20250929", "b"),
    "the user's word last": () => saying(user(text("a")), assistant(text("b")), user(text("c"))),
    "a system message of the CLI's last": () => saying(user(text("hello")), { role: "system", content: "the date" }),
  },
};

export const firstTurn: Rule = {
  name: "first-turn",
  demands: "The conversation begins with a user message.",
  words: 'first message must use the "user" role',
  find: ({ conversation }) =>
    conversation[0]?.role === "assistant" ? 'messages: first message must use the "user" role' : null,
  broken: { "the assistant's word first": () => saying(assistant(text("b")), user(text("a"))) },
  kept: { "a system message before it": () => saying({ role: "system", content: "the date" }, user(text("a"))) },
};

function prefilled(model: string, said: string): object {
  return asking({ model, messages: [user(text("a")), assistant(text(said))] });
}

export const loneSurrogate: Rule = {
  name: "lone-surrogate",
  demands: "Strings hold no lone surrogates.",
  words: "no low surrogate in string",
  find({ text: wire }) {
    // Two backslashes are a backslash, and what follows them no escape.
    for (const match of wire.matchAll(
      /\\\\|\\u(d[89ab][\da-f]{2})(?:\\u(d[c-f][\da-f]{2}))?|\\u(d[c-f][\da-f]{2})/giu,
    )) {
      const isLone = match[3] !== undefined || (match[1] !== undefined && match[2] === undefined);
      if (isLone) return `The request body is not valid JSON: ${this.words}: line 1 column ${match.index + 1}`;
    }
    return null;
  },
  broken: {
    "a high one in what the user said": () => saying(user(text("a \ud83d b"))),
    "a high one at the end": () => saying(user(text("a \ud83d"))),
    "two high ones": () => saying(user(text("a \ud83d\ud83d\ude00"))),
    "a low one": () => saying(user(text("a \ude00"))),
    "a high one in the system prompt": () => asking({ system: [text("\udbff")] }),
    "a high one in a name": () =>
      sayingWithTool(user(text("a")), assistant(use("t1", { "\ud83d": 1 })), user(result("t1"))),
  },
  kept: {
    "a pair": () => saying(user(text("a 😀 \ud83d\ude00"))),
    "an escape that is spelled out": () => saying(user(text("a \\ud83d b"))),
  },
};

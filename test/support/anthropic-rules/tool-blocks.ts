/** Calls and their results inside a conversation. */
import { asking, assistant, result, saying, sayingWithTool, text, tool, use, user } from "./examples.ts";
import { firstOf, listOf, type Placed, type Rule } from "./rule.ts";

export const toolNamePattern = /^[a-zA-Z0-9_-]{1,128}$/;
const toolIdPattern = /^[a-zA-Z0-9_-]+$/;

const isCall = ({ block }: Placed): boolean => block["type"] === "tool_use";
const isResult = ({ block }: Placed): boolean => block["type"] === "tool_result";

interface Walk {
  readonly unanswered: string | null;
  readonly unexpected: string | null;
}

/** Neighbours of one role are one message to the API. Results stand first in theirs, and answer the message before. */
function walk(conversation: readonly Placed[]): Walk {
  let open = new Set<unknown>();
  let role = "";
  let isPastResults = false;
  for (const placed of conversation) {
    const { at, block } = placed;
    if (placed.role !== role) {
      if (placed.role === "assistant") {
        if (open.size > 0) return { unanswered: unanswered(at, open), unexpected: null };
        open = new Set();
      }
      role = placed.role;
      isPastResults = false;
    }
    if (isCall(placed) && role === "assistant") {
      open.add(block["id"]);
    } else if (isResult(placed)) {
      if (isPastResults && open.size > 0) return { unanswered: unanswered(at, open), unexpected: null };
      if (!open.delete(block["tool_use_id"]))
        return { unanswered: null, unexpected: unexpected(at, block["tool_use_id"]) };
    } else if (role === "user") {
      isPastResults = true;
      if (open.size > 0) return { unanswered: unanswered(at, open), unexpected: null };
    }
  }
  return {
    unanswered: open.size > 0 ? unanswered(conversation.at(-1)?.at ?? "messages", open) : null,
    unexpected: null,
  };
}

function unanswered(at: string, ids: ReadonlySet<unknown>): string {
  return (
    `${at}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${[...ids].join(", ")}. ` +
    "Each `tool_use` block must have a corresponding `tool_result` block in the next message."
  );
}

function unexpected(at: string, id: unknown): string {
  return (
    `${at}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${String(id)}. ` +
    "Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
  );
}

const called = [user(text("a")), assistant(use("t1"), use("t2"))];

export const unansweredCall: Rule = {
  name: "unanswered-call",
  demands: "Every tool_use is answered by a tool_result in the very next user message, before anything else in it.",
  words: "`tool_use` ids were found without `tool_result` blocks immediately after",
  find: ({ conversation }) => walk(conversation).unanswered,
  broken: {
    "none is": () => sayingWithTool(...called, user(text("c"))),
    "one of two is": () => sayingWithTool(...called, user(result("t1"))),
    "text between the results": () => sayingWithTool(...called, user(result("t1"), text("c"), result("t2"))),
    "text before the results": () => sayingWithTool(...called, user(text("c"), result("t1"), result("t2"))),
    "the assistant goes on between them": () =>
      sayingWithTool(...called, user(result("t1")), assistant(text("x")), user(text("y"))),
  },
  kept: {
    "all are, in any order, with text behind": () =>
      sayingWithTool(
        user(text("a")),
        assistant(text("b"), use("t1"), use("t2")),
        user(result("t2"), result("t1"), text("c")),
      ),
    "in two messages": () => sayingWithTool(...called, user(result("t1")), user(result("t2"))),
  },
};

export const unexpectedResult: Rule = {
  name: "unexpected-result",
  demands: "Every tool_result answers a tool_use of the message before.",
  words: "unexpected `tool_use_id` found in `tool_result` blocks",
  find: ({ conversation }) => walk(conversation).unexpected,
  broken: {
    "there was no call": () => sayingWithTool(user(result("t1"))),
    "the call is two messages back": () =>
      sayingWithTool(
        user(text("a")),
        assistant(use("t1")),
        user(result("t1")),
        assistant(text("b")),
        user(result("t1")),
      ),
    "it is answered twice": () =>
      sayingWithTool(user(text("a")), assistant(use("t1")), user(result("t1"), result("t1"))),
  },
  kept: {
    "one each": () =>
      sayingWithTool(
        user(text("a")),
        assistant(use("t1")),
        user(result("t1")),
        assistant(use("t2")),
        user(result("t2")),
      ),
  },
};

export const toolsDefined: Rule = {
  name: "tools-defined",
  demands: "A history with tool blocks comes with tools, also when no call is wanted.",
  words: "Requests which include `tool_use` or `tool_result` blocks must define tools",
  find({ conversation, body }) {
    const isUsed = conversation.some((placed) => isCall(placed) || isResult(placed));
    return isUsed && listOf(body["tools"]).length === 0 ? this.words : null;
  },
  broken: {
    "no tools": () => saying(user(text("a")), assistant(use("t1")), user(result("t1"))),
    "an empty list": () =>
      asking({ messages: [user(text("a")), assistant(use("t1")), user(result("t1"))], tools: [] }),
  },
  kept: {
    "tools that may not be called": () =>
      asking({
        messages: [user(text("a")), assistant(use("t1")), user(result("t1"))],
        tools: [tool],
        tool_choice: { type: "none" },
      }),
  },
};

export const toolBlockRoles: Rule = {
  name: "tool-block-roles",
  demands: "Calls are the assistant's, results the user's.",
  words: "blocks can only be in",
  find: ({ conversation }) =>
    firstOf(conversation, (placed) => {
      if (isCall(placed) && placed.role !== "assistant")
        return `${placed.at}: \`tool_use\` blocks can only be in \`assistant\` messages`;
      return isResult(placed) && placed.role !== "user"
        ? `${placed.at}: \`tool_result\` blocks can only be in \`user\` messages`
        : null;
    }),
  broken: {
    "a call of the user's": () => sayingWithTool(user(text("a"), use("t1"))),
    "a result of the assistant's": () =>
      sayingWithTool(user(text("a")), assistant(use("t1"), result("t1")), user(text("b"))),
  },
  kept: { "each in its own": () => sayingWithTool(user(text("a")), assistant(use("t1")), user(result("t1"))) },
};

export const toolIds: Rule = {
  name: "tool-ids",
  demands: "The ids and names of calls and results match their patterns; no id comes twice.",
  words: "String should match pattern",
  otherWords: ["`tool_use` ids must be unique"],
  find({ conversation }) {
    const known = new Set<unknown>();
    return firstOf(conversation, ({ at, block }) => {
      const { type, id, name } = block;
      if (type === "tool_result")
        return mismatch(`${at}.tool_result.tool_use_id`, toolIdPattern, block["tool_use_id"]);
      if (type !== "tool_use") return null;
      const wrong =
        mismatch(`${at}.tool_use.id`, toolIdPattern, id) ?? mismatch(`${at}.tool_use.name`, toolNamePattern, name);
      if (wrong !== null) return wrong;
      if (known.has(id)) return "messages: `tool_use` ids must be unique";
      known.add(id);
      return null;
    });
  },
  broken: {
    "a colon": () => sayingWithTool(user(text("a")), assistant(use("call:1")), user(result("call:1"))),
    "no id": () => sayingWithTool(user(text("a")), assistant(use("")), user(result(""))),
    "a name with a space": () =>
      sayingWithTool(user(text("a")), assistant({ ...use("t1"), name: "a b" }), user(result("t1"))),
    "the same id in two turns": () =>
      sayingWithTool(
        user(text("a")),
        assistant(use("t1")),
        user(result("t1")),
        assistant(use("t1")),
        user(result("t1")),
      ),
  },
  kept: {
    "letters, digits, underscores and hyphens": () =>
      sayingWithTool(user(text("a")), assistant(use("toolu_01-A")), user(result("toolu_01-A"))),
  },
};

export function mismatch(at: string, pattern: RegExp, value: unknown): string | null {
  return typeof value === "string" && pattern.test(value)
    ? null
    : `${at}: String should match pattern '${pattern.source}'`;
}

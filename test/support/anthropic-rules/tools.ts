/** The tools that a request defines, and whether one must be called. */
import { asking, assistant, each, newestModel, result, text, tool, use, user } from "./examples.ts";
import { type ApiRequest, type Fields, firstOf, isRecord, listOf, type Rule } from "./rule.ts";
import { mismatch, toolNamePattern } from "./tool-blocks.ts";

interface PlacedTool {
  readonly at: string;
  readonly tool: Fields;
}

/** The client's own. Anthropic's (web search and the like) carry a dated type and no schema. */
export function* clientTools({ body }: ApiRequest): Generator<PlacedTool> {
  for (const [index, entry] of listOf(body["tools"]).entries()) {
    if (isRecord(entry) && (entry["type"] === undefined || entry["type"] === "custom"))
      yield { at: `tools.${index}.custom`, tool: entry };
  }
}

export const toolNames: Rule = {
  name: "tool-names",
  demands: "Tools are a list; their names match ^[a-zA-Z0-9_-]{1,128}$ and are unique.",
  words: "Tool names must be unique",
  otherWords: ["String should match pattern", "Input should be a valid"],
  find({ body }) {
    const { tools } = body;
    if (tools !== undefined && !Array.isArray(tools)) return "tools: Input should be a valid list";
    const names = new Set<unknown>();
    return firstOf(listOf(tools).entries(), ([index, entry]) => {
      if (!isRecord(entry)) return `tools.${index}: Input should be a valid dictionary`;
      const { name } = entry;
      if (names.has(name)) return "tools: Tool names must be unique.";
      names.add(name);
      return mismatch(`tools.${index}.custom.name`, toolNamePattern, name);
    });
  },
  broken: {
    ...each(
      {
        "a space": "a b",
        "a dot": "mcp.search",
        "129 letters": "x".repeat(129),
        none: "",
        "a letter with an accent": "é",
      },
      (name) => asking({ tools: [{ ...tool, name }] }),
    ),
    "the same twice": () => asking({ tools: [tool, tool] }),
    "a string in place of the list": () => asking({ tools: "look" }),
    "a string in place of a tool": () => asking({ tools: ["look"] }),
  },
  kept: {
    "128 letters": () => asking({ tools: [{ ...tool, name: "x".repeat(128) }, tool] }),
    "a server tool": () => asking({ tools: [{ type: "web_search_20250305", name: "web_search" }] }),
  },
};

export const toolChoice: Rule = {
  name: "tool-choice",
  demands: "A tool_choice comes with tools, and names one that is there.",
  words: "not found in provided tools",
  otherWords: ["may only be specified while providing tools"],
  find({ body }) {
    const choice = body["tool_choice"];
    if (!isRecord(choice)) return null;
    const tools = listOf(body["tools"]).filter(isRecord);
    if (tools.length === 0) return "tool_choice: may only be specified while providing tools";
    const isMissing = choice["type"] === "tool" && tools.every(({ name }) => name !== choice["name"]);
    return isMissing ? `Tool '${String(choice["name"])}' not found in provided tools` : null;
  },
  broken: {
    "no tools": () => asking({ tool_choice: { type: "auto" } }),
    "a tool that is not there": () => asking({ tools: [tool], tool_choice: { type: "tool", name: "other" } }),
  },
  kept: { "one that is": () => asking({ tools: [tool], tool_choice: { type: "tool", name: "look" } }) },
};

export const forcedCall: Rule = {
  name: "forced-call",
  demands: "A tool_choice that forces a call does not go with thinking.",
  words: "Thinking may not be enabled when tool_choice forces tool use.",
  find({ body }) {
    const { tool_choice: choice, thinking } = body;
    const isForced = isRecord(choice) && (choice["type"] === "any" || choice["type"] === "tool");
    return isForced && isRecord(thinking) && thinking["type"] !== "disabled" ? this.words : null;
  },
  broken: {
    "any call, thinking adaptive": () => forced({ type: "any" }, { type: "adaptive" }),
    "this call, thinking adaptive": () => forced({ type: "tool", name: "look" }, { type: "adaptive" }),
    "any call, thinking with a budget": () =>
      forced({ type: "any" }, { type: "enabled", budget_tokens: 1_024 }, "claude-haiku-4-5"),
  },
  kept: {
    "thinking disabled": () => forced({ type: "any" }, { type: "disabled" }, "claude-opus-4-8"),
    "thinking not spoken of": () => forced({ type: "any" }, undefined),
    "a call that is free": () => forced({ type: "auto" }, { type: "adaptive" }),
    "none, in a history of calls": () => ({
      ...forced({ type: "none" }, { type: "adaptive" }),
      messages: [user(text("a")), assistant(use("t1")), user(result("t1"))],
    }),
  },
};

function forced(tool_choice: object, thinking: object | undefined, model = newestModel): object {
  return asking({ model, tools: [tool], tool_choice, thinking });
}

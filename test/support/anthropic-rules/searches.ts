/** Searches of the web that the API ran for an earlier answer, sent back to it. */
import { assistant, saying, text, user } from "./examples.ts";
import type { Placed, Rule } from "./rule.ts";

const searched = (id: string) => ({ type: "server_tool_use", id, name: "web_search", input: { query: "q" } });
const found = (id: string) => ({ type: "web_search_tool_result", tool_use_id: id, content: [] });

function findUnpaired(conversation: readonly Placed[]): string | null {
  let open = new Set<unknown>();
  let role = "";
  for (const { at, role: own, block } of conversation) {
    if (own !== role && open.size > 0) return without(at, open);
    role = own;
    if (block["type"] === "server_tool_use") open.add(block["id"]);
    if (block["type"] === "web_search_tool_result" && !open.delete(block["tool_use_id"]))
      return `${at}: unexpected \`tool_use_id\` found in \`web_search_tool_result\` blocks: ${String(block["tool_use_id"])}.`;
  }
  // A paused answer may end in a search whose result is still to come.
  open = role === "assistant" ? new Set() : open;
  return open.size > 0 ? without("messages", open) : null;
}

function without(at: string, ids: ReadonlySet<unknown>): string {
  const named = [...ids].join(", ");
  return `${at}: \`web_search\` tool use with id \`${named}\` was found without a corresponding \`web_search_tool_result\` block`;
}

export const searchPaired: Rule = {
  name: "search-paired",
  demands: "Every search of an answer has its result behind it in the same answer, and every result its search.",
  words: "web_search_tool_result",
  find: ({ conversation }) => findUnpaired(conversation),
  broken: {
    "no result": () => saying(user(text("a")), assistant(searched("srvtoolu_1"), text("b")), user(text("c"))),
    "no search": () => saying(user(text("a")), assistant(found("srvtoolu_1"), text("b")), user(text("c"))),
    "the result comes first": () =>
      saying(user(text("a")), assistant(found("srvtoolu_1"), searched("srvtoolu_1"), text("b")), user(text("c"))),
  },
  kept: {
    "one each": () =>
      saying(user(text("a")), assistant(searched("srvtoolu_1"), found("srvtoolu_1"), text("b")), user(text("c"))),
  },
};

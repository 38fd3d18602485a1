/** The frame of a request: what is no request at all. Every other rule may rely on it. */
import { asking, assistant, each, result, saying, sayingWithTool, text, use, user } from "./examples.ts";
import {
  type ApiRequest,
  type Fields,
  firstOf,
  isRecord,
  listOf,
  type Placed,
  type Rule,
  withInner,
} from "./rule.ts";

const needsText = (block: Fields): string | null =>
  typeof block["text"] === "string" ? null : "text: Field required";
const needsSource = (block: Fields): string | null => (isRecord(block["source"]) ? null : "source: Field required");
/** What each kind of block must hold. The search's blocks are the API's own, sent back as they came. */
const blockKinds: Readonly<Record<string, (block: Fields) => string | null>> = {
  text: needsText,
  image: needsSource,
  document: needsSource,
  thinking: ({ thinking }) => (typeof thinking === "string" ? null : "thinking: Field required"),
  redacted_thinking: ({ data }) => (typeof data === "string" && data !== "" ? null : "data: Field required"),
  tool_use: ({ input }) => (isRecord(input) ? null : "input: Input should be a valid dictionary"),
  tool_result: ({ content }) =>
    content === undefined || typeof content === "string" || Array.isArray(content)
      ? null
      : "content: Input should be a valid list",
  server_tool_use: ({ id, name, input }) => {
    if (typeof id !== "string" || id === "") return "id: Field required";
    if (name !== "web_search") return "name: Input should be 'web_search'";
    return isRecord(input) ? null : "input: Input should be a valid dictionary";
  },
  web_search_tool_result: ({ tool_use_id, content }) => {
    if (typeof tool_use_id !== "string") return "tool_use_id: Field required";
    return Array.isArray(content) || isRecord(content) ? null : "content: Field required";
  },
  search_result: () => null,
};

function findInBody({ body }: ApiRequest): string | null {
  if (typeof body["model"] !== "string" || body["model"] === "") return "model: Field required";
  const { messages, system } = body;
  if (!Array.isArray(messages) || messages.length === 0) return "messages: at least one message is required";
  if (system !== undefined && typeof system !== "string" && !Array.isArray(system))
    return "system: Input should be a valid list";
  for (const [index, block] of listOf(system).entries()) {
    if (!isRecord(block) || block["type"] !== "text" || typeof block["text"] !== "string")
      return `system.${index}: Input should be a text block`;
  }
  return firstOf(messages.entries(), ([index, message]) => findInMessage(`messages.${index}`, message));
}

function findInMessage(at: string, message: unknown): string | null {
  if (!isRecord(message)) return `${at}: Input should be a valid dictionary`;
  const { role, content } = message;
  if (role !== "user" && role !== "assistant" && role !== "system")
    return `${at}.role: Input should be 'user' or 'assistant'`;
  if (typeof content === "string") return null;
  // A change of effort in mid-conversation is an empty system message that carries it.
  if (role === "system" && isRecord(message["output_config"])) return null;
  if (!Array.isArray(content) || content.length === 0) return `${at}: all messages must have non-empty content`;
  return firstOf(content.entries(), ([place, block]) => findInBlock(`${at}.content.${place}`, role, block));
}

function findInBlock(at: string, role: string, block: unknown): string | null {
  if (!isRecord(block)) return `${at}: Input should be a valid dictionary`;
  const outer = findInKind({ at, role, block });
  if (outer !== null) return outer;
  for (const [index, inner] of (block["type"] === "tool_result" ? listOf(block["content"]) : []).entries()) {
    if (!isRecord(inner)) return `${at}.tool_result.content.${index}: Input should be a valid dictionary`;
  }
  return firstOf([...withInner({ at, role, block })].slice(1), findInKind);
}

function findInKind({ at, block }: Placed): string | null {
  const kind = String(block["type"]);
  if (!Object.hasOwn(blockKinds, kind))
    return `${at}: Input tag '${kind}' found using 'type' does not match any of the expected tags`;
  const lack = blockKinds[kind]?.(block) ?? null;
  return lack === null ? null : `${at}.${kind}.${lack}`;
}

export const shape: Rule = {
  name: "shape",
  demands: "A request has a model and messages, each with a role and content blocks of known kinds.",
  words: "Input should be",
  otherWords: ["Field required", "at least one message is required", "must have non-empty content", "Input tag"],
  find: findInBody,
  broken: {
    "no model": () => asking({ model: undefined }),
    "no messages": () => saying(),
    "a message that is a string": () => saying("hello"),
    "a role of OpenAI's": () => saying({ role: "tool", content: "x" }),
    "a message without content": () => saying(user()),
    "a block that is a string": () => saying(user("x")),
    "a system prompt that is a number": () => asking({ system: 3 }),
    "a system block that is a number": () => asking({ system: [3] }),
    ...each(
      {
        "a block of another API": { type: "input_audio" },
        "a text block without text": { type: "text" },
        "an image without a source": { type: "image" },
      },
      (block) => saying(user(block)),
    ),
    "a search without its input": () =>
      saying(
        user(text("a")),
        assistant(
          { type: "server_tool_use", id: "s1", name: "web_search" },
          { type: "web_search_tool_result", tool_use_id: "s1", content: [] },
        ),
        user(text("b")),
      ),
    "what was found, without it": () =>
      saying(
        user(text("a")),
        assistant(
          { type: "server_tool_use", id: "s1", name: "web_search", input: {} },
          { type: "web_search_tool_result", tool_use_id: "s1" },
        ),
        user(text("b")),
      ),
    "a call whose input is a string": () =>
      sayingWithTool(user(text("a")), assistant(use("t1", "{}")), user(result("t1"))),
    "a result whose content is a number": () =>
      sayingWithTool(user(text("a")), assistant(use("t1")), user(result("t1", 3))),
    "a result that holds a string among blocks": () =>
      sayingWithTool(user(text("a")), assistant(use("t1")), user(result("t1", ["x"]))),
  },
  kept: {
    "content as a string": () => saying({ role: "user", content: "hello" }),
    "a conversation with a system prompt": () =>
      asking({
        messages: [user(text("a")), assistant(text("b")), user(text("c"))],
        system: [text("You are terse.")],
      }),
    "neighbours of one role": () => saying(user(text("one")), user(text("two"))),
    "a change of effort": () =>
      saying(
        user(text("a")),
        assistant(text("b")),
        { role: "system", content: [], output_config: { effort: "low" } },
        user(text("c")),
      ),
    "a document by URL": () =>
      saying(user({ type: "document", source: { type: "url", url: "https://example.com/a.pdf" } })),
  },
};

import { createHash } from "node:crypto";
import type { AssistantBlock, Message, ToolResultBlock, UserBlock } from "../turn/message.ts";
import type { Turn } from "../turn/turn.ts";

/**
 * A rolling hash over a conversation: where a process stands, and what a request's history comes to. Each hash covers
 * everything before it, so that equal hashes mean the same model, settings, system prompt and messages.
 */
export type HistoryHash = string & { readonly __historyHash: unique symbol };

/**
 * The hash before any message: what the process was launched with and told at its start, and what it is asked to do
 * with its tools.
 */
export function profileHash({ messages: _messages, stopSequences: _stop, tools, ...profile }: Turn): HistoryHash {
  // Where a request defines a tool is nothing to the model.
  const served = tools.map(({ source: _source, ...tool }) => tool);
  return digest(["profile", canonicalJson({ ...profile, tools: served })]);
}

/** The hash after one more message; `previous` is the one before it. */
export function nextHash(before: HistoryHash, message: Message, previous: Message | undefined): HistoryHash {
  if (message.role === "assistant") return assistantHash(before, message.content);
  const order = callOrder(previous);
  return digest([before, "user", ...message.content.flatMap((block) => userParts(block, order))]);
}

/** The hashes after each of the turn's messages; `[i]` is after `messages[i]`. */
export function messageHashes(turn: Turn): HistoryHash[] {
  let hash = profileHash(turn);
  return turn.messages.map((message, index) => (hash = nextHash(hash, message, turn.messages[index - 1])));
}

/**
 * The ids of a message's calls. They go into no hash, their order does: some clients rewrite ids, alike on both sides.
 */
function callOrder(message: Message | undefined): ReadonlyMap<string, number> {
  const ids = message?.role === "assistant"
    ? message.content.flatMap((block) => (block.type === "tool_use" ? [block.id] : []))
    : [];
  return new Map(ids.map((id, position) => [id, position]));
}

/**
 * The model's answer as it comes back in the client's next request: clients join its texts and trim it, and drop its
 * thinking.
 */
function assistantHash(before: HistoryHash, blocks: readonly AssistantBlock[]): HistoryHash {
  const text = blocks.map((block) => (block.type === "text" ? block.text : "")).join("").trim();
  const calls = blocks.flatMap((block) => (block.type === "tool_use" ? [block.name, canonicalJson(block.input)] : []));
  return digest([before, "assistant", text, ...calls]);
}

function userParts(block: UserBlock, order: ReadonlyMap<string, number>): string[] {
  switch (block.type) {
    case "text":
      return ["text", block.text];
    case "image":
      return block.source.type === "url"
        ? ["image_url", block.source.url]
        : ["image", block.source.media_type, block.source.data];
    case "document":
      return ["document", block.source.data, block.title ?? ""];
    case "tool_result":
      return [
        "tool_result", String(order.get(block.tool_use_id) ?? -1), String(block.is_error ?? false),
        canonicalJson(resultContent(block.content)),
      ];
  }
}

/** Where an image's URL stood in its request is no part of what it says. */
function resultContent(content: ToolResultBlock["content"]): unknown {
  if (typeof content === "string") return content;
  return content.map((part) => {
    if (part.type !== "image" || part.source.type !== "url") return part;
    return { type: "image_url", url: part.source.url };
  });
}

/** JSON with sorted keys: clients parse and print a call's arguments again. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/**
 * Each part goes in with its length, so that no two lists of parts run together. UTF-16, so that lone surrogates stay
 * apart.
 */
function digest(parts: readonly string[]): HistoryHash {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}:`).update(part, "utf16le");
  return hash.digest("base64") as HistoryHash;
}

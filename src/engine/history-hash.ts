import { createHash } from "node:crypto";
import type {
  AssistantBlock, ImageBlock, Message, ResultPart, ToolResultBlock, UserBlock,
} from "../turn/message.ts";
import type { ToldTurn } from "../claude/parameters.ts";
import type { Turn } from "../turn/turn.ts";

/**
 * A rolling hash of a conversation's history. The hash of what a process has been told is compared with that of a
 * request's history. Each hash covers everything before it: equal hashes mean the same model, system prompt, tools and
 * messages, but for thinking and for blocks of the API's own tools. Those are compared by `Timeline.asides`.
 */
export type HistoryHash = string & { readonly __historyHash: unique symbol };

/**
 * The hash of a beginning: of what a process is told once, such as the system prompt and the tools, and how the model
 * is to use them. What it is told anew for a turn (`LiveSettings`) is not in it, but for `webSearch`: a process that
 * was asked with the search goes on only with the same search.
 */
export function beginningHash(turn: ToldTurn): HistoryHash {
  const {
    messages: _messages, stopSequences: _stop, model: _model, maxTokens: _tokens, effort: _effort, thinking: _thinking,
    isSentAtOnce: _isSentAtOnce, sampling: _sampling, outputFormat: _format, toolChoice: _choice,
    disableParallelToolUse: _parallel, refusedParameters: _refused, tellsTools: _tellsTools, tools, ...beginning
  } = turn;
  // Leave out `source`: where in its request a tool was defined makes no difference to the model. Leave out
  // `strictSchema`: it is told anew for each turn.
  const served = tools.map(({ source: _source, strictSchema: _strict, ...tool }) => tool);
  return digest(["beginning", canonicalJson({ ...beginning, tools: served })]);
}

/** The hash before any message: of a beginning, and of the model, which cannot change behind a message. */
export function rootHash(beginning: HistoryHash, model: string): HistoryHash {
  return digest(["root", beginning, model]);
}

/** The hash after one more message. `before` is the hash before it, and `previous` the message before it. */
export function nextHash(before: HistoryHash, message: Message, previous: Message | undefined): HistoryHash {
  if (message.role === "assistant") return assistantHash(before, message.content);
  const order = callOrder(previous);
  return digest([before, "user", ...message.content.flatMap((block) => userParts(block, order))]);
}

/** A beginning, a model and the messages behind them, as hashes. */
export interface Timeline {
  readonly beginning: HistoryHash;
  /** The hash before any message. */
  readonly root: HistoryHash;
  /** `[i]` is the hash after message `i`. */
  readonly hashes: readonly HistoryHash[];
  /**
   * `[i]` stands for the thinking and the blocks of the API's own tools in message `i`: the hash of the signatures, the
   * encrypted thinking and those blocks. Undefined where message `i` has none.
   */
  readonly asides: readonly (string | undefined)[];
}

/** The timeline of a turn, its question included. */
export function timelineOf(turn: Turn): Timeline {
  const beginning = beginningHash(turn);
  const root = rootHash(beginning, turn.model);
  let hash = root;
  const hashes = turn.messages.map((message, index) => (hash = nextHash(hash, message, turn.messages[index - 1])));
  return { beginning, root, hashes, asides: turn.messages.map(asidesOf) };
}

/** A timeline with one more message behind it; `previous` is the message before that. */
export function extended(timeline: Timeline, message: Message, previous: Message | undefined): Timeline {
  const { hashes, asides } = timeline;
  const hash = nextHash(tipOf(timeline), message, previous);
  return { ...timeline, hashes: [...hashes, hash], asides: [...asides, asidesOf(message)] };
}

/**
 * The first `kept` messages of a timeline. A request's timeline has only the thinking that the request sent. So a
 * process that has further thinking does not match a later request that sends it, which is told anew from there.
 */
export function shortened(timeline: Timeline, kept: number): Timeline {
  const { hashes, asides } = timeline;
  return { ...timeline, hashes: hashes.slice(0, kept), asides: asides.slice(0, kept) };
}

/**
 * The hash of a message's thinking (its signatures, or its encrypted data) and of its blocks of the API's own tools.
 * Undefined where it has neither.
 */
function asidesOf({ role, content }: Message): string | undefined {
  const proofs = content.flatMap((block) => {
    switch (block.type) {
      case "thinking": return ["thinking", block.signature];
      case "redacted_thinking": return ["redacted_thinking", block.data];
      default: return [];
    }
  });
  const ran = role === "assistant" ? content.flatMap(serverParts) : [];
  return proofs.length + ran.length === 0 ? undefined : digest([...proofs, ...ran]);
}

/** The hash after a timeline's last message. */
export function tipOf({ root, hashes }: Timeline): HistoryHash {
  return hashes.at(-1) ?? root;
}

/**
 * How many messages, from the first, a process was told exactly as they are asked. Where the request sends thinking or
 * a search that the process does not have, they part there. Where it sends none, the process goes on with its own.
 */
export function commonLength(told: Timeline, asked: Timeline): number {
  if (told.root !== asked.root) return 0;
  let common = Math.min(told.hashes.length, asked.hashes.length);
  while (common > 0 && told.hashes[common - 1] !== asked.hashes[common - 1]) common--;
  const parted = asked.asides.findIndex((aside, at) => aside !== undefined && aside !== told.asides[at]);
  return parted === -1 ? common : Math.min(common, parted);
}

/**
 * Maps the ids of a message's tool calls to their positions. A result is hashed with its call's position, not with the
 * id: some clients rewrite ids, in the call and its result alike.
 */
function callOrder(message: Message | undefined): ReadonlyMap<string, number> {
  const ids = message?.role === "assistant"
    ? message.content.flatMap((block) => (block.type === "tool_use" ? [block.id] : []))
    : [];
  return new Map(ids.map((id, position) => [id, position]));
}

/**
 * The hash after an assistant message. It must not change by what clients do to an answer before they send it back:
 * they join its texts, trim them, and drop its thinking and its searches.
 */
function assistantHash(before: HistoryHash, blocks: readonly AssistantBlock[]): HistoryHash {
  const text = blocks.map((block) => (block.type === "text" ? block.text : "")).join("").trim();
  const calls = blocks.flatMap((block) => (block.type === "tool_use" ? [block.name, canonicalJson(block.input)] : []));
  return digest([before, "assistant", text, ...calls]);
}

/** What is hashed of a call that the API ran itself, or of its result; nothing for any other block. */
function serverParts(block: AssistantBlock): string[] {
  switch (block.type) {
    case "text": case "thinking": case "redacted_thinking": case "tool_use": return [];
    default: return ["", block.type, canonicalJson(block)];
  }
}

function userParts(block: UserBlock, order: ReadonlyMap<string, number>): string[] {
  switch (block.type) {
    case "text":
      return ["text", block.text];
    case "image":
      return imageParts(block);
    case "document": {
      const { source, ...rest } = block;
      // A PDF may be large, so its data is hashed without being written as JSON first.
      return source.type === "base64"
        ? ["document", source.data, canonicalJson(rest)]
        : ["document", "", canonicalJson(withoutPaths(block))];
    }
    case "search_result": case "container_upload":
      return [block.type, canonicalJson(block)];
    case "tool_result":
      return [
        "tool_result", String(order.get(block.tool_use_id) ?? -1), String(block.is_error ?? false),
        canonicalJson(resultContent(block.content)),
      ];
  }
}

function imageParts({ source }: ImageBlock): string[] {
  switch (source.type) {
    case "url": return ["image_url", source.url];
    case "base64": return ["image", source.media_type, source.data];
    case "file": return ["image_file", source.file_id];
  }
}

function resultContent(content: ToolResultBlock["content"]): unknown {
  return typeof content === "string" ? content : content.map(withoutPaths);
}

/** Leaves out `path`, the place of an image's URL in its request, which is no part of the content. */
function withoutPaths(part: ResultPart): unknown {
  if (part.type === "image" && part.source.type === "url") return { type: "image_url", url: part.source.url };
  if (part.type !== "document" || part.source.type !== "content") return part;
  const { content } = part.source;
  return {
    ...part,
    source: { ...part.source, content: typeof content === "string" ? content : content.map(withoutPaths) },
  };
}

/** JSON with sorted keys: clients parse a call's arguments and serialize them anew, perhaps in another order. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/**
 * Hashes a list of parts. Each goes in with its length, so that different lists cannot give the same bytes. Encoded as
 * UTF-16, because UTF-8 would make all lone surrogates equal.
 */
function digest(parts: readonly string[]): HistoryHash {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length}:`).update(part, "utf16le");
  return hash.digest("base64") as HistoryHash;
}

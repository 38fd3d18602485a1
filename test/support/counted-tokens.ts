/**
 * How many tokens the stub upstream says that a body has: a made-up tokenizer that does what Anthropic's does in kind.
 * What words there are, in which letters, counts, and each message, block, tool and image has its price; the sum is no
 * constant and no mere length. Pure.
 */
import { readImageHeader } from "./anthropic-rules/image-header.ts";

type Json = Readonly<Record<string, unknown>>;

/** Of the words that the API puts around a request. */
const requestTokens = 5;
const messageTokens = 3;
const toolTokens = 7;
/** Of the words with which the API explains that there are tools, by what `tool_choice` says; as its documentation has it. */
const toolsTokens = { auto: 346, none: 346, any: 313, tool: 313 } as const;
const pixelsPerToken = 750;
const imageTokensMax = 1_600;
const pageTokens = 1_500;
const lettersPerToken = 5;

export function countedTokens(body: Json): number {
  const tools = listOf(body["tools"]);
  const choice = objectOf(body["tool_choice"])["type"];
  const ofChoice = Object.entries(toolsTokens).find(([type]) => type === choice)?.[1] ?? toolsTokens.auto;
  return requestTokens + contentTokens(body["system"])
    + sum(listOf(body["messages"]), (message) => messageTokens + contentTokens(objectOf(message)["content"]))
    + (tools.length === 0 ? 0 : ofChoice) + sum(tools, toolTokensOf)
    + textTokens(JSON.stringify(objectOf(objectOf(body["output_config"])["format"])["schema"] ?? ""));
}

function toolTokensOf(tool: unknown): number {
  const { name, description = "", input_schema: schema = {} } = objectOf(tool);
  return toolTokens + textTokens(String(name)) + textTokens(String(description)) + textTokens(JSON.stringify(schema));
}

function contentTokens(content: unknown): number {
  return typeof content === "string" ? textTokens(content) : sum(listOf(content), (block) => blockTokens(objectOf(block)));
}

function blockTokens(block: Json): number {
  switch (block["type"]) {
    case "text": return textTokens(String(block["text"]));
    case "thinking": return textTokens(String(block["thinking"]));
    case "tool_use": return 12 + textTokens(String(block["name"])) + textTokens(JSON.stringify(block["input"]));
    case "tool_result": return 12 + contentTokens(block["content"]);
    case "image": return imageTokens(objectOf(block["source"]));
    case "document": return documentTokens(objectOf(block["source"]));
    default: return textTokens(JSON.stringify(block));
  }
}

function imageTokens({ data }: Json): number {
  const header = typeof data === "string" ? readImageHeader(Buffer.from(data, "base64")) : null;
  return header === null ? imageTokensMax : Math.min(imageTokensMax, 1 + Math.ceil((header.width * header.height) / pixelsPerToken));
}

function documentTokens({ type, data, content }: Json): number {
  if (type === "text") return textTokens(String(data));
  return type === "content" ? contentTokens(content) : pageTokens;
}

/** A word of few letters is one token, as is a space run, three digits, or a sign; a letter of other scripts is one or two. */
function textTokens(text: string): number {
  return sum(text.match(/ ?[A-Za-z]+|\d{1,3}|\s+|[\u0080-\uffff]|[^A-Za-z\d\s\u0080-\uffff]/gu) ?? [], (piece) => {
    if (/[A-Za-z]/u.test(piece)) return Math.ceil(piece.trim().length / lettersPerToken);
    return /[\u2e80-\uffff]/u.test(piece) ? 2 : 1;
  });
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function objectOf(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value as Json : {};
}

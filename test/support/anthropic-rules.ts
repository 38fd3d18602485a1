/**
 * What the real Messages API refuses with a 400, as a pure function of the body. A stub that accepts everything hides
 * the bugs that users meet first. The sentences follow the API's own, as seen in its documentation and public reports.
 */
import { createHash } from "node:crypto";
import { readImageHeader } from "./image-header.ts";
import { isJsonSchemaShape } from "./json-schema-shape.ts";

export interface RuleLimits {
  /** Largest `max_tokens` the model takes. */
  readonly outputTokensMax: number;
  /** The context window. Tokens are estimated, four characters to one. */
  readonly promptTokensMax: number;
}

export const defaultLimits: RuleLimits = { outputTokensMax: 128_000, promptTokensMax: 1_000_000 };

const toolNamePattern = /^[a-zA-Z0-9_-]{1,128}$/;
const toolIdPattern = /^[a-zA-Z0-9_-]+$/;
const propertyNamePattern = /^[a-zA-Z0-9_.-]{1,64}$/;
const charactersPerToken = 4;
/** About what an image of a megapixel costs; its base64 is not text. */
const tokensPerImage = 1_600;
const imageSidePixelsMax = 8_000;
const imageSidePixelsMaxWhenMany = 2_000;
const imagesMany = 20;
const thinkingBudgetTokensMin = 1_024;

type Fields = Readonly<Record<string, unknown>>;
interface Placed { readonly at: string; readonly role: string; readonly block: Fields }

/** The sentence with which the API would refuse this body, or null when it would take it. */
export function findViolation(body: unknown, limits: RuleLimits = defaultLimits): string | null {
  if (!isRecord(body)) return "body: Input should be a valid dictionary";
  const messages = body["messages"];
  if (typeof body["model"] !== "string" || body["model"] === "") return "model: Field required";
  if (!Array.isArray(messages) || messages.length === 0) return "messages: at least one message is required";
  return outputBoundViolation(body, limits)
    ?? toolsViolation(body)
    ?? systemViolation(body["system"])
    ?? messagesViolation(messages, body)
    ?? promptLengthViolation(body, limits);
}

/** The signature the stub gives to a thinking block; one that comes back must still carry it. */
export function signThinking(thinking: string): string {
  return createHash("sha256").update(thinking).digest("base64");
}

function outputBoundViolation(body: Fields, { outputTokensMax }: RuleLimits): string | null {
  const maxTokens = body["max_tokens"];
  if (maxTokens === undefined) return "max_tokens: Field required";
  if (typeof maxTokens !== "number" || !Number.isInteger(maxTokens)) return "max_tokens: Input should be a valid integer";
  if (maxTokens < 1) return "max_tokens: must be greater than or equal to 1";
  if (maxTokens > outputTokensMax) {
    return `max_tokens: ${maxTokens} > ${outputTokensMax}, which is the maximum allowed number of output tokens for ${String(body["model"])}`;
  }
  const thinking = body["thinking"];
  if (!isRecord(thinking) || thinking["type"] !== "enabled") return null;
  const budget = thinking["budget_tokens"];
  if (typeof budget !== "number" || budget < thinkingBudgetTokensMin) {
    return `thinking.enabled.budget_tokens: Input should be greater than or equal to ${thinkingBudgetTokensMin}`;
  }
  return budget >= maxTokens ? "`max_tokens` must be greater than `thinking.budget_tokens`." : null;
}

function toolsViolation(body: Fields): string | null {
  const tools = body["tools"] ?? [];
  if (!Array.isArray(tools)) return "tools: Input should be a valid list";
  const names = new Set<unknown>();
  for (const [index, tool] of tools.entries()) {
    if (!isRecord(tool)) return `tools.${index}: Input should be a valid dictionary`;
    const { name } = tool;
    if (typeof name !== "string" || !toolNamePattern.test(name)) return `tools.${index}.custom.name: String should match pattern '${toolNamePattern.source}'`;
    if (names.has(name)) return "tools: Tool names must be unique.";
    names.add(name);
    // Anthropic's own tools (web search and the like) carry a dated type and no schema.
    if (tool["type"] !== undefined && tool["type"] !== "custom") continue;
    const violation = inputSchemaViolation(tool["input_schema"]);
    if (violation !== null) return `tools.${index}.custom.input_schema${violation}`;
  }
  const choice = body["tool_choice"];
  if (!isRecord(choice)) return null;
  if (names.size === 0) return "tool_choice: may only be specified while providing tools";
  return choice["type"] === "tool" && !names.has(choice["name"]) ? `Tool '${String(choice["name"])}' not found in provided tools` : null;
}

function inputSchemaViolation(schema: unknown): string | null {
  if (schema === undefined) return ": Field required";
  if (!isRecord(schema)) return ": Input should be a valid dictionary";
  if (schema["type"] === undefined) return ".type: Field required";
  if (schema["type"] !== "object") return ".type: Input should be 'object'";
  if (["oneOf", "allOf", "anyOf"].some((keyword) => Object.hasOwn(schema, keyword))) {
    return ": input_schema does not support oneOf, allOf, or anyOf at the top level";
  }
  if (!isJsonSchemaShape(schema)) {
    return ": JSON schema is invalid. It must match JSON Schema draft 2020-12 (https://json-schema.org/draft/2020-12).";
  }
  const properties = isRecord(schema["properties"]) ? Object.keys(schema["properties"]) : [];
  if (properties.some((name) => !propertyNamePattern.test(name))) {
    return `.properties: Property keys should match pattern '${propertyNamePattern.source}'`;
  }
  return null;
}

function systemViolation(system: unknown): string | null {
  if (system === undefined || typeof system === "string") return null;
  if (!Array.isArray(system)) return "system: Input should be a valid list";
  for (const [index, block] of system.entries()) {
    if (!isRecord(block) || block["type"] !== "text" || typeof block["text"] !== "string") return `system.${index}: Input should be a text block`;
    if (block["text"] === "") return "system: text content blocks must be non-empty";
  }
  return null;
}

function messagesViolation(messages: readonly unknown[], body: Fields): string | null {
  const placed: Placed[] = [];
  for (const [index, message] of messages.entries()) {
    if (!isRecord(message)) return `messages.${index}: Input should be a valid dictionary`;
    const { role, content } = message;
    if (role !== "user" && role !== "assistant" && role !== "system") return `messages.${index}.role: Input should be 'user' or 'assistant'`;
    const blocks = typeof content === "string" ? [{ type: "text", text: content }] : content;
    if (!Array.isArray(blocks) || blocks.length === 0) return `messages.${index}: all messages must have non-empty content`;
    for (const [place, block] of blocks.entries()) {
      const at = `messages.${index}.content.${place}`;
      if (!isRecord(block)) return `${at}: Input should be a valid dictionary`;
      placed.push({ at, role, block });
    }
  }
  for (const { at, block } of placed) {
    const violation = blockViolation(at, block);
    if (violation !== null) return violation;
  }
  // CLI 2.1.330 puts a system message of its own at the end; the conversation is what remains without such.
  const conversation = placed.filter(({ role }) => role !== "system");
  if (conversation[0]?.role !== "user") return 'messages: first message must use the "user" role';
  if (conversation.at(-1)?.role !== "user") {
    return "This model does not support assistant message prefill. The conversation must end with a user message.";
  }
  return toolBlocksViolation(conversation, body) ?? imagesViolation(conversation);
}

function blockViolation(at: string, block: Fields): string | null {
  switch (block["type"]) {
    case "text": {
      if (typeof block["text"] !== "string") return `${at}.text.text: Field required`;
      if (block["text"] === "") return "messages: text content blocks must be non-empty";
      return block["text"].trim() === "" ? "messages: text content blocks must contain non-whitespace text" : null;
    }
    case "thinking": {
      const { thinking, signature } = block;
      if (typeof thinking === "string" && signature === signThinking(thinking)) return null;
      return `${at}: \`thinking\` or \`redacted_thinking\` blocks in the latest assistant message cannot be modified. These blocks must remain as they were in the original response.`;
    }
    case "tool_use": {
      const { id, name, input } = block;
      if (typeof id !== "string" || !toolIdPattern.test(id)) return `${at}.tool_use.id: String should match pattern '${toolIdPattern.source}'`;
      if (typeof name !== "string" || !toolNamePattern.test(name)) return `${at}.tool_use.name: String should match pattern '${toolNamePattern.source}'`;
      return isRecord(input) ? null : `${at}.tool_use.input: Input should be a valid dictionary`;
    }
    case "tool_result": return toolResultViolation(at, block);
    case "image": case "document": case "redacted_thinking": return null;
    default: return `${at}: Input tag '${String(block["type"])}' found using 'type' does not match any of the expected tags`;
  }
}

function toolResultViolation(at: string, { tool_use_id: id, content }: Fields): string | null {
  if (typeof id !== "string" || !toolIdPattern.test(id)) return `${at}.tool_result.tool_use_id: String should match pattern '${toolIdPattern.source}'`;
  if (content === undefined || typeof content === "string") return null;
  if (!Array.isArray(content)) return `${at}.tool_result.content: Input should be a valid list`;
  for (const [index, block] of content.entries()) {
    const violation = isRecord(block) ? blockViolation(`${at}.tool_result.content.${index}`, block) : `${at}.tool_result.content.${index}: Input should be a valid dictionary`;
    if (violation !== null) return violation;
  }
  return null;
}

/** Calls and results pair up across one turn boundary, the results first in their message. Neighbours of one role are one message to the API. */
function toolBlocksViolation(conversation: readonly Placed[], body: Fields): string | null {
  const known = new Set<unknown>();
  let open = new Set<unknown>();
  let role = "";
  let pastResults = false;
  for (const { at, role: blockRole, block } of conversation) {
    if (blockRole !== role) {
      if (blockRole === "assistant" && open.size > 0) return unanswered(at, open);
      if (blockRole === "assistant") open = new Set();
      role = blockRole;
      pastResults = false;
    }
    if (block["type"] === "tool_use" && role !== "assistant") return `${at}: \`tool_use\` blocks can only be in \`assistant\` messages`;
    if (block["type"] === "tool_use") {
      if (known.has(block["id"])) return "messages: `tool_use` ids must be unique";
      known.add(block["id"]);
      open.add(block["id"]);
    } else if (block["type"] === "tool_result") {
      if (role !== "user") return `${at}: \`tool_result\` blocks can only be in \`user\` messages`;
      if (pastResults && open.size > 0) return unanswered(at, open);
      if (!open.delete(block["tool_use_id"])) {
        return `${at}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${String(block["tool_use_id"])}. Each \`tool_result\` block must have a corresponding \`tool_use\` block in the previous message.`;
      }
    } else if (role === "user") {
      pastResults = true;
      if (open.size > 0) return unanswered(at, open);
    }
  }
  if (open.size > 0) return unanswered(conversation.at(-1)?.at ?? "messages", open);
  const usesTools = conversation.some(({ block }) => block["type"] === "tool_use" || block["type"] === "tool_result");
  const tools = body["tools"];
  return usesTools && !(Array.isArray(tools) && tools.length > 0) ? "Requests which include `tool_use` or `tool_result` blocks must define tools" : null;
}

function unanswered(at: string, ids: ReadonlySet<unknown>): string {
  return `${at}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${[...ids].join(", ")}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`;
}

function imagesViolation(conversation: readonly Placed[]): string | null {
  const images: { at: string; source: Fields }[] = [];
  for (const { at, block } of conversation) {
    const inner = block["type"] === "tool_result" && Array.isArray(block["content"]) ? block["content"].filter(isRecord) : [block];
    for (const candidate of inner) if (candidate["type"] === "image" && isRecord(candidate["source"])) images.push({ at, source: candidate["source"] });
  }
  const sideMax = images.length > imagesMany ? imageSidePixelsMaxWhenMany : imageSidePixelsMax;
  for (const { at, source } of images) {
    if (source["type"] !== "base64") continue;
    const { media_type: mediaType, data } = source;
    if (typeof mediaType !== "string" || !/^image\/(png|jpeg|gif|webp)$/.test(mediaType)) {
      return `${at}.image.source.base64.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'`;
    }
    const header = typeof data === "string" ? readImageHeader(Buffer.from(data, "base64")) : null;
    if (header === null) return `${at}.image.source.base64: Could not process image`;
    if (header.mediaType !== mediaType) {
      return `${at}.image.source.base64: The image was specified using the ${mediaType} media type, but the image appears to be a ${header.mediaType} image`;
    }
    if (header.width > sideMax || header.height > sideMax) {
      const manyNote = sideMax === imageSidePixelsMaxWhenMany ? " for many-image requests" : "";
      return `${at}.image.source.base64.data: At least one of the image dimensions exceed max allowed size${manyNote}: ${sideMax} pixels`;
    }
  }
  return null;
}

function promptLengthViolation(body: Fields, { promptTokensMax }: RuleLimits): string | null {
  let images = 0;
  const text = JSON.stringify([body["system"], body["tools"], body["messages"]], (_key, value: unknown) => {
    if (!isRecord(value) || value["type"] !== "base64") return value;
    images += 1;
    return null;
  });
  const tokens = Math.ceil(text.length / charactersPerToken) + images * tokensPerImage;
  return tokens > promptTokensMax ? `prompt is too long: ${tokens} tokens > ${promptTokensMax} maximum` : null;
}

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

import { BridgeError } from "../../errors.ts";
import type { AssistantBlock, Message, TextBlock, UserBlock } from "../../turn.ts";
import { arrayAt, type Fields, objectAt, stringAt } from "../check.ts";

/** The most messages that one request may hold. */
export const messagesMax = 10_000;
/** Image types that the Messages API takes. */
const imageTypes: ReadonlySet<string> = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);
const dataUrl = /^data:([a-z]+\/[a-z0-9.+-]+);base64,/iu;
const base64 = /^[A-Za-z0-9+/]+={0,2}$/u;

/** Current models refuse a conversation that ends with the assistant's words, so going on is asked for. */
const continueText = "Go on exactly from where your last message ended. Do not repeat any of it and do not comment on this request.";
/** The Messages API wants the user to begin. */
const beginText = "(The conversation begins with your message.)";

export interface ParsedMessages {
  readonly system: string;
  readonly messages: readonly Message[];
}

/** OpenAI's messages as a system prompt and a conversation in which the roles alternate, the user's first and last. */
export function parseMessages(value: unknown): ParsedMessages {
  if (value === undefined || value === null) throw new BridgeError("missing_field", "messages is required: an array of at least one message.", { param: "messages" });
  const entries = arrayAt(value, "messages");
  if (entries.length === 0) throw new BridgeError("invalid_value", "messages: expected at least one message, got none.", { param: "messages" });
  if (entries.length > messagesMax) {
    throw new BridgeError("invalid_value", `messages: expected at most ${messagesMax} messages, got ${entries.length}.`, { param: "messages" });
  }
  const system: string[] = [];
  const conversation = new Alternation();
  for (const [index, entry] of entries.entries()) {
    const path = `messages[${index}]`;
    const message = objectAt(entry, path);
    const role = stringAt(message["role"], `${path}.role`);
    switch (role) {
      case "system":
      case "developer": {
        const text = textOnly(message["content"], `${path}.content`);
        if (text.trim() !== "") system.push(text);
        break;
      }
      case "user":
        conversation.addUser(userContent(message["content"], `${path}.content`));
        break;
      case "assistant":
        refuseCalls(message, path);
        conversation.addAssistant(assistantContent(message, path));
        break;
      case "tool":
      case "function":
        throw new BridgeError("unsupported_parameter", `${path}.role: function calling is not served yet.`, { param: `${path}.role` });
      default:
        throw new BridgeError("invalid_value", `${path}.role: expected system, developer, user, assistant, tool or function.`, { param: `${path}.role` });
    }
  }
  return { system: system.join("\n\n"), messages: conversation.close() };
}

/** Joins neighbours of the same role: the Messages API alternates, clients do not always. */
class Alternation {
  readonly #messages: Message[] = [];

  addUser(blocks: readonly UserBlock[]): void {
    if (blocks.length === 0) return;
    const last = this.#messages.at(-1);
    if (last?.role === "user") this.#messages[this.#messages.length - 1] = { role: "user", content: [...last.content, ...blocks] };
    else this.#messages.push({ role: "user", content: blocks });
  }

  addAssistant(blocks: readonly AssistantBlock[]): void {
    if (blocks.length === 0) return;
    const last = this.#messages.at(-1);
    if (last === undefined) this.addUser([{ type: "text", text: beginText }]);
    if (last?.role === "assistant") this.#messages[this.#messages.length - 1] = { role: "assistant", content: [...last.content, ...blocks] };
    else this.#messages.push({ role: "assistant", content: blocks });
  }

  close(): readonly Message[] {
    if (this.#messages.length === 0) {
      throw new BridgeError("invalid_value", "messages: expected at least one message with content that is not the system's.", { param: "messages" });
    }
    if (this.#messages.at(-1)?.role === "assistant") this.addUser([{ type: "text", text: continueText }]);
    return this.#messages;
  }
}

/** The Messages API refuses text that is empty or only white space, so it never becomes a block. */
function textBlocks(text: string): TextBlock[] {
  return text.trim() === "" ? [] : [{ type: "text", text }];
}

function userContent(content: unknown, path: string): UserBlock[] {
  if (content === undefined || content === null) return [];
  if (typeof content === "string") return textBlocks(content);
  return parts(content, path).flatMap(([part, partPath]): UserBlock[] => {
    const type = stringAt(part["type"], `${partPath}.type`);
    switch (type) {
      case "text":
        return textBlocks(stringAt(part["text"], `${partPath}.text`));
      case "image_url":
        return [image(part, partPath)];
      default:
        throw unsupportedPart(type, partPath);
    }
  });
}

function assistantContent(message: Fields, path: string): AssistantBlock[] {
  const { content } = message;
  if (content === undefined || content === null) return [];
  if (typeof content === "string") return textBlocks(content);
  return parts(content, `${path}.content`).flatMap(([part, partPath]) => {
    const type = stringAt(part["type"], `${partPath}.type`);
    if (type === "text") return textBlocks(stringAt(part["text"], `${partPath}.text`));
    if (type === "refusal") return textBlocks(stringAt(part["refusal"], `${partPath}.refusal`));
    throw unsupportedPart(type, partPath);
  });
}

function textOnly(content: unknown, path: string): string {
  if (content === undefined || content === null) return "";
  if (typeof content === "string") return content;
  return parts(content, path).map(([part, partPath]) => {
    const type = stringAt(part["type"], `${partPath}.type`);
    if (type !== "text") throw unsupportedPart(type, partPath);
    return stringAt(part["text"], `${partPath}.text`);
  }).join("");
}

function parts(content: unknown, path: string): (readonly [Fields, string])[] {
  if (!Array.isArray(content)) throw new BridgeError("invalid_type", `${path}: expected a string or an array of parts.`, { param: path });
  return content.map((part: unknown, index) => [objectAt(part, `${path}[${index}]`), `${path}[${index}]`] as const);
}

function image(part: Fields, path: string): UserBlock {
  const urlPath = `${path}.image_url.url`;
  const holder = part["image_url"];
  const url = stringAt(typeof holder === "string" ? holder : objectAt(holder, `${path}.image_url`)["url"], urlPath);
  const match = dataUrl.exec(url);
  if (match === null) throw new BridgeError("unsupported_parameter", `${urlPath}: expected a data: URL with base64; other URLs are not fetched yet.`, { param: urlPath });
  const mediaType = (match[1] ?? "").toLowerCase().replace("image/jpg", "image/jpeg");
  if (!imageTypes.has(mediaType)) throw new BridgeError("invalid_value", `${urlPath}: expected a png, jpeg, gif or webp image.`, { param: urlPath });
  const data = url.slice(match[0].length);
  if (!base64.test(data)) throw new BridgeError("invalid_value", `${urlPath}: expected base64 after the comma.`, { param: urlPath });
  return { type: "image", source: { type: "base64", media_type: mediaType, data } };
}

function refuseCalls(message: Fields, path: string): void {
  for (const name of ["tool_calls", "function_call"]) {
    const value = message[name];
    if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) continue;
    throw new BridgeError("unsupported_parameter", `${path}.${name}: function calling is not served yet.`, { param: `${path}.${name}` });
  }
}

function unsupportedPart(type: string, path: string): BridgeError {
  const known = /^[a-z_]{1,32}$/u.test(type) ? ` (${type})` : "";
  return new BridgeError("unsupported_parameter", `${path}.type: this kind of content${known} is not supported here.`, { param: `${path}.type` });
}

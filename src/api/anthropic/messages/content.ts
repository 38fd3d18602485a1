/** Parsers for the content of messages and of calls' results, block by block. */

import { BridgeError } from "../../../errors.ts";
import type {
  AssistantBlock, PromptBlock, ResultPart, SearchResultBlock, TextBlock, ToolUseBlock,
} from "../../../turn/message.ts";
import { arrayAt, type Fields, isAbsent, objectAt, optionalBoolean, stringAt } from "../../check.ts";
import type { PlacedResult, UserContent } from "../../conversation-builder.ts";
import { type AnswerSearches, isSearchBlock } from "../../search-blocks.ts";
import { citationsSetting, documentBlock, imageBlock } from "../../source-blocks.ts";
import { textBlocks } from "../../text-blocks.ts";
import type { ModelNames } from "../../tool-names.ts";

/** What an assistant's content is read with. */
export interface AnswerContext {
  readonly names: ModelNames;
  /**
   * Whether the model may search the web. If not, earlier searches are left out: the API takes them only with the
   * search tool.
   */
  readonly hasSearch: boolean;
  /** The searches of the answer that the content is a part of. */
  readonly searches: AnswerSearches;
}

/** A line that Claude Code sends as a block of its system prompt, and that is no part of the prompt. */
const attribution = /^x-anthropic-billing-header:[^\n]*$/u;

/**
 * Parses a user's content. Throws a BridgeError for a block that a user's message cannot have, as the functions below
 * do.
 */
export function userContent(content: unknown, path: string): UserContent {
  const blocks: PromptBlock[] = [];
  const results: PlacedResult[] = [];
  for (const { block, type, at } of blocksOf(content, path)) {
    switch (type) {
      case "tool_result": results.push(resultIn(block, at)); break;
      case "text": case "image": case "document": case "search_result":
        for (const one of promptBlocks(block, type, at)) blocks.push(one);
        break;
      default: throw unsupportedBlock(type, at, "a user's message");
    }
  }
  return { blocks, results };
}

/**
 * Parses an assistant's content. Thinking that is not signed is left out: the API would refuse it. Of the API's own
 * tools only the search of the web is served here, so blocks of others are refused.
 */
export function assistantContent(content: unknown, path: string, context: AnswerContext): readonly AssistantBlock[] {
  return blocksOf(content, path).flatMap(({ block, type, at }): readonly AssistantBlock[] => {
    switch (type) {
      case "text": return textIn(block, at);
      case "thinking": {
        const { thinking, signature } = block;
        const isSigned = typeof signature === "string" && signature !== "";
        return isSigned ? [{ type, thinking: stringAt(thinking, `${at}.thinking`), signature }] : [];
      }
      case "redacted_thinking": return [{ type, data: stringAt(block["data"], `${at}.data`) }];
      case "tool_use": return [callIn(block, at, context.names)];
      default:
        if (!isSearchBlock(block)) throw unsupportedBlock(type, at, "an assistant's message");
        return context.hasSearch ? [context.searches.take(block, at)] : [];
    }
  });
}

/** Parses the content of a message with the role `system`: one block with all of its text; none where that is blank. */
export function systemMessage(content: unknown, path: string): TextBlock[] {
  return textBlocks(systemTexts(content, path).join(""));
}

/**
 * Parses the system prompt, a block for each of its texts. The line by which Claude Code tells the API which program
 * asks is left out: the CLI here writes its own, and in some versions it is another in each request.
 */
export function systemPrompt(content: unknown, path: string): TextBlock[] {
  if (isAbsent(content)) return [];
  return systemTexts(content, path).filter((text) => !attribution.test(text)).flatMap(textBlocks);
}

function systemTexts(content: unknown, path: string): readonly string[] {
  return blocksOf(content, path).map(({ block, type, at }) => {
    if (type !== "text") throw unsupportedBlock(type, at, "what the system says");
    return stringAt(block["text"], `${at}.text`);
  });
}

interface PlacedBlock { readonly block: Fields; readonly type: string; readonly at: string }

/** The blocks of content, which is a string or a list of blocks. A string, also one in the list, is a text block. */
function blocksOf(content: unknown, path: string): readonly PlacedBlock[] {
  if (isAbsent(content)) {
    throw new BridgeError("missing_field", `${path}: expected a string or an array of blocks.`, { field: path });
  }
  if (typeof content === "string") return [{ block: { text: content }, type: "text", at: path }];
  return arrayAt(content, path).map((value, index) => {
    const at = `${path}[${index}]`;
    if (typeof value === "string") return { block: { text: value }, type: "text", at };
    const block = objectAt(value, at);
    return { block, type: stringAt(block["type"], `${at}.type`), at };
  });
}

function promptBlocks(
  block: Fields, type: "text" | "image" | "document" | "search_result", at: string,
): readonly Exclude<PromptBlock, { type: "container_upload" }>[] {
  switch (type) {
    case "text": return textIn(block, at);
    case "image": return [imageBlock(block, at)];
    case "document": return [documentBlock(block, at)];
    case "search_result": return [searchResult(block, at)];
  }
}

function textIn({ text }: Fields, at: string): TextBlock[] {
  return textBlocks(stringAt(text, `${at}.text`));
}

function searchResult(block: Fields, at: string): SearchResultBlock {
  const [source, title] = [stringAt(block["source"], `${at}.source`), stringAt(block["title"], `${at}.title`)];
  const field = `${at}.content`;
  const content = blocksOf(block["content"], field).flatMap((part) => {
    if (part.type !== "text") throw unsupportedBlock(part.type, part.at, "a search result");
    return textIn(part.block, part.at);
  });
  if (content.length === 0) throw new BridgeError("invalid_value", `${field}: expected text.`, { field });
  return { type: "search_result", source, title, content, ...citationsSetting(block["citations"], `${at}.citations`) };
}

function resultIn(block: Fields, at: string): PlacedResult {
  const path = `${at}.tool_use_id`;
  const content = isAbsent(block["content"]) ? [] : resultContent(block["content"], `${at}.content`);
  const isError = optionalBoolean(block["is_error"], `${at}.is_error`) === true;
  if (isError && content.some(({ type }) => type !== "text")) {
    // The API refuses an image in an error's content, and the CLI would leave it out.
    const field = `${at}.content`;
    throw new BridgeError("invalid_value", `${field}: expected text alone where is_error is true.`, { field });
  }
  return {
    id: stringAt(block["tool_use_id"], path), path, result: isError ? { content, is_error: true } : { content },
  };
}

function resultContent(content: unknown, path: string): readonly ResultPart[] {
  return blocksOf(content, path).flatMap(({ block, type, at }): readonly ResultPart[] => {
    switch (type) {
      case "text": case "image": case "document": case "search_result": return promptBlocks(block, type, at);
      default: throw unsupportedBlock(type, at, "a tool's result");
    }
  });
}

function callIn(block: Fields, at: string, names: ModelNames): ToolUseBlock {
  const name = names.toModel(stringAt(block["name"], `${at}.name`));
  const id = stringAt(block["id"], `${at}.id`);
  return { type: "tool_use", id, name, input: objectAt(block["input"], `${at}.input`) };
}

function unsupportedBlock(type: string, at: string, where: string): BridgeError {
  const shown = /^\w{1,64}$/u.test(type) ? ` (${type})` : "";
  const field = `${at}.type`;
  return new BridgeError(
    "unsupported_parameter", `${field}: a block of this type${shown} is not taken in ${where}.`, { field },
  );
}

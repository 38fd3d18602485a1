/** Blocks of the web search that the API ran for an earlier answer: a call, and behind it what it found. */

import { BridgeError } from "../errors.ts";
import type { AssistantBlock, ServerToolBlock } from "../turn/message.ts";
import { type Fields, isFields } from "./check.ts";
import { webSearchName } from "./web-search.ts";

/** What is wrong with a block: the field at fault, and what was expected in it. */
export interface BlockFault { readonly field: string; readonly expected: string }

/** Whether a block is a call of the web search (by its type and name), or the result of one. */
export function isSearchBlock({ type, name }: Fields): boolean {
  return type === "web_search_tool_result" || (type === "server_tool_use" && name === webSearchName);
}

/** What the Messages API would refuse in a block of a web search; undefined if nothing. */
export function faultOfSearchBlock(block: Fields): BlockFault | undefined {
  if (block["type"] === "server_tool_use") {
    if (!isId(block["id"])) return { field: "id", expected: "the id of the search" };
    return isFields(block["input"]) ? undefined : { field: "input", expected: "an object" };
  }
  if (!isId(block["tool_use_id"])) return { field: "tool_use_id", expected: "the id of the search" };
  const { content } = block;
  return Array.isArray(content) || isFields(content)
    ? undefined
    : { field: "content", expected: "what was found, or an error" };
}

/**
 * The web searches of one answer. The Messages API takes a call only with its result behind it, and a result only
 * behind its call.
 */
export class AnswerSearches {
  readonly #called = new Set<unknown>();
  readonly #open = new Set<unknown>();

  /** Checks the next block of the search. Throws a BridgeError that names the field at fault; `at` is its place. */
  take(block: Fields, at: string): ServerToolBlock {
    const fault = faultOfSearchBlock(block);
    if (fault !== undefined) throw wrong(`${at}.${fault.field}`, `expected ${fault.expected}`);
    // `cache_control` is the client's own mark, not a field that the API gave the block.
    const { cache_control: _mark, ...own } = block;
    if (block["type"] === "server_tool_use") {
      if (this.#called.has(block["id"])) throw wrong(`${at}.id`, "an earlier search of this answer has the same id");
      this.#called.add(block["id"]);
      this.#open.add(block["id"]);
      return { ...own, type: "server_tool_use" };
    }
    if (!this.#open.delete(block["tool_use_id"])) {
      throw wrong(`${at}.tool_use_id`, "this is the result of no search before it that waits for one");
    }
    return { ...own, type: "web_search_tool_result" };
  }

  /** Whether a block is a search without its result: the answer was paused, and the model may search again. */
  isOpen(block: AssistantBlock): boolean {
    return block.type === "server_tool_use" && this.#open.has(block["id"]);
  }
}

function isId(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function wrong(field: string, words: string): BridgeError {
  return new BridgeError("invalid_value", `${field}: ${words}.`, { field });
}

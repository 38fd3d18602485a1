import { decodeJsonText, jsonLatin1, type WireText, wireText } from "../../../json-text.ts";
import type { TurnEvent } from "../../../turn/event.ts";
import type { ServerToolBlock } from "../../../turn/message.ts";
import { isFields } from "../../check.ts";
import type { UrlCitation } from "../citations.ts";
import type { FinishedForms } from "./finished-item.ts";
import type { OpenItem } from "./output.ts";

/** A search that the API has run, with its call and its result as the API gave them. */
export interface MadeSearch { readonly call: ServerToolBlock; readonly result: ServerToolBlock }

/** Pairs the API's searches in an answer with their results. */
export class WebSearches {
  /** The calls without a result, by their ids; each with the JSON of its input so far. */
  readonly #open = new Map<unknown, { readonly block: ServerToolBlock; readonly index: number; input: string }>();

  /** Returns a search when its result has come. */
  take(event: TurnEvent): MadeSearch | undefined {
    if (event.type === "input_json") {
      for (const call of this.#open.values()) if (call.index === event.index) call.input += decodeJsonText(event.text);
      return undefined;
    }
    if (event.type !== "block_start") return undefined;
    const { block, index } = event;
    if (block.type === "server_tool_use") this.#open.set(block["id"], { block, index, input: "" });
    if (block.type !== "web_search_tool_result") return undefined;
    const made = this.#open.get(block["tool_use_id"]);
    this.#open.delete(block["tool_use_id"]);
    return made === undefined ? undefined : { call: withInput(made.block, made.input), result: block };
  }
}

function withInput(block: ServerToolBlock, input: string): ServerToolBlock {
  try {
    return input === "" ? block : { ...block, input: JSON.parse(input) as unknown };
  } catch {
    return block;
  }
}

/** The types of the events between a search's start and its end. All are sent once the result has come. */
export const searchStates = [
  wireText`response.web_search_call.in_progress`, wireText`response.web_search_call.searching`,
  wireText`response.web_search_call.completed`,
];

/** A web search as an output item that begins. */
export function searchBegun(id: WireText): WireText {
  return jsonLatin1({ id: String(id), type: "web_search_call", status: "in_progress" });
}

/**
 * A web search as an output item. The stored form also has the API's blocks: only by them can the model be told of the
 * search again.
 */
export function searchItem(id: WireText, { call, result }: MadeSearch): FinishedForms {
  const query = isFields(call["input"]) && typeof call["input"]["query"] === "string" ? call["input"]["query"] : "";
  // A search that failed has an error in place of the list of what it found.
  const status = Array.isArray(result["content"]) ? "completed" : "failed";
  const action = { type: "search", query, queries: [query] };
  const item = { id: String(id), type: "web_search_call", status, action };
  return { item: jsonLatin1(item), stored: jsonLatin1({ ...item, blocks: [call, result] }) };
}

/** Adds a citation to the open message. Returns the fields of the event that tells the client of it. */
export function noteCitation({ annotations }: OpenItem, citation: UrlCitation, place: WireText): WireText {
  const annotation = jsonLatin1({ type: "url_citation", ...citation });
  const index = annotations.push(annotation) - 1;
  return wireText`${place},"content_index":0,"annotation_index":${index},"annotation":${annotation}`;
}

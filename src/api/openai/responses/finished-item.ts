import { decodeJsonText, encodeJsonText, jsonLatin1, type WireText, wireText } from "../../../json-text.ts";
import type { JsonText } from "../../../turn/event.ts";
import type { ThinkingBlock } from "../../../turn/message.ts";
import type { Fields } from "../../check.ts";
import { customInput } from "../conversation.ts";
import { packedThought } from "../thoughts.ts";
import { callItem, messageItem, type OpenItem, reasoningItem, type Status, summaryPart, textPart } from "./output.ts";

/**
 * An output item whose text is complete, as JSON. `item` is what the client is sent; `stored` also has what only this
 * server needs when a later request names the response, such as a thought's signature.
 */
export interface FinishedForms { readonly item: WireText; readonly stored: WireText }

/** An output item, and the events that repeat its text: each one's type and its fields. */
export interface FinishedItem extends FinishedForms {
  readonly events: readonly (readonly [type: WireText, fields: WireText])[];
}

/** What is needed to finish an output item: its whole text, and the fields that say in its events which item it is. */
interface ItemEnd {
  readonly whole: JsonText;
  readonly place: WireText;
  /** Whether the client asked for `encrypted_content`, by which it can send thoughts back. */
  readonly includesThoughts: boolean;
  /** The signature of the thinking, and the model's id, if the item is stored or sent with them. */
  readonly proof?: Pick<ThinkingBlock, "signature" | "model">;
}

/** Makes the final form of an output item that gets no further text. */
export function finishedItem(open: OpenItem, status: Status, { whole, place, ...thinking }: ItemEnd): FinishedItem {
  switch (open.kind) {
    case "message": {
      const part = textPart(whole, open.annotations);
      return {
        ...alike(messageItem(open.id, status, part)),
        events: [
          [wireText`response.output_text.done`, wireText`${place},"content_index":0,"logprobs":[],"text":"${whole}"`],
          [wireText`response.content_part.done`, wireText`${place},"content_index":0,"part":${part}`],
        ],
      };
    }
    case "reasoning": {
      const part = wireText`${place},"summary_index":0,"part":${summaryPart(whole)}`;
      const { includesThoughts, proof } = thinking;
      const sealed = proof === undefined
        ? undefined
        : packedThought({ type: "thinking", thinking: decodeJsonText(whole), ...proof });
      return {
        item: reasoningItem(open.id, status, summaryPart(whole), includesThoughts ? sealed : undefined),
        stored: reasoningItem(open.id, status, summaryPart(whole), sealed),
        events: [
          [wireText`response.reasoning_summary_text.done`, wireText`${place},"summary_index":0,"text":"${whole}"`],
          [wireText`response.reasoning_summary_part.done`, part],
        ],
      };
    }
    case "function_call":
      return {
        ...alike(callItem(open, status, whole)),
        events: [[wireText`response.function_call_arguments.done`, wireText`${place},"arguments":"${whole}"`]],
      };
    case "tool_search_call":
      return { ...alike(callItem(open, status, objectText(whole))), events: [] };
    case "custom_tool_call": {
      // If the call was truncated inside its JSON, there is no text to extract.
      const input = customText(whole) ?? (status === "incomplete" ? "" as JsonText : whole);
      return {
        ...alike(callItem(open, status, input)),
        events: [
          [wireText`response.custom_tool_call_input.delta`, wireText`${place},"delta":"${input}"`],
          [wireText`response.custom_tool_call_input.done`, wireText`${place},"input":"${input}"`],
        ],
      };
    }
  }
}

/** An item that is stored as it is sent. */
function alike(item: WireText): FinishedForms {
  return { item, stored: item };
}

/** A call's input as a JSON object; `{}` where the call was truncated. */
function objectText(json: JsonText): WireText {
  try {
    return jsonLatin1(JSON.parse(decodeJsonText(json)));
  } catch {
    return wireText`{}`;
  }
}

/** Extracts the free text from a custom tool's JSON input. Undefined if the JSON is incomplete or has no such text. */
function customText(json: JsonText): JsonText | undefined {
  try {
    const input = (JSON.parse(decodeJsonText(json)) as Fields)[customInput];
    return typeof input === "string" ? encodeJsonText(input) : undefined;
  } catch {
    return undefined;
  }
}


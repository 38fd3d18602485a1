import { decodeJsonText, encodeJsonText, jsonLatin1, type WireText, wireText } from "../../../json-text.ts";
import type { JsonText } from "../../../turn/event.ts";
import type { Fields } from "../../check.ts";
import { customInput } from "../conversation.ts";
import { callItem, messageItem, type OpenItem, reasoningItem, type Status, summaryPart, textPart } from "./output.ts";

/** An output item that gets no further delta, and the events that repeat its text: each one's type and its fields. */
export interface FinishedItem {
  readonly item: WireText;
  readonly events: readonly (readonly [type: WireText, fields: WireText])[];
}

/**
 * What is needed to finish an output item: its whole text, and the fields by which an event says that it belongs to the
 * item.
 */
interface ItemEnd {
  readonly whole: JsonText;
  readonly place: WireText;
}

/** Makes the final form of an output item that gets no further text. */
export function finishedItem(open: OpenItem, status: Status, { whole, place }: ItemEnd): FinishedItem {
  switch (open.kind) {
    case "message":
      return {
        item: messageItem(open.id, status, textPart(whole)),
        events: [
          [wireText`response.output_text.done`, wireText`${place},"content_index":0,"logprobs":[],"text":"${whole}"`],
          [wireText`response.content_part.done`, wireText`${place},"content_index":0,"part":${textPart(whole)}`],
        ],
      };
    case "reasoning": {
      const part = wireText`${place},"summary_index":0,"part":${summaryPart(whole)}`;
      return {
        item: reasoningItem(open.id, status, summaryPart(whole)),
        events: [
          [wireText`response.reasoning_summary_text.done`, wireText`${place},"summary_index":0,"text":"${whole}"`],
          [wireText`response.reasoning_summary_part.done`, part],
        ],
      };
    }
    case "function_call":
      return {
        item: callItem(open, status, whole),
        events: [[wireText`response.function_call_arguments.done`, wireText`${place},"arguments":"${whole}"`]],
      };
    case "tool_search_call":
      return { item: callItem(open, status, objectText(whole)), events: [] };
    case "custom_tool_call": {
      // If the call was truncated inside its JSON, there is no text to extract.
      const input = customText(whole) ?? (status === "incomplete" ? "" as JsonText : whole);
      return {
        item: callItem(open, status, input),
        events: [
          [wireText`response.custom_tool_call_input.delta`, wireText`${place},"delta":"${input}"`],
          [wireText`response.custom_tool_call_input.done`, wireText`${place},"input":"${input}"`],
        ],
      };
    }
  }
}

/** The JSON object that a call's input is; an empty one where the call was truncated. */
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


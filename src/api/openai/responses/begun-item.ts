import { HeldText } from "../../../held-text.ts";
import { flatWireText, noText, type WireText, wireText } from "../../../json-text.ts";
import { messageItem, type OpenItem, reasoningItem, summaryPart, textPart } from "./output.ts";

/** A message or reasoning item that begins. */
export interface BegunItem {
  /** The item's text so far, and what each of its delta events repeats. */
  readonly open: OpenItem;
  /** The item as `response.output_item.added` has it: without text. */
  readonly item: WireText;
  /** The event `response.content_part.added`, or `response.reasoning_summary_part.added`, of its only part. */
  readonly part: readonly [type: WireText, fields: WireText];
}

/** Begins an item. `place`: the fields that say in each of its events which item it is, as JSON. */
export function begunItem(kind: "message" | "reasoning", id: WireText, place: WireText): BegunItem {
  const open = { kind, id, text: new HeldText(), annotations: [], callId: noText, name: noText };
  if (kind === "message") {
    return {
      open: { ...open, deltaHead: flatWireText(wireText`,${place},"content_index":0,"logprobs":[],"delta":"`) },
      item: messageItem(id, "in_progress", noText),
      part: [
        wireText`response.content_part.added`, wireText`${place},"content_index":0,"part":${textPart(noText)}`,
      ],
    };
  }
  return {
    open: { ...open, deltaHead: flatWireText(wireText`,${place},"summary_index":0,"delta":"`) },
    item: reasoningItem(id, "in_progress", noText),
    part: [
      wireText`response.reasoning_summary_part.added`,
      wireText`${place},"summary_index":0,"part":${summaryPart(noText)}`,
    ],
  };
}

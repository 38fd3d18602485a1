import { HeldText } from "../../../held-text.ts";
import { flatWireText, noText, type WireText, wireText } from "../../../json-text.ts";
import { messageItem, type OpenItem, reasoningItem, summaryPart, textPart } from "./output.ts";

/** A message or reasoning that begins: what grows, the item without its text, and the event of its only part. */
export interface BegunItem {
  readonly open: OpenItem;
  readonly item: WireText;
  readonly part: readonly [type: WireText, fields: WireText];
}

/** Begins an item; `place` are the fields by which an event says that it belongs to the item. */
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

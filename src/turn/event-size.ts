import type { StartedBlock, TurnEvent } from "./event.ts";

/**
 * How many bytes of the model's answer an event holds. An answer that is gathered whole takes about the sum of these,
 * by which its memory is limited.
 */
export function sizeOf(event: TurnEvent): number {
  switch (event.type) {
    case "text": case "thinking": case "input_json": return event.text.length;
    case "signature": return event.signature.length;
    case "citation": return JSON.stringify(event.citation).length;
    case "other_delta": return JSON.stringify(event.delta).length;
    case "block_start": return startSize(event.block);
    case "accepted": case "retry": case "message_start": case "block_stop": case "message_stop": return 0;
  }
}

function startSize(block: StartedBlock): number {
  switch (block.type) {
    case "text": case "thinking": return 0;
    case "redacted_thinking": return block.data.length;
    case "tool_use": return block.id.length + block.name.length;
    default: return JSON.stringify(block).length;
  }
}

import type { JsonText, TurnEvent } from "../turn.ts";

const head = '{"type":"stream_event","event":{"type":"content_block_delta","index":';
const textHead = ',"delta":{"type":"text_delta","text":"';
const thinkingHead = ',"delta":{"type":"thinking_delta","thinking":"';

const comma = 44;
const backslash = 92;

/**
 * The fast path: a text or thinking delta in the form that the CLI has always written, as an event with its text still
 * escaped; no JSON is parsed. Undefined for every other line, which then takes the slow path and is parsed.
 */
export function parseDeltaLine(line: string): TurnEvent | undefined {
  if (!line.startsWith(head)) return undefined;
  // The index is one or two digits in practice; more than that falls to the slow path.
  let at = head.length + 1;
  if (line.charCodeAt(at) !== comma) at++;
  if (line.startsWith(textHead, at)) return event("text", line, at + textHead.length);
  if (line.startsWith(thinkingHead, at)) return event("thinking", line, at + thinkingHead.length);
  return undefined;
}

function event(type: "text" | "thinking", line: string, start: number): TurnEvent | undefined {
  const end = stringEnd(line, start);
  // An empty text, more keys in the delta, or a cut line: let the parser judge.
  if (end <= start || !line.startsWith('"}}', end)) return undefined;
  return { type, text: line.slice(start, end) as JsonText };
}

/** Where the JSON string whose inside begins at `start` has its closing quote, or -1. */
function stringEnd(line: string, start: number): number {
  let quote = line.indexOf('"', start);
  while (quote !== -1) {
    let before = quote - 1;
    while (before >= start && line.charCodeAt(before) === backslash) before--;
    // An even number of backslashes escapes only itself.
    if ((quote - before) % 2 === 1) return quote;
    quote = line.indexOf('"', quote + 1);
  }
  return -1;
}

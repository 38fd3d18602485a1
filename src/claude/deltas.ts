import type { JsonText } from "../turn.ts";

/** A delta of a content block, with its text still escaped. */
export interface Delta {
  readonly type: "text" | "thinking" | "input_json";
  /** Which block of the message it belongs to. */
  readonly index: number;
  readonly text: JsonText;
}

const head = '{"type":"stream_event","event":{"type":"content_block_delta","index":';
const textHead = ',"delta":{"type":"text_delta","text":"';
const thinkingHead = ',"delta":{"type":"thinking_delta","thinking":"';
const inputHead = ',"delta":{"type":"input_json_delta","partial_json":"';

const comma = 44;
const zero = 48;
const backslash = 92;

/**
 * The fast path: a delta in the form that the CLI has always written, with its text still escaped; no JSON is parsed.
 * Undefined for every other line, which then takes the slow path and is parsed.
 */
export function parseDeltaLine(line: string): Delta | undefined {
  if (!line.startsWith(head)) return undefined;
  // The index is one or two digits in practice; more than that falls to the slow path.
  let at = head.length + 1;
  let index = line.charCodeAt(head.length) - zero;
  if (line.charCodeAt(at) !== comma) index = index * 10 + line.charCodeAt(at++) - zero;
  if (line.startsWith(textHead, at)) return delta("text", index, line, at + textHead.length);
  if (line.startsWith(inputHead, at)) return delta("input_json", index, line, at + inputHead.length);
  if (line.startsWith(thinkingHead, at)) return delta("thinking", index, line, at + thinkingHead.length);
  return undefined;
}

function delta(type: Delta["type"], index: number, line: string, start: number): Delta | undefined {
  const end = stringEnd(line, start);
  // An empty text, more keys in the delta, or a cut line: let the parser judge.
  if (end <= start || !line.startsWith('"}}', end)) return undefined;
  return { type, index, text: line.slice(start, end) as JsonText };
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

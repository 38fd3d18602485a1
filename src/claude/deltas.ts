import type { JsonText, TurnEvent } from "../turn/event.ts";

/** A piece of a content block, its text still escaped; `index` is the block's number in the CLI's message. */
export type Delta = Extract<TurnEvent, { readonly type: "text" | "thinking" | "input_json" }>;

const head = '{"type":"stream_event","event":{"type":"content_block_delta","index":';
const textHead = ',"delta":{"type":"text_delta","text":"';
const thinkingHead = ',"delta":{"type":"thinking_delta","thinking":"';
const inputHead = ',"delta":{"type":"input_json_delta","partial_json":"';

const comma = 44;
const zero = 48;
const backslash = 92;

/** How nearly every line of a text answer begins: a text delta of block 0. */
const commonHead = `${head}0${textHead}`;

/**
 * The fast path: reads a delta line in the form that every CLI version writes, without parsing its JSON. The line
 * stands between `start` and `end` of `text`. Returns undefined for every other line: the slow path parses those.
 */
export function parseDelta(text: string, start = 0, end = text.length): Delta | undefined {
  if (text.startsWith(commonHead, start)) return delta("text", 0, text, start + commonHead.length, end);
  if (!text.startsWith(head, start)) return undefined;
  // The index is one or two digits in practice; a longer one is left to the slow path.
  const indexAt = start + head.length;
  let at = indexAt + 1;
  let index = text.charCodeAt(indexAt) - zero;
  if (text.charCodeAt(at) !== comma) index = index * 10 + text.charCodeAt(at++) - zero;
  if (text.startsWith(textHead, at)) return delta("text", index, text, at + textHead.length, end);
  if (text.startsWith(inputHead, at)) return delta("input_json", index, text, at + inputHead.length, end);
  if (text.startsWith(thinkingHead, at)) return delta("thinking", index, text, at + thinkingHead.length, end);
  return undefined;
}

function delta(type: Delta["type"], index: number, line: string, start: number, lineEnd: number): Delta | undefined {
  const end = stringEnd(line, start);
  // An empty text, more keys in the delta, or an incomplete line: leave it to the slow path.
  if (end <= start || end >= lineEnd || !line.startsWith('"}}', end)) return undefined;
  return { type, index, text: line.slice(start, end) as JsonText };
}

/** Finds the closing quote of the JSON string whose contents begin at `start`. Returns -1 when there is none. */
function stringEnd(line: string, start: number): number {
  let quote = line.indexOf('"', start);
  while (quote !== -1) {
    let before = quote - 1;
    while (before >= start && line.charCodeAt(before) === backslash) before--;
    // An even number of backslashes escape each other, not the quote.
    if ((quote - before) % 2 === 1) return quote;
    quote = line.indexOf('"', quote + 1);
  }
  return -1;
}

#!/bin/sh
":" //; [ "$1" = --version ] && exec echo "2.1.330 (Claude Code, made up for tests)"; exec node "$0" "$@"
/** Answers "a", a raw U+2028, "b", with noise before, between and after: what is not JSON, unknown types, empty lines, CRLF. */
import { sayEvent, sayResult, sayStart, sayStop, serve } from "./protocol.mjs";

const noise = () => process.stdout.write('\n\r\nwarning: {not json}\n{"type":\n[1,2]\n"text"\n{"type":"novelty","event":{"type":"content_block_delta"}}\r\n');

serve({
  onTurn() {
    noise();
    sayStart();
    noise();
    sayEvent({ type: "novel_event" });
    // The same delta on the fast path and off it: another order of keys, blanks between them.
    process.stdout.write('{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a\u2028"}},"session_id":"fake"}\r\n');
    noise();
    process.stdout.write('{ "event": {"delta": {"text": "b\u2029", "type": "text_delta"}, "index": 0, "type": "content_block_delta"}, "type": "stream_event" }\n');
    sayStop("end_turn", 2);
    noise();
    sayResult();
    noise();
  },
});

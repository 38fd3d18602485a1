import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseDeltaLine } from "../../src/claude/deltas.ts";
import { parseLine } from "../../src/claude/protocol.ts";
import { TurnTranslator } from "../../src/claude/translate.ts";
import { decodeJsonText } from "../../src/json-text.ts";
import type { TurnEvent } from "../../src/turn.ts";
import { seededRandom } from "../support/random.ts";
import { loadRecording, recordedVersions, recordingNames } from "../support/recordings.ts";

function decoded(event: TurnEvent | undefined): unknown {
  return event?.type === "text" || event?.type === "thinking" ? { type: event.type, text: decodeJsonText(event.text) } : event;
}

/** What the parser makes of a line: the path that every line may take. */
function slowPath(line: string): TurnEvent | undefined {
  const message = parseLine(line);
  const events: TurnEvent[] = [];
  if (message !== undefined) new TurnTranslator(() => 0).take(message, events);
  return events[0];
}

const latin1 = (text: string): string => Buffer.from(text).toString("latin1");
const deltaLine = (json: string, kind: "text" | "thinking" = "text", index: string | number = 0): string =>
  latin1(`{"type":"stream_event","event":{"type":"content_block_delta","index":${index},"delta":{"type":"${kind}_delta","${kind}":${json}}},"session_id":"s"}`);

describe("the fast path", () => {
  for (const version of recordedVersions) {
    it(`makes of every recorded delta what the parser makes, ${version}`, () => {
      let fast = 0;
      for (const name of recordingNames(version)) {
        for (const line of loadRecording(version, name).claudeLines) {
          const event = parseDeltaLine(line);
          if (event !== undefined) fast++;
          const parsed = slowPath(line);
          const isDelta = parsed?.type === "text" || parsed?.type === "thinking";
          // Nothing that is not a delta takes it, and every text or thinking delta does.
          assert.deepEqual(decoded(event), isDelta && line.includes('"stream_event"') ? decoded(parsed) : undefined, `${name}: ${line}`);
        }
      }
      assert.ok(fast > 50, `${fast} deltas took it`);
    });
  }

  it("ends the text at its own quote, whatever quotes and backslashes are in it", () => {
    // Every text of up to six pieces.
    const pieces = ['"', "\\", "}"];
    let texts = [""];
    for (let length = 1; length <= 6; length++) {
      texts = texts.flatMap((text) => pieces.map((piece) => text + piece));
      for (const text of texts) {
        const event = parseDeltaLine(deltaLine(JSON.stringify(text)));
        assert.deepEqual(decoded(event), { type: "text", text });
      }
    }
  });

  it("agrees with the parser on random text, of both kinds", () => {
    const random = seededRandom(1);
    for (let run = 0; run < 5_000; run++) {
      const text = `x${random.nastyText(12)}`;
      const kind = random.pick(["text", "thinking"] as const);
      const line = deltaLine(JSON.stringify(text), kind, random.below(100));
      assert.deepEqual(decoded(parseDeltaLine(line)), { type: kind, text });
      assert.deepEqual(decoded(slowPath(line)), { type: kind, text });
    }
  });

  it("hands the text on as it was written, escapes and bytes alike", () => {
    const event = parseDeltaLine(deltaLine('"\\u00e9é\\/\\u2028\u2028\\ud83d"'));
    assert.deepEqual(event, { type: "text", text: latin1('\\u00e9é\\/\\u2028\u2028\\ud83d') });
  });

  for (const index of [0, 9, 10, 99]) {
    it(`takes block ${index}`, () => assert.deepEqual(decoded(parseDeltaLine(deltaLine('"a"', "text", index))), { type: "text", text: "a" }));
  }

  const shapes: readonly (readonly [string, string])[] = [
    ["an empty text", deltaLine('""')],
    ["an empty thought", deltaLine('""', "thinking")],
    ["an index of three digits", deltaLine('"a"', "text", 100)],
    ["no index", deltaLine('"a"', "text", "")],
    ["a text that is no string", deltaLine("null")],
    ["a further key in the delta", deltaLine('"a","citations":[]')],
    ["blanks between the keys", deltaLine('"a"').replace('":"', '": "')],
    ["another order of keys", '{"event":{"type":"content_block_delta"},"type":"stream_event"}'],
    ["another kind of delta", latin1('{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{}"}}}')],
    ["a signature", latin1('{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"abc"}}}')],
    ["a text that is cut", deltaLine('"abc"').slice(0, -40)],
    ["a text that ends in an escaped quote", '{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a\\"}}'],
    ["an empty line", ""],
    ["only the head", '{"type":"stream_event","event":{"type":"content_block_delta","index":'],
  ];
  for (const [name, line] of shapes) {
    it(`leaves to the parser: ${name}`, () => assert.equal(parseDeltaLine(line), undefined));
  }
});

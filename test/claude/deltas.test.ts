import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Delta, parseDelta } from "../../src/claude/deltas.ts";
import { parseLine } from "../../src/claude/protocol.ts";
import { decodeJsonText, encodeJsonText } from "../../src/json-text.ts";
import { seededRandom } from "../support/random.ts";
import { loadRecording, recordedVersions, recordingNames } from "../support/recordings.ts";

function decoded(delta: Delta | undefined): unknown {
  return delta === undefined ? undefined : { ...delta, text: decodeJsonText(delta.text) };
}

/** What the parser makes of a line. */
function slowPath(line: string): Delta | undefined {
  const message = parseLine(line) as any;
  if (message?.type !== "stream_event" || message.event.type !== "content_block_delta") return undefined;
  const { index, delta } = message.event;
  const type = kinds.find((kind) => delta.type === `${kind}_delta`);
  const text = type === undefined ? "" : delta[keys[type]];
  return type === undefined || text === "" ? undefined : { type, index, text: encodeJsonText(text) };
}

const latin1 = (text: string): string => Buffer.from(text).toString("latin1");
const kinds = ["text", "thinking", "input_json"] as const;
const keys = { text: "text", thinking: "thinking", input_json: "partial_json" } as const;
const deltaLine = (json: string, kind: Delta["type"] = "text", index: string | number = 0): string =>
  latin1(`{"type":"stream_event","event":{"type":"content_block_delta","index":${index},"delta":{"type":"${kind}_delta","${keys[kind]}":${json}}},"session_id":"s"}`);

describe("the fast path", () => {
  for (const version of recordedVersions) {
    it(`makes of every recorded delta what the parser makes, ${version}`, () => {
      let fast = 0;
      for (const name of recordingNames(version)) {
        for (const line of loadRecording(version, name).claudeLines) {
          const delta = parseDelta(line);
          if (delta !== undefined) fast++;
          // Nothing that is not a delta takes it, and every text, thought and piece of a call does.
          assert.deepEqual(decoded(delta), decoded(slowPath(line)), `${name}: ${line}`);
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
        assert.deepEqual(decoded(parseDelta(deltaLine(JSON.stringify(text)))), { type: "text", index: 0, text });
      }
    }
  });

  it("agrees with the parser on random text, of every kind", () => {
    const random = seededRandom(1);
    for (let run = 0; run < 5_000; run++) {
      const text = `x${random.nastyText(12)}`;
      const type = random.pick(kinds);
      const index = random.below(100);
      const line = deltaLine(JSON.stringify(text), type, index);
      assert.deepEqual(decoded(parseDelta(line)), { type, index, text });
      assert.deepEqual(decoded(slowPath(line)), { type, index, text });
    }
  });

  it("hands the text on as it was written, escapes and bytes alike", () => {
    const delta = parseDelta(deltaLine('"\\u00e9é\\/\\u2028\u2028\\ud83d"'));
    assert.deepEqual(delta, { type: "text", index: 0, text: latin1('\\u00e9é\\/\\u2028\u2028\\ud83d') });
  });

  for (const index of [0, 1, 9, 10, 42, 99]) {
    it(`takes block ${index}`, () => assert.deepEqual(decoded(parseDelta(deltaLine('"a"', "input_json", index))), { type: "input_json", index, text: "a" }));
  }

  const shapes: readonly (readonly [string, string])[] = [
    ["an empty text", deltaLine('""')],
    ["an empty thought", deltaLine('""', "thinking")],
    ["an empty piece of a call", deltaLine('""', "input_json")],
    ["an index of three digits", deltaLine('"a"', "text", 100)],
    ["no index", deltaLine('"a"', "text", "")],
    ["a text that is no string", deltaLine("null")],
    ["a further key in the delta", deltaLine('"a","citations":[]')],
    ["blanks between the keys", deltaLine('"a"').replace('":"', '": "')],
    ["another order of keys", '{"event":{"type":"content_block_delta"},"type":"stream_event"}'],
    ["another kind of delta", latin1('{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"citations_delta","citation":"{}"}}}')],
    ["a signature", latin1('{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"abc"}}}')],
    ["a text that is cut", deltaLine('"abc"').slice(0, -40)],
    ["a text that ends in an escaped quote", '{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a\\"}}'],
    ["an empty line", ""],
    ["only the head", '{"type":"stream_event","event":{"type":"content_block_delta","index":'],
  ];
  for (const [name, line] of shapes) {
    it(`leaves to the parser: ${name}`, () => assert.equal(parseDelta(line), undefined));
  }

  it("finds a line wherever it stands, and nothing beyond its end", () => {
    const line = deltaLine('"a\\"b"');
    const around = `${line}\n${line}\n`;
    for (const start of [0, line.length + 1]) assert.equal(parseDelta(around, start, start + line.length)?.text, 'a\\"b');
    assert.equal(parseDelta(around, 1, line.length), undefined);
    // A cut line, with another behind it that has the end it lacks.
    const cut = line.slice(0, line.indexOf("b"));
    assert.equal(parseDelta(`${cut}\n${line}`, 0, cut.length), undefined);
    assert.equal(parseDelta(`${cut}\n"}}`, 0, cut.length), undefined);
  });
});

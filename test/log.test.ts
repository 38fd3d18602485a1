import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { logLevels } from "../src/config/settings.ts";
import { createLogger } from "../src/log.ts";
import type { LogFields } from "../src/log.ts";

const time = new Date("2026-01-31T12:00:00.000Z");

function lineOf(message: string, fields?: LogFields): string {
  const lines: string[] = [];
  createLogger("info", (line) => lines.push(line), () => time).info(message, fields);
  assert.equal(lines.length, 1);
  return lines[0] ?? "";
}

describe("a log line", () => {
  it("has time, level, message and fields", () => {
    assert.equal(
      lineOf("listening", { host: "127.0.0.1", port: 3456, ready: true }),
      "2026-01-31T12:00:00.000Z info listening host=127.0.0.1 port=3456 ready=true",
    );
  });

  it("takes the time from the clock when none is handed in", () => {
    const lines: string[] = [];
    createLogger("info", (line) => lines.push(line)).info("hello");
    assert.match(lines[0] ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info hello$/);
  });

  it("leaves out fields that are undefined", () => {
    assert.equal(lineOf("m", { a: undefined, b: 0, c: false }), "2026-01-31T12:00:00.000Z info m b=0 c=false");
  });

  it("quotes values that could be taken for something else", () => {
    assert.equal(
      lineOf("m", { empty: "", space: "a b", quote: 'a"b', equals: "a=b", path: "/v1/models", id: "req-1_2" }),
      '2026-01-31T12:00:00.000Z info m empty="" space="a b" quote="a\\"b" equals="a=b" path=/v1/models id=req-1_2',
    );
  });

  it("is never broken, and shows no control character as it is", () => {
    const nasty = Array.from({ length: 0xa0 }, (_, code) => String.fromCharCode(code)).join("") + "\u2028\u2029\u202e\u2066";
    const line = lineOf(`message ${nasty}`, { value: nasty, [`key\n${nasty}`]: "x" });
    assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e\u2066]/);
    assert.ok(lineOf("a\nb\u009bc", { d: "\ne\u007f" }).endsWith(' info a\\u000ab\\u009bc d="\\ne\\u007f"'));
  });

  it("has a limit", () => {
    const line = lineOf("x".repeat(100_000));
    assert.equal(line.length, 8192 + "...".length);
    assert.ok(line.endsWith("..."));
  });
});

describe("a logger's level", () => {
  for (const [index, level] of logLevels.entries()) {
    it(`${level} writes ${index} of 4 levels`, () => {
      const lines: string[] = [];
      const log = createLogger(level, (line) => lines.push(line), () => time);
      log.error("e");
      log.warn("w");
      log.info("i");
      log.debug("d");
      const all = ["error e", "warn w", "info i", "debug d"].map((text) => `2026-01-31T12:00:00.000Z ${text}`);
      assert.deepEqual(lines, all.slice(0, index));
    });
  }
});

describe("a logger", () => {
  for (const [what, write] of [
    ["throws", () => { throw new Error("the disk is full"); }],
    ["rejects", () => Promise.reject(new Error("the disk is full"))],
  ] as const) {
    it(`whose writer ${what} goes on`, async () => {
      const log = createLogger("debug", write);
      for (const level of ["error", "warn", "info", "debug"] as const) log[level]("m");
      // A rejection that nobody handles would fail this test by then.
      await new Promise((resolve) => setImmediate(resolve));
    });
  }
});

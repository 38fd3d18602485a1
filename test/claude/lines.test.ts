import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { describe, it } from "node:test";
import { readLines } from "../../src/claude/lines.ts";

interface Told {
  /** Which of the lines were taken when they were offered. */
  readonly taken: string[];
  /** Decoded. */
  readonly lines: string[];
  /** How many lines had been given at each end of a read. */
  readonly linesAtReadEnds: number[];
  readonly overflows: number;
  readonly destroyed: boolean;
}

/** Feeds the chunks, one read each, and settles at the stream's end or destruction. Lines that `takes` fits are taken when they are offered. */
function read(chunks: readonly (Buffer | string)[], maxBytes?: number, takes = (_line: string): boolean => false): Promise<Told> {
  const stream = new PassThrough();
  const lines: string[] = [];
  const taken: string[] = [];
  const linesAtReadEnds: number[] = [];
  let overflows = 0;
  return new Promise((resolve, reject) => {
    const told = (): void => resolve({ lines, taken, linesAtReadEnds, overflows, destroyed: stream.destroyed });
    readLines(stream, {
      takeInPlace: (whole, start, end) => {
        const line = whole.slice(start, end);
        if (!takes(line)) return false;
        lines.push(line);
        taken.push(line);
        return true;
      },
      onLine: (line) => lines.push(Buffer.from(line, "latin1").toString("utf8")),
      onReadEnd: () => linesAtReadEnds.push(lines.length),
      onFault: reject,
      onOverflow: () => {
        overflows++;
        // By the next turn of the loop all of this read would have been given.
        setImmediate(told);
      },
    }, ...(maxBytes === undefined ? [] : [maxBytes]));
    stream.on("end", () => setImmediate(told)).on("error", reject);
    void (async () => {
      for (const chunk of chunks) {
        stream.write(chunk);
        // Each chunk is a read of its own.
        await new Promise(setImmediate);
      }
      stream.end();
    })();
  });
}

const text = ['{"a":"é日😀"}', "", "\u2028raw\u2029\u0085", "second", "x"];

describe("lines", () => {
  for (const [name, lineEnd] of [["LF", "\n"], ["CRLF", "\r\n"]] as const) {
    it(`are the same at every chunk boundary, with ${name}`, async () => {
      const bytes = Buffer.from(text.map((line) => line + lineEnd).join(""));
      for (let at = 0; at <= bytes.length; at++) {
        const { lines } = await read([bytes.subarray(0, at), bytes.subarray(at)].filter((chunk) => chunk.length > 0));
        assert.deepEqual(lines, text, `cut at ${at}`);
      }
    });
  }

  it("are the same byte by byte", async () => {
    const bytes = Buffer.from(`${text.join("\n")}\n`);
    assert.deepEqual((await read([...bytes].map((byte) => Buffer.of(byte)))).lines, text);
  });

  it("are not broken at U+2028, U+2029 and U+0085, and come byte for byte", async () => {
    const stream = new PassThrough();
    const lines: string[] = [];
    const done = new Promise((resolve) => stream.on("end", resolve));
    readLines(stream, {
      onLine: (line) => lines.push(line), onReadEnd: () => {}, onOverflow: assert.fail, onFault: assert.ifError,
    });
    stream.end(Buffer.from("\u2028é\u2029\u0085\n"));
    await done;
    assert.deepEqual(lines, [Buffer.from("\u2028é\u2029\u0085").toString("latin1")]);
    assert.equal(lines[0]?.length, Buffer.byteLength("\u2028é\u2029\u0085"));
  });

  it("need no line end at the last", async () => {
    assert.deepEqual((await read(["one\ntwo"])).lines, ["one", "two"]);
    assert.deepEqual((await read(["one\r\ntwo\r"])).lines, ["one", "two"]);
  });

  it("are none in an empty stream", async () => {
    assert.deepEqual((await read([])).lines, []);
  });

  it("that are empty are given too", async () => {
    assert.deepEqual((await read(["\n\n", "\r\n", "\n"])).lines, ["", "", "", ""]);
  });
});

describe("the end of a read", () => {
  it("is told after all lines of that read", async () => {
    const { linesAtReadEnds } = await read(["one\ntwo\nthr", "ee", "\nfour\n"]);
    assert.deepEqual(linesAtReadEnds.slice(0, 3), [2, 2, 4]);
  });

  it("is told once more for what had no line end", async () => {
    const { linesAtReadEnds } = await read(["one\ntwo"]);
    assert.deepEqual([linesAtReadEnds[0], linesAtReadEnds.at(-1)], [1, 2]);
  });
});

describe("a line", () => {
  const cap = 10;
  const line = (bytes: number): string => "é".repeat(Math.floor(bytes / 2)) + "x".repeat(bytes % 2);

  for (const [name, chunks] of [
    ["in one read", (bytes: number) => [`${line(bytes)}\n`]],
    ["in two reads", (bytes: number) => [line(bytes).slice(0, 2), `${line(bytes).slice(2)}\nnext\n`]],
    ["that is still unfinished", (bytes: number) => [line(bytes)]],
    ["behind another", (bytes: number) => [`ok\n${line(bytes).slice(0, 3)}`, line(bytes).slice(3)]],
  ] as const) {
    it(`of as many bytes as the cap is given, ${name}`, async () => {
      const told = await read(chunks(cap), cap);
      assert.equal(told.overflows, 0);
      assert.ok(told.lines.includes(line(cap)));
    });

    it(`of one byte more is not given, and ends the reading, ${name}`, async () => {
      const told = await read(chunks(cap + 1), cap);
      assert.equal(told.overflows, 1);
      assert.equal(told.destroyed, true);
      assert.deepEqual(told.lines.filter((given) => given !== "ok"), []);
    });
  }

  it("has a cap of its own: many short ones pass it together", async () => {
    const told = await read(["12345\n", "12345\n123", "45\n12345"], cap);
    assert.deepEqual([told.overflows, told.lines], [0, ["12345", "12345", "12345", "12345"]]);
  });
});

describe("a line that is offered", () => {
  const bytes = "take 1\nother\ntake 2\r\n\ntake 3\nother\n";
  const inOrder = ["take 1", "other", "take 2", "", "take 3", "other"];
  const isTaken = (line: string): boolean => line.startsWith("take ");

  it("may be taken there, and the others come in their places", async () => {
    const { lines, taken, linesAtReadEnds } = await read([bytes], undefined, isTaken);
    assert.deepEqual(taken, ["take 1", "take 2\r", "take 3"]);
    assert.deepEqual(lines.map((line) => line.trimEnd()), inOrder);
    assert.equal(linesAtReadEnds[0], inOrder.length);
  });

  it("is offered once, also where it began in an earlier read", async () => {
    for (let at = 1; at < bytes.length; at++) {
      const offered: string[] = [];
      const note = (line: string): boolean => isTaken(line) || offered.push(line) === 0;
      await read([bytes.slice(0, at), bytes.slice(at)], undefined, note);
      assert.deepEqual(offered.map((line) => line.trimEnd()), inOrder.filter((line) => !isTaken(line)), `cut at ${at}`);
    }
  });

  it("keeps its place wherever reads end, and what began in an earlier read is offered whole", async () => {
    for (let at = 1; at < bytes.length; at++) {
      const { lines, taken } = await read([bytes.slice(0, at), bytes.slice(at)], undefined, isTaken);
      assert.deepEqual(lines.map((line) => line.trimEnd()), inOrder, `cut at ${at}`);
      assert.deepEqual(taken.map((line) => line.trimEnd()), inOrder.filter(isTaken), `cut at ${at}`);
    }
  });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { readBytes, readSse, readStrictSse } from "./sse.ts";

async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const whole = (text: string) => chunks(Buffer.from(text), 1 << 20);

test("events are read alike at every chunk boundary", async () => {
  const wire = Buffer.from('event: a\r\ndata: {"x":"é"}\r\n\r\n: ping\n\ndata:one\ndata: two\n\ndata\r\rdata: 😀\n\ndata: unfinished');
  for (let size = 1; size <= wire.length; size += 1) {
    const seen = [];
    for await (const event of readSse(chunks(wire, size))) seen.push(event);
    assert.deepEqual(seen, [{ data: '{"x":"é"}', event: "a" }, { data: "one\ntwo" }, { data: "" }, { data: "😀" }], `chunks of ${size}`);
  }
});

test("the strict reader takes the exact form and nothing else", async () => {
  assert.deepEqual(await readStrictSse(whole("data: a\n\n: ping\n\ndata: [DONE]\n\n")), { data: ["a", "[DONE]"], comments: ["ping"] });
  assert.deepEqual(await readStrictSse(whole("")), { data: [], comments: [] });
  for (const wire of ["data: a\n", "data:a\n\n", "data: a\r\n\r\n\n\n", "data: a\ndata: b\n\n", "\n\ndata: a\n\n", "event: x\ndata: a\n\n"]) {
    await assert.rejects(readStrictSse(whole(wire)), Error, JSON.stringify(wire));
  }
  await assert.rejects(readStrictSse(chunks(Buffer.from([0xff, 10, 10]), 9)), TypeError);
});

test("bytes are read as they are", async () => {
  assert.deepEqual(await readBytes(new Response("data: é\n\n")), Buffer.from("data: é\n\n"));
  await assert.rejects(readBytes(new Response(null)), /no body/);
});

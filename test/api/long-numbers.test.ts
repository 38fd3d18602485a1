import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseWithLongNumbers, withLongNumbersQuoted } from "../../src/api/long-numbers.ts";

const id = "1234567890123456789";
const fields = { objects: new Set(["input"]), values: new Set(["output"]), schemas: new Set(["tools"]) };

describe("whole numbers that JavaScript would round", () => {
  it("are strings in the data of calls and results, and numbers everywhere else", () => {
    const data = `{"id":${id},"in":[{"id":-${id}}],"short":5,"text":"${id}"}`;
    const body = `{"max":${id},"input":[{"input":${data},"n":${id}},{"output":[${id}]},{"other":${data}}],"tools":[{"properties":{"input":{"maximum":${id}}}}],"messages":[{"content":[{"type":"text","text":"${id}"},{"input":${data}}]}]}`;
    const told = { id, in: [{ id: `-${id}` }], short: 5, text: id };
    const rounded = Number(id);
    assert.deepEqual(parseWithLongNumbers(body, fields), {
      max: rounded, input: [{ input: told, n: rounded }, { output: [id] }, { other: { id: rounded, in: [{ id: -rounded }], short: 5, text: id } }], tools: [{ properties: { input: { maximum: rounded } } }],
      messages: [{ content: [{ type: "text", text: id }, { input: told }] }],
    });
  });

  it("change nothing where there are none, and no fault is taken for another", () => {
    for (const text of ['{"a":1}', `{"input":{"id":"${id}"}}`, '{"input":{"a":0.12345678901234567,"b":1234567890123456800}}', '{"__proto__":{"input":{"a":1}}}']) assert.deepEqual(parseWithLongNumbers(text, fields), JSON.parse(text));
    for (const text of [`{"input":{"id":${id}}`, `{${id}:1}`, ""]) assert.throws(() => parseWithLongNumbers(text, fields), SyntaxError);
  });

  it("are found beside a string that is as long as a body may be", () => {
    const image = "0E123+/9".repeat(1_000_000);
    assert.deepEqual(parseWithLongNumbers(`{"image":"${image}","input":{"id":${id}}}`, fields), { image, input: { id } });
  });

  it("are found outside of strings alone, escapes and all", () => {
    assert.equal(withLongNumbersQuoted(`{"${id}":"\\"${id}","a":[${id},"\\\\",${id}]}`), `{"${id}":"\\"${id}","a":["${id}","\\\\","${id}"]}`);
  });
});

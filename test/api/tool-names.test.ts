import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CallIds } from "../../src/api/call-ids.ts";
import { ToolNames } from "../../src/api/tool-names.ts";
import { seededRandom } from "../support/random.ts";

const fittingName = /^[a-zA-Z0-9_-]{1,128}$/u;
const fittingId = /^[a-zA-Z0-9_-]+$/u;

describe("a tool's name", () => {
  for (const name of ["f", "get_weather", "A-1", "-", "_", "9", "x".repeat(128)]) {
    it(`${name.slice(0, 20)} fits and stays`, () => assert.equal(new ToolNames().toModel(name), name));
  }

  for (const [name, fitting] of [["mcp.search", "mcp_search"], ["a b/c", "a_b_c"], ["é", "_"], ["😀", "_"], ["日本", "__"], ["", "tool"], ["x".repeat(129), "x".repeat(120)], [`${"x".repeat(119)}.${"y".repeat(300)}`, `${"x".repeat(119)}_`]] as const) {
    it(`${JSON.stringify(name.slice(0, 20))} is made to fit`, () => assert.equal(new ToolNames().toModel(name), fitting));
  }

  for (const name of ["ToolSearch", "StructuredOutput", "Agent", "constructor", "toString", "__proto__", "hasOwnProperty"]) {
    it(`${name} is one that the CLI cannot serve, so that the model gets another`, () => {
      const names = new ToolNames();
      assert.deepEqual([names.toModel(name), names.toModel(`${name}_tool`)], [`${name}_tool`, `${name}_tool_2`]);
      assert.deepEqual([`${name}_tool`, `${name}_tool_2`].map((own) => names.toClient(own)), [name, `${name}_tool`]);
    });
  }

  it("goes back to what the client wrote", () => {
    const names = new ToolNames();
    for (const name of ["a.b", "", "é", "plain", "x".repeat(500)]) assert.equal(names.toClient(names.toModel(name)), name);
    assert.equal(names.toClient("made_up"), "made_up");
  });

  it("is always mapped alike, and never to another's", () => {
    const names = new ToolNames();
    const written = ["a.b", "a_b", "a b", "a/b", "a_b_2", "a_b_3"];
    const mapped = written.map((name) => names.toModel(name));
    assert.deepEqual(mapped, ["a_b", "a_b_2", "a_b_3", "a_b_4", "a_b_2_2", "a_b_3_2"]);
    assert.deepEqual(written.map((name) => names.toModel(name)), mapped);
    assert.deepEqual(mapped.map((name) => names.toClient(name)), written);
  });

  it("that is too long keeps its room for a number", () => {
    const names = new ToolNames();
    const long = ["x".repeat(128), `${"x".repeat(120)}.a`, `${"x".repeat(120)}.b`, `${"x".repeat(120)}_2`];
    const mapped = long.map((name) => names.toModel(name));
    assert.equal(new Set(mapped).size, long.length);
    for (const name of mapped) assert.match(name, fittingName);
    assert.deepEqual(mapped.map((name) => names.toClient(name)), long);
  });

  it("whatever it is, fits, is its own, and goes back", () => {
    const random = seededRandom(11);
    for (let run = 0; run < 200; run++) {
      const names = new ToolNames();
      const written = [...new Set(Array.from({ length: 40 }, () => (random.below(3) === 0 ? random.pick(["_", "_2", "__2", "tool", "a.", "a_", "a_2"]) : random.nastyText(random.pick([1, 2, 200])))))];
      const mapped = written.map((name) => names.toModel(name));
      assert.equal(new Set(mapped).size, written.length);
      for (const name of mapped) assert.match(name, fittingName);
      assert.deepEqual(mapped.map((name) => names.toClient(name)), written);
    }
  });

  it("that collides a hundred thousand times is still found at once", () => {
    const names = new ToolNames();
    // Characters that all become the same underscores.
    const written = Array.from({ length: 100_000 }, (_, index) => String.fromCharCode(0x4e00 + (index % 300), 0x4e00 + Math.floor(index / 300)));
    const startMs = performance.now();
    assert.equal(new Set(written.map((name) => names.toModel(name))).size, written.length);
    assert.ok(performance.now() - startMs < 60_000, "not the square of their number");
  });
});

describe("a call's id", () => {
  for (const [id, fitting] of [["call_1", "call_1"], ["x".repeat(256), "x".repeat(256)], ["x".repeat(257), "x".repeat(120)], ["call.1:é", "call_1__"], ["", "call"], ["\n", "_"]] as const) {
    it(`${JSON.stringify(id.slice(0, 20))} is made to fit`, () => assert.equal(new CallIds().claim(id), fitting));
  }

  it("is given once, however often it is claimed", () => {
    const ids = new CallIds();
    assert.deepEqual(["a", "a", "a_2", "a", "a!", "a_"].map((id) => ids.claim(id)), ["a", "a-2", "a_2", "a-3", "a_", "a_-2"]);
  });

  it("whatever it is, fits and is given once", () => {
    const random = seededRandom(12);
    const ids = new CallIds();
    const given = Array.from({ length: 5_000 }, () => ids.claim(random.nastyText(2)));
    assert.equal(new Set(given).size, given.length);
    for (const id of given) assert.match(id, fittingId);
  });

  it("that is the same in every turn is still found at once", () => {
    const ids = new CallIds();
    const startMs = performance.now();
    assert.equal(new Set(Array.from({ length: 100_000 }, () => ids.claim("call_0"))).size, 100_000);
    assert.ok(performance.now() - startMs < 60_000, "not the square of their number");
  });
});

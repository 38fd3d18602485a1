import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StoredResponse } from "../../../../src/api/openai/responses/store.ts";
import { storedBytesMax, storedMax, StoredResponses } from "../../../../src/api/openai/responses/stored.ts";
import { encodeWireText } from "../../../../src/json-text.ts";
import { seededRandom } from "../../../support/random.ts";

type Fields = Readonly<Record<string, unknown>>;

const item = (id: unknown, more: Fields = {}): Fields => ({ type: "message", id, role: "assistant", content: "x", ...more });
const response = (id: string, output: readonly Fields[] = [], body = "{}", input: readonly Fields[] = []): StoredResponse => ({ id, input, output, body: encodeWireText(body) });

const itemsOf = (one: StoredResponse | undefined): readonly Fields[] => [...one?.input ?? [], ...one?.output ?? []];

/** A store that was told of these, in their order. */
function storeOf(...responses: readonly StoredResponse[]): StoredResponses {
  const stored = new StoredResponses();
  for (const one of responses) stored.keep(one);
  return stored;
}

const isThere = (stored: StoredResponses, ...ids: readonly string[]): boolean[] => ids.map((id) => stored.find(id) !== undefined);

describe("a response that is kept", () => {
  it("is found as it was, by its id alone", () => {
    const one = response("resp_1", [item("msg_1")], '{"é":1}');
    const stored = storeOf(one, response("resp_2"));
    assert.equal(stored.find("resp_1"), one);
    assert.deepEqual(["resp_3", "msg_1", "", "constructor", "__proto__"].map((id) => stored.find(id)), [undefined, undefined, undefined, undefined, undefined]);
  });

  it("is gone once it is deleted, and can be deleted once", () => {
    const stored = storeOf(response("resp_1", [item("msg_1")]), response("resp_2", [item("msg_2")]));
    assert.deepEqual([stored.delete("resp_1"), stored.delete("resp_1"), stored.delete("msg_2"), stored.delete("constructor")], [true, false, false, false]);
    assert.deepEqual([stored.find("resp_1"), stored.item("msg_1"), stored.item("msg_2")], [undefined, undefined, item("msg_2")]);
    assert.deepEqual(isThere(stored, "resp_2"), [true]);
  });
});

describe("an item", () => {
  it("is found by its id, where it has one", () => {
    const items = [item("msg_1"), { role: "user", content: "x" }, item(7), item(null), item("constructor"), { type: "function_call", id: "fc_1", call_id: "c" }];
    const stored = storeOf(response("resp_1", items));
    assert.equal(stored.item("msg_1"), items[0]);
    assert.equal(stored.item("fc_1"), items[5]);
    assert.equal(stored.item("constructor"), items[4]);
    for (const id of ["c", "7", "null", "undefined", "resp_1", "__proto__"]) assert.equal(stored.item(id), undefined, id);
  });

  it("that stands in several responses is there while one of them is", () => {
    const shared = item("msg_1");
    const stored = storeOf(response("resp_1", [shared]), response("resp_2", [item("msg_2")], "{}", [shared]), response("resp_3", [item("msg_3")], "{}", [shared, item("msg_2")]));
    for (const [id, left] of [["resp_2", ["msg_1", "msg_2", "msg_3"]], ["resp_1", ["msg_1", "msg_2", "msg_3"]], ["resp_3", []]] as const) {
      stored.delete(id);
      assert.deepEqual(["msg_1", "msg_2", "msg_3"].filter((one) => stored.item(one) !== undefined), left, `after ${id}`);
    }
  });

  it("that a client changed under its id is what was answered, as long as one that has it is there", () => {
    const answered = item("msg_1");
    const stored = storeOf(response("resp_1", [answered]), response("resp_2", [item("msg_2")], "{}", [item("msg_1", { content: "y" })]));
    assert.equal(stored.item("msg_1"), answered);
    stored.delete("resp_1");
    assert.equal(stored.item("msg_1"), answered);
    stored.delete("resp_2");
    assert.equal(stored.item("msg_1"), undefined);
  });

  it("of a client's own id is nobody's to refer to", () => {
    const stored = storeOf(response("resp_1", [item("msg_1")], "{}", [item("mine")]), response("resp_2", [item("msg_2")], "{}", [item("mine", { content: "of another" })]));
    assert.equal(stored.item("mine"), undefined);
    assert.deepEqual(stored.conversation("resp_2")?.map(({ id }) => id), ["mine", "msg_2"]);
  });

  it("that stands in one response twice is gone with it", () => {
    const stored = storeOf(response("resp_1", [item("msg_1"), item("msg_1")]));
    stored.delete("resp_1");
    assert.equal(stored.item("msg_1"), undefined);
  });
});

describe("the bound on responses", () => {
  const many = Array.from({ length: storedMax }, (_, index) => response(`resp_${index}`, [item(`msg_${index}`)]));

  it("is kept to, and no response goes before it", () => {
    const stored = storeOf(...many);
    assert.ok(many.every(({ id }) => stored.find(id) !== undefined));
    stored.keep(response("resp_new"));
    assert.deepEqual(isThere(stored, "resp_0", "resp_1", "resp_new"), [false, true, true]);
    assert.equal(stored.item("msg_0"), undefined);
  });

  it("takes the one that was used least recently", () => {
    const stored = storeOf(...many);
    stored.find("resp_0");
    stored.item("msg_1");
    stored.keep(response("resp_new"));
    // To be found is a use; to be referred to by an item is none.
    assert.deepEqual(isThere(stored, "resp_0", "resp_1", "resp_2"), [true, false, true]);
    stored.keep(response("resp_newer"));
    assert.deepEqual(isThere(stored, "resp_3", "resp_4", "resp_0", "resp_2"), [false, true, true, true]);
  });

  it("counts what was deleted no more", () => {
    const stored = storeOf(...many);
    stored.delete("resp_500");
    stored.keep(response("resp_new"));
    assert.deepEqual(isThere(stored, "resp_0", "resp_new"), [true, true]);
  });
});

describe("the bound on bytes", () => {
  // Beside its text a response of one such item weighs less than a hundredth of a MB.
  const megabyte = 1024 * 1024;
  const bytesOfAChar = 2;
  const heavy = (id: string, megabytes: number): StoredResponse => response(id, [item(`msg_${id}`, { content: "x".repeat((megabytes - 0.01) * megabyte / bytesOfAChar) })]);
  const all = storedBytesMax / megabyte;

  it("is kept to: as many as it takes go, least recently used first", () => {
    const stored = storeOf(heavy("a", all / 4), heavy("b", all / 4), heavy("c", all / 4), heavy("d", all / 4));
    assert.deepEqual(isThere(stored, "d", "c", "b", "a"), [true, true, true, true]);
    stored.keep(heavy("e", all / 2));
    assert.deepEqual(isThere(stored, "a", "b", "c", "d", "e"), [true, true, false, false, true]);
    assert.equal(stored.item("msg_d"), undefined);
  });

  it("counts what was deleted no more", () => {
    const stored = storeOf(heavy("a", all / 2), heavy("b", all / 2));
    stored.delete("a");
    stored.keep(heavy("c", all / 2));
    assert.deepEqual(isThere(stored, "b", "c"), [true, true]);
  });

  it("keeps one that alone weighs as much, and not one that weighs more, for which none goes", () => {
    const stored = storeOf(response("a"), heavy("b", all + 1));
    assert.deepEqual([...isThere(stored, "a", "b"), stored.item("msg_b")], [true, false, undefined]);
    stored.keep(heavy("c", all));
    assert.deepEqual(isThere(stored, "a", "c"), [true, true]);
  });

  const text = "x".repeat(all * megabyte / 2 / bytesOfAChar);
  for (const [where, one] of [
    ["its body", response("b", [], text.repeat(bytesOfAChar))],
    ["what was asked", response("b", [], "{}", [{ role: "user", content: text }])],
    ["an item without an id", response("b", [{ role: "user", content: text }])],
    ["deep inside of an item", response("b", [item("m", { content: [[{ a: { b: [null, text] } }]] })])],
    ["a field's name", response("b", [item("m", { metadata: { [text]: 1 } })])],
    ["many small values", response("b", [item("m", { content: Array.from({ length: all * megabyte / 2 / 64 - 10 }, () => 0) })])],
  ] as const) {
    it(`counts ${where}`, () => {
      const stored = storeOf(heavy("a", all / 2 + 1), one);
      assert.deepEqual(isThere(stored, "a", "b"), [false, true]);
    });
  }

  it("is weighed however deep an item is", () => {
    const deep = JSON.parse(`${"[".repeat(100_000)}${"]".repeat(100_000)}`) as unknown;
    assert.deepEqual(isThere(storeOf(response("a", [item("m", { content: deep })])), "a"), [true]);
  });
});

describe("whatever is kept, found and deleted", () => {
  it("there are the last that were used, and exactly their items", () => {
    const random = seededRandom(7);
    const stored = new StoredResponses();
    /** The same by the plainest means: in the order of their last use. */
    let expected: StoredResponse[] = [];
    for (let step = 0; step < 20_000; step++) {
      const before = random.pick([undefined, ...expected.slice(-5)]);
      switch (random.below(8)) {
        case 0: {
          const gone = random.pick(expected.length === 0 ? [response("none")] : expected).id;
          assert.equal(stored.delete(gone), expected.some(({ id }) => id === gone));
          expected = expected.filter(({ id }) => id !== gone);
          break;
        }
        case 1: case 2: {
          const id = `resp_${random.below(step + 1)}`;
          const found = expected.find((one) => one.id === id);
          assert.equal(stored.find(id), found);
          if (found !== undefined) expected = [...expected.filter((one) => one !== found), found];
          break;
        }
        default: {
          const one = response(`resp_${step}`, [item(`msg_${step}`)], "{}", itemsOf(before).slice(-6));
          stored.keep(one);
          expected = [...expected, one].slice(-storedMax);
        }
      }
    }
    assert.ok(expected.length > storedMax * 0.9, "there are many");
    const ids = new Set(expected.flatMap((one) => itemsOf(one).map(({ id }) => id as string)));
    for (let step = 0; step < 20_000; step++) assert.equal(stored.item(`msg_${step}`) !== undefined, ids.has(`msg_${step}`), `msg_${step}`);
    for (const one of expected) assert.equal(stored.find(one.id), one);
  });
});

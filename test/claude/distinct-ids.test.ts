import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { withDistinctIds } from "../../src/claude/distinct-ids.ts";
import type { Message } from "../../src/turn/message.ts";
import { seededRandom } from "../support/random.ts";
import { assistant, callsOf, resultsOf, user } from "../support/turns.ts";

/** A conversation of calls, each with its result, a list of ids a message. */
const calling = (...ids: readonly (readonly string[])[]): Message[] => [
  user("go"),
  ...ids.flatMap((own) => [callsOf(...own.map((id) => [id, "look"] as const)), resultsOf(...own.map((id) => [id, `of ${id}`] as const))]),
];

const idsIn = (messages: readonly Message[]): string[] =>
  messages.flatMap(({ content }) => content.flatMap((block) => (block.type === "tool_use" ? [block.id] : [])));

const distinct = (...ids: readonly string[]): string[] => idsIn(withDistinctIds(calling(ids)));

describe("the ids of calls, as the CLI is told them", () => {
  it("are the conversation's own, where none is another with a number behind it", () => {
    for (const ids of [[], ["a"], ["a", "b"], ["call_1", "call_2", "call_1_x"], ["toolu_01A", "toolu_01B"]]) {
      const messages = [...calling(ids), assistant("done"), user("thanks")];
      assert.equal(withDistinctIds(messages), messages);
    }
  });

  it("are never another's with a number behind it: CLI 2.1.330 takes the two for one, and loses a result", () => {
    assert.deepEqual(distinct("b", "b_12"), ["b", "b_12-2"]);
    assert.deepEqual(distinct("b_12", "b", "b_3"), ["b_12", "b-2", "b_3"]);
    assert.deepEqual(distinct("call_1", "call_2", "call_1_x", "call_2_0"), ["call_1", "call_2", "call_1_x", "call_2_0-2"]);
    assert.deepEqual(distinct("a", "a-2", "a-3", "a_2_2"), ["a", "a-2", "a-3", "a_2_2"]);
    assert.deepEqual(distinct("a", "a_2", "a_2-2"), ["a", "a_2-2", "a_2-2-2"]);
  });

  it("are the same in a call and in its result, also where an id comes in two messages", () => {
    for (const ids of [[["b", "b_2"], ["c"]], [["b"], ["b_2"], ["b_2"], ["b"]], [["x"], ["x", "x_1"], ["x_1"]]]) {
      const told = withDistinctIds(calling(...ids));
      assert.equal(new Set(idsIn(told)).size, ids.flat().length);
      for (const [index, { content }] of told.entries()) {
        const results = told[index + 1]?.content ?? [];
        const calls = content.flatMap((block) => (block.type === "tool_use" ? [block.id] : []));
        if (calls.length === 0) continue;
        assert.deepEqual(results.map((block) => (block.type === "tool_result" ? block.tool_use_id : "")), calls);
      }
    }
  });

  it("whatever they are, are given once, and none is another's with a number", () => {
    const random = seededRandom(12);
    for (let run = 0; run < 200; run++) {
      const ids = [...new Set(Array.from({ length: 20 }, () => random.pick(["a", "b", "a_2", "a_2-2", "b_1", "b_1_1", "c"]) + random.pick(["", "_1", "_12", "-2"])))];
      const given = distinct(...ids);
      assert.equal(new Set(given).size, ids.length);
      for (const id of given) assert.ok(!given.includes(id.replace(/_\d+$/u, "")) || !/_\d+$/u.test(id), JSON.stringify([ids, given]));
    }
  });
});

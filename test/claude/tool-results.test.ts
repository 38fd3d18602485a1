import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { resultCharsMax, resultsOfLastCalls } from "../../src/claude/tool-results.ts";
import type { Message, ToolResultBlock, UserBlock } from "../../src/turn/message.ts";
import { assistant, callsOf, resultsOf, user } from "../support/turns.ts";

const twoCalls = callsOf(["a", "look"], ["b", "listen"]);
const contents = (messages: readonly Message[]): unknown => resultsOfLastCalls(messages)?.map(({ content }) => content);
const image: UserBlock = { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } };
const withText = (message: Message): Message => ({ role: "user", content: [...message.content as UserBlock[], { type: "text", text: "and?" }] });

/** Whether one result of this content is handed on. */
const isHandedOn = (content: ToolResultBlock["content"]): boolean => resultsOfLastCalls([callsOf(["a", "look"]), resultsOf(["a", content])]) !== undefined;

describe("the results of the last calls", () => {
  it("are in the order of the calls, whatever theirs is", () => {
    assert.deepEqual(contents([user("hi"), twoCalls, resultsOf(["a", "1"], ["b", "2"])]), ["1", "2"]);
    assert.deepEqual(contents([user("hi"), twoCalls, resultsOf(["b", "2"], ["a", "1"])]), ["1", "2"]);
  });

  it("belong to the calls by the ids of the request, which may be the client's own", () => {
    assert.deepEqual(contents([callsOf(["x-2", "look"], ["x-1", "listen"]), resultsOf(["x-1", "second"], ["x-2", "first"])]), ["first", "second"]);
  });

  it("are those of the last two messages alone", () => {
    const earlier = [user("hi"), callsOf(["z", "look"]), resultsOf(["z", "0"])];
    assert.deepEqual(contents([...earlier, twoCalls, resultsOf(["a", "1"], ["b", "2"])]), ["1", "2"]);
    assert.equal(resultsOfLastCalls([...earlier, assistant("done"), user("thanks")]), undefined);
  });

  it("keep whether they are errors", () => {
    assert.deepEqual(resultsOfLastCalls([callsOf(["a", "look"]), resultsOf(["a", "broken", { is_error: true }])]), [{ type: "tool_result", tool_use_id: "a", content: "broken", is_error: true }]);
  });

  const misfits: readonly (readonly [string, readonly Message[]])[] = [
    ["there is no message", []],
    ["there is only the question", [user("hi")]],
    ["there are only results", [resultsOf(["a", "1"])]],
    ["the answer before had no calls", [assistant("hi"), resultsOf(["a", "1"])]],
    ["neither had any", [assistant("hi"), user("ho")]],
    ["the last message has words too", [twoCalls, withText(resultsOf(["a", "1"], ["b", "2"]))]],
    ["the last message is only words", [twoCalls, user("never mind")]],
    ["one is missing", [twoCalls, resultsOf(["a", "1"])]],
    ["there is one too many", [twoCalls, resultsOf(["a", "1"], ["b", "2"], ["c", "3"])]],
    ["one answers no call", [twoCalls, resultsOf(["a", "1"], ["c", "2"])]],
    ["a call is answered twice", [twoCalls, resultsOf(["a", "1"], ["a", "2"])]],
    ["two calls have one id", [callsOf(["a", "look"], ["a", "look"]), resultsOf(["a", "1"], ["a", "2"])]],
    ["the roles are the other way round", [resultsOf(["a", "1"], ["b", "2"]), twoCalls]],
    ["the calls are not in the message before", [twoCalls, user("wait"), resultsOf(["a", "1"], ["b", "2"])]],
    ["one of them is empty", [twoCalls, resultsOf(["a", "1"], ["b", ""])]],
  ];
  for (const [why, messages] of misfits) {
    it(`are none when ${why}`, () => assert.equal(resultsOfLastCalls(messages), undefined));
  }
});

describe("a result", () => {
  it("is handed on up to a length, as one text or in blocks", () => {
    const half = "x".repeat(resultCharsMax / 2);
    assert.deepEqual(["x", half + half, `${half}${half}x`].map(isHandedOn), [true, true, false]);
    assert.equal(isHandedOn([{ type: "text", text: half }, { type: "text", text: half }]), true);
    assert.equal(isHandedOn([{ type: "text", text: half }, { type: "text", text: half }, { type: "text", text: "x" }]), false);
  });

  it("that is empty is not: the CLI would put it into words of its own", () => {
    assert.deepEqual([isHandedOn(""), isHandedOn([])], [false, false]);
  });

  it("that holds an image is not: the CLI might scale it", () => {
    assert.equal(isHandedOn([image]), false);
    assert.equal(isHandedOn([{ type: "text", text: "see" }, image]), false);
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toldMessages } from "../../src/claude/told-messages.ts";
import type { Message, UserBlock } from "../../src/turn/message.ts";
import { assistant, callsOf, user } from "../support/turns.ts";

const goesBackToAnswers = { answerTarget: true };

/** A step of an agent: a call, and its result with or without words behind it. */
function step(number: number, words?: string): Message[] {
  const result: UserBlock = { type: "tool_result", tool_use_id: `c${number}`, content: "r" };
  return [callsOf([`c${number}`, "look", {}]), { role: "user", content: words === undefined ? [result] : [result, { type: "text", text: words }] }];
}

/** The user's messages in short: `r` for a result, `t` for a text. */
function shapesOf(messages: readonly Message[], rewinds = goesBackToAnswers): readonly string[] {
  const users = toldMessages(messages, rewinds).filter(({ role }) => role === "user");
  return users.map(({ content }) => content.map(({ type }) => (type === "tool_result" ? "r" : "t")).join(""));
}

describe("what comes with results", () => {
  it("is a message of its own where the results before it have nothing, as a note may be taken back", () => {
    assert.deepEqual(shapesOf([user("go"), ...step(1, "a")]), ["t", "r", "t"]);
    assert.deepEqual(shapesOf([user("go"), ...step(1), ...step(2, "b")]), ["t", "r", "r", "t"]);
    assert.deepEqual(shapesOf([user("go"), ...step(1, "a"), ...step(2), ...step(3, "c")]), ["t", "r", "t", "r", "r", "t"]);
  });

  it("is told with them where the words before it still stand: the client keeps them", () => {
    assert.deepEqual(shapesOf([user("go"), ...step(1, "a"), ...step(2, "b"), ...step(3, "c")]), ["t", "r", "t", "rt", "rt"]);
    assert.deepEqual(shapesOf([user("go"), ...step(1, "a"), assistant("done"), user("on"), ...step(2, "b")]), ["t", "r", "t", "t", "rt"]);
  });

  it("is a message of its own always where the CLI cannot go back to an answer", () => {
    assert.deepEqual(shapesOf([user("go"), ...step(1, "a"), ...step(2, "b")], { answerTarget: false }), ["t", "r", "t", "r", "t"]);
  });

  it("is told with them where it is blank", () => {
    assert.deepEqual(shapesOf([user("go"), ...step(1, " \n")]), ["t", "rt"]);
  });

  it("is told the same as later messages come: a process goes on with what it was told", () => {
    const whole = [user("go"), ...step(1), ...step(2, "a"), ...step(3, "b"), ...step(4), ...step(5, "c"), ...step(6, "d")];
    const all = toldMessages(whole, goesBackToAnswers);
    for (let end = 1; end < whole.length; end++) {
      const told = toldMessages(whole.slice(0, end), goesBackToAnswers);
      assert.deepEqual(told, all.slice(0, told.length));
    }
  });
});

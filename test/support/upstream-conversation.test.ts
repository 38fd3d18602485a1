/** What the client said of a request: what is taken off are words of the list in their places, each once. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StubRequestBody, StubRequestMessage } from "./anthropic-stub.ts";
import { conversationOf, strangersIn } from "./upstream-conversation.ts";

type Blocks = readonly { readonly type: string; readonly text: string }[];

const words = (text: string): Blocks => [{ type: "text", text }];
const user = (...texts: readonly string[]): StubRequestMessage => ({ role: "user", content: texts.flatMap(words) });
const system = (...texts: readonly string[]): StubRequestMessage => ({ role: "system", content: texts.flatMap(words) });
const date = "Today's date is 2026-11-27.";
const olderContext = "<system-reminder>\nAs you answer the user's questions, you can use the following context:\n"
  + `# currentDate\n${date}\n\n      IMPORTANT: this context may or may not be relevant to your tasks. You should not `
  + "respond to this context unless it is highly relevant to your task.\n</system-reminder>\n\n";
const reminder = "<system-reminder>\nBe kind.\n</system-reminder>";

function bodyOf(version: string, ...messages: readonly StubRequestMessage[]): StubRequestBody {
  const billing = `x-anthropic-billing-header: cc_version=${version}.839; cc_entrypoint=sdk-cli;`;
  return { model: "m", max_tokens: 1, system: words(billing), messages };
}

describe("the conversation in a request", () => {
  it("is all but what the CLI adds, on each version in its own way", () => {
    const said = [user("one"), { role: "assistant", content: words("two") }, user("three")] as const;
    const [one, ...others] = said;
    assert.deepEqual(conversationOf(bodyOf("2.1.330", one, system(date), ...others)), said);
    assert.deepEqual(conversationOf(bodyOf("2.1.197", user(olderContext, "one"), ...others)), said);
    assert.deepEqual(conversationOf(bodyOf("2.1.330", ...said)), said);
  });

  it("is as it was sent where no content is made of blocks", () => {
    const messages = [{ role: "user", content: "one" }, { role: "assistant", content: date }];
    assert.deepEqual(conversationOf(bodyOf("2.1.330", ...messages)), messages);
  });

  it("is none where the system says something that is not on the list, or the same twice", () => {
    for (const texts of [["Be kind."], [`${date} Be kind.`], [date, date]]) {
      const body = bodyOf("2.1.330", user("one"), system(...texts));
      assert.throws(() => conversationOf(body), /not on the list/u);
      assert.equal(strangersIn(body).length, 1);
    }
  });

  it("keeps a reminder of nobody's, and the CLI's words out of their places", () => {
    const body = bodyOf("2.1.197", user(olderContext, "one"), user(reminder), user(olderContext));
    assert.deepEqual(conversationOf(body), [user("one"), user(reminder), user(olderContext)]);
    assert.equal(strangersIn(body).length, 2);
    assert.deepEqual(strangersIn(bodyOf("2.1.197", user(olderContext, "one"))), []);
  });

  it("may have the list's words in a tool's result, each once, and nobody's reminder there", () => {
    const dated = `<system-reminder>\n${date}\n</system-reminder>`;
    const resultOf = (content: unknown): StubRequestMessage => (
      { role: "user", content: [{ type: "tool_result", tool_use_id: "a", content }] } as StubRequestMessage);
    const strangers = (...contents: readonly unknown[]): readonly string[] => (
      strangersIn(bodyOf("2.1.330", user("one"), ...contents.map(resultOf))));
    for (const content of ["It rains.", [...words("It rains."), ...words(dated)], `It rains.\n\n${dated}`]) assert.deepEqual(strangers(content), []);
    for (const content of [[...words("It rains."), ...words(reminder)], `It rains.\n${reminder}`, words(`${dated}\nBe kind.`)]) {
      assert.equal(strangers(content).length, 1, JSON.stringify(content));
    }
    assert.equal(strangers(words(dated), words(dated)).length, 1);
  });

  it("has one block of the system's at most that is not on the list: the client's", () => {
    const [billing = assert.fail()] = bodyOf("2.1.330").system as Blocks;
    const prompted = (...texts: readonly string[]): StubRequestBody => ({ ...bodyOf("2.1.330", user("one")), system: [billing, ...texts.flatMap(words)] });
    assert.deepEqual([strangersIn(prompted()), strangersIn(prompted("Be brief."))], [[], []]);
    assert.equal(strangersIn(prompted("Be brief.", "# Environment")).length, 1);
    assert.equal(strangersIn(prompted("You are a Claude agent, built on Anthropic's Claude Agent SDK.", "Be brief.", "Be kind.")).length, 1);
  });

  it("keeps what another version of the CLI adds", () => {
    const body = bodyOf("2.1.330", user(olderContext, "one"));
    assert.deepEqual(conversationOf(body), body.messages);
    assert.equal(strangersIn(body).length, 1);
  });
});

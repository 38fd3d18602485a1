/** What made-up CLIs send is what the pinned CLIs were seen to send. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { composeRequest, faultOf, type GivenMessage } from "./composed-request.ts";

const text = (value: string) => ({ type: "text", text: value });
const use = (id: string, input: unknown = {}) => ({ type: "tool_use", id, name: "look", input });
const result = (id: string) => ({ type: "tool_result", tool_use_id: id, content: "seen" });
const user = (...content: { readonly type: string }[]): GivenMessage => ({ role: "user", content });
const assistant = (...content: { readonly type: string }[]): GivenMessage => ({ role: "assistant", content });
const tools = [{ name: "look", inputSchema: { type: "object" } }];
const told = (...messages: GivenMessage[]) => ({ model: "claude-sonnet-5-5", system: "Be brief.", tools, messages });
const messagesOf = (...messages: GivenMessage[]): unknown => composeRequest(told(...messages)).body["messages"];

test("a plain conversation goes up as it was told, and nothing is repaired", () => {
  const messages = [user(text("one")), assistant(text(" two \n")), user(text("three "))];
  const { body, repairs } = composeRequest(told(...messages));
  assert.deepEqual(body["messages"], messages);
  assert.deepEqual(repairs, []);
  assert.equal(faultOf(told(...messages)), null);
});

test("consecutive user messages are one, with a line break between two texts and without blank blocks; blank ones of the assistant's stay", () => {
  const merged = messagesOf(
    user(text("one"), text("")),
    user(text("two"), text(" ")),
    assistant(text("x")),
    user(text("y")),
  );
  assert.deepEqual(merged, [user(text("one\n"), text("two")), assistant(text("x")), user(text("y"))]);
  assert.equal(faultOf(told(user(text("a")), assistant(text("b"), text(" ")), user(text("c"))))?.rule, "blank-text");
});

test("what the CLI makes up or leaves out is a fault of who told it", () => {
  const blank = [user(text("a")), assistant(text(" ")), user(text("c"))];
  assert.deepEqual(messagesOf(...blank), [user(text("a\n"), text("c"))]);
  const missing = [user(text("a")), assistant(use("t1"), use("t2")), user(result("t1"))];
  assert.deepEqual(
    (messagesOf(...missing) as { content: { tool_use_id: string }[] }[])[2]?.content.map(
      (block) => block.tool_use_id,
    ),
    ["t2", "t1"],
  );
  const stray = [user(text("a")), assistant(text("b")), user(result("t9"))];
  assert.deepEqual(messagesOf(...stray), [user(text("a")), assistant(text("b")), user(text("(no content)"))]);
  const nothing = [user(text("a")), assistant(), user(text(" "))];
  assert.deepEqual(messagesOf(...nothing), [
    user(text("a")),
    assistant(text("(no content)")),
    user(text("(no content)")),
  ]);
  for (const messages of [blank, missing, stray, nothing])
    assert.equal(faultOf(told(...messages))?.rule, "repaired-by-cli");
});

test("results behind other content are not put first", () => {
  assert.equal(
    faultOf(told(user(text("a")), assistant(use("t1")), user(text("wait"), result("t1"))))?.rule,
    "unanswered-call",
  );
});

test("lone surrogates are U+FFFD in values, and stay in keys", () => {
  assert.deepEqual(messagesOf(user(text("a \ud83d"))), [user(text("a \ufffd"))]);
  const keyed = [user(text("a")), assistant(use("t1", { "k\ud83d": 1 })), user(result("t1"))];
  assert.equal(faultOf(told(...keyed))?.rule, "lone-surrogate");
});

test("thinking is adaptive where the model can, else has a budget below max_tokens", () => {
  const thinking = (model: string, more: object = {}): unknown =>
    composeRequest({ ...told(user(text("a"))), model, ...more }).body["thinking"];
  assert.deepEqual(thinking("claude-sonnet-5-5", { thinkingTokens: 0 }), { type: "adaptive" });
  assert.deepEqual(thinking("claude-haiku-4-5"), { type: "enabled", budget_tokens: 31_999 });
  assert.deepEqual(thinking("claude-haiku-4-5", { outputTokensMax: "4000" }), {
    type: "enabled",
    budget_tokens: 3_999,
  });
  assert.deepEqual(thinking("claude-haiku-4-5", { thinkingTokens: 0 }), { type: "disabled" });
  assert.equal(
    faultOf({ ...told(user(text("a")), assistant(use("t1")), user(result("t1"))), model: "claude-haiku-4-5" })?.rule,
    "tool-loop-thinking",
  );
});

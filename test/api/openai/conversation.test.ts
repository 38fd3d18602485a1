/** What the system says: first, in the middle, between calls and results, and alone. At both endpoints alike. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseMessages } from "../../../src/api/openai/chat-completions/messages.ts";
import { collectItems, parseItems } from "../../../src/api/openai/responses/items.ts";
import { StoredResponses } from "../../../src/api/openai/responses/stored.ts";
import type { ParsedConversation } from "../../../src/api/conversation-builder.ts";
import { ToolNames } from "../../../src/api/tool-names.ts";
import { timelineOf } from "../../../src/engine/history-hash.ts";
import type { Message } from "../../../src/turn/message.ts";
import { assertRefuses, refusalOf } from "../../support/refusal.ts";
import { assistant, callsOf, resultsOf, systemOf, turnOf, user } from "../../support/turns.ts";

type Said = Readonly<Record<string, unknown>>;

/** What a chat request's messages say; what becomes of its session is another test's. */
function chatOf(entries: readonly unknown[], more?: { readonly instructions: string }): ParsedConversation {
  const { system, messages } = parseMessages(entries, new ToolNames(), more);
  return { system, messages };
}

const said = (role: string, content: unknown): Said => ({ role, content });
const marked = (text: string): string => `<system-message>\n${text}\n</system-message>`;
const users = (...texts: string[]): Message => ({ role: "user", content: texts.map((text) => ({ type: "text", text })) });
const together = (...messages: Message[]): Message => ({ role: "user", content: messages.flatMap((message) => (message.role === "user" ? [...message.content] : [])) });
const reply = (words: string) => [["1", [{ type: "text" as const, text: words }]] as const];

const endpoints = {
  chat: {
    read: (...entries: unknown[]): ParsedConversation => chatOf(entries),
    call: { role: "assistant", content: null, tool_calls: [{ id: "1", type: "function", function: { name: "f", arguments: "{}" } }] },
    result: { role: "tool", tool_call_id: "1", content: "r" },
    field: "messages",
  },
  responses: {
    read: (...entries: unknown[]): ParsedConversation => parseItems(collectItems({ input: entries }, new StoredResponses()), "", new ToolNames()),
    call: { type: "function_call", call_id: "1", name: "f", arguments: "{}" },
    result: { type: "function_call_output", call_id: "1", output: "r" },
    field: "input",
  },
} as const;

for (const [endpoint, { read, call, result, field }] of Object.entries(endpoints)) {
  describe(`what the system says, at the endpoint of ${endpoint}`, () => {
    it("first is the system prompt; later it stays in its place, marked", () => {
      const entries = [said("system", "S"), said("user", "a"), said("assistant", "b"), said("system", "reminder"), said("user", "c")];
      assert.deepEqual(read(...entries), { system: systemOf("S"), messages: [user("a"), assistant("b"), users(marked("reminder"), "c")] });
    });

    for (const role of ["system", "developer"]) {
      it(`as ${role} is the prompt as long as nobody else has said anything`, () => {
        assert.deepEqual(read(said("developer", "S"), said("user", ""), said("assistant", null), said(role, "T"), said("user", "a")), { system: systemOf("S", "T"), messages: [user("a")] });
      });

      it(`as ${role} stands before, between and behind the user's words`, () => {
        assert.deepEqual(read(said("user", "a"), said(role, "s"), said("user", "b"), said(role, "t")), { system: [], messages: [users("a", marked("s"), "b", marked("t"))] });
      });
    }

    it("between two answers parts them, and behind the last asks for the next", () => {
      assert.deepEqual(read(said("user", "a"), said("assistant", "b"), said("system", "s"), said("assistant", "c"), said("system", "t")).messages, [user("a"), assistant("b"), user(marked("s")), assistant("c"), user(marked("t"))]);
    });

    it("between a call and its result stands behind the result", () => {
      const expected = [user("a"), callsOf(["1", "f"]), together(resultsOf(...reply("r")), users(marked("s"), marked("t"), "b"))];
      assert.deepEqual(read(said("user", "a"), call, said("system", "s"), said("developer", "t"), result, said("user", "b")).messages, expected);
      assert.deepEqual(read(said("user", "a"), call, said("system", "s"), result, said("system", "t"), said("user", "b")).messages, expected);
    });

    it("in several parts is one text, and nothing where it is blank", () => {
      const { messages } = read(said("user", "a"), said("assistant", "b"), said("system", [{ type: "text", text: "s" }, { type: "text", text: " t" }]), said("developer", " \n"), said("user", "c"));
      assert.deepEqual(messages[2], users(marked("s t"), "c"));
    });

    it("keeps the history's hashes where the client sends the same again, turn after turn", () => {
      const turns: readonly (readonly Said[])[] = [
        [said("system", "S"), said("user", "a")],
        [said("assistant", "b"), said("system", "reminder"), said("user", "c")],
        [said("assistant", "d"), said("user", "e")],
        [call, said("system", "while it runs"), result],
        [said("assistant", "f"), said("system", "reminder"), said("user", "g")],
      ];
      const timelines = turns.map((_, index) => {
        const { system, messages } = read(...turns.slice(0, index + 1).flat());
        return timelineOf(turnOf({ system, messages }));
      });
      for (const [index, { beginning, hashes }] of timelines.entries()) {
        const before = timelines[index - 1];
        if (before === undefined) continue;
        assert.equal(beginning, before.beginning);
        assert.deepEqual(hashes.slice(0, before.hashes.length), before.hashes, `turn ${index}`);
        assert.ok(hashes.length > before.hashes.length);
      }
      const { beginning, hashes } = timelines.at(-1) ?? assert.fail();
      const moved = read(...turns.flat().filter(({ content }) => content !== "while it runs"));
      assert.notDeepEqual(timelineOf(turnOf(moved)), { beginning, hashes });
    });

    for (const [what, entries, expected] of [
      ["one message", [said("system", "Translate: hello.")], { system: [], messages: [user("Translate: hello.")] }],
      ["a developer message", [said("developer", "Greet me.")], { system: [], messages: [user("Greet me.")] }],
      ["two messages", [said("system", "You are terse."), said("system", "Greet me.")], { system: systemOf("You are terse."), messages: [user("Greet me.")] }],
      ["a message beside an empty one of the user's", [said("system", "Greet me."), said("user", "")], { system: [], messages: [user("Greet me.")] }],
      ["a message beside a blank one and nothing", [said("system", "Greet me."), said("user", " "), said("user", null)], { system: [], messages: [user("Greet me.")] }],
    ] as const) {
      it(`alone is asked as the user's message, its last: ${what}`, () => assert.deepEqual(read(...entries), expected));
    }

    it("alone and blank is refused", () => {
      for (const entries of [[said("system", " ")], [said("system", ""), said("user", "")]]) assertRefuses(refusalOf(() => read(...entries)), "invalid_value", field);
    });

    it("before the assistant's greeting stays the system prompt", () => {
      assert.deepEqual(read(said("system", "S"), said("assistant", "Hello!"), said("user", "a")).system, systemOf("S"));
    });
  });
}

describe("instructions", () => {
  const asked = (input: unknown, instructions: string): ParsedConversation => parseItems(collectItems({ input, instructions }, new StoredResponses()), instructions, new ToolNames());

  for (const input of ["", " \n", [], null, undefined, [said("user", "")]]) {
    it(`with the input ${JSON.stringify(input)} are asked as the user's message`, () => assert.deepEqual(asked(input, "Greet me."), { system: [], messages: [user("Greet me.")] }));
  }

  it("stay the system prompt beside another word of the system's", () => {
    assert.deepEqual(asked([said("developer", "Greet me.")], "You are terse."), { system: systemOf("You are terse."), messages: [user("Greet me.")] });
    assert.deepEqual(asked("hi", "You are terse."), { system: systemOf("You are terse."), messages: [user("hi")] });
  });

  it("of a chat request come before its system messages", () => {
    assert.deepEqual(chatOf([said("system", "T"), said("user", "a")], { instructions: "S" }), { system: systemOf("S", "T"), messages: [user("a")] });
  });

  it("that are blank are none", () => assertRefuses(refusalOf(() => asked("", " ")), "invalid_value", "input"));
});

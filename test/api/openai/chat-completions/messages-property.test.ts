/** What holds for any mixture of roles and contents, made by a grammar: what goes up is what the Messages API takes. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseMessages } from "../../../../src/api/openai/chat-completions/messages.ts";
import { parseTools } from "../../../../src/api/openai/chat-completions/tools.ts";
import { ToolNames } from "../../../../src/api/tool-names.ts";
import { laterSystemTexts } from "../../../../src/own-words.ts";
import type { Message } from "../../../../src/turn/message.ts";
import { chatGrammar } from "../../../support/chat-grammar.ts";
import { seededRandom } from "../../../support/random.ts";
import { faultOf } from "../../../support/composed-request.ts";
import { sampleOf } from "../../../support/sample.ts";
import { joinedSystem } from "../../../support/turns.ts";

const runs = sampleOf({ what: "histories", small: 100, large: 5_000, whole: 10_000 });

function assertWellFormed(messages: readonly Message[]): void {
  assert.equal(messages[0]?.role, "user");
  assert.equal(messages.at(-1)?.role, "user");
  const used = new Set<string>();
  for (const [index, message] of messages.entries()) {
    assert.equal(message.role, index % 2 === 0 ? "user" : "assistant");
    assert.ok(message.content.length > 0, "no message is empty");
    for (const block of message.content) {
      if (block.type === "text") assert.notEqual(block.text.trim(), "");
      if (block.type === "tool_result" && typeof block.content !== "string") for (const part of block.content) if (part.type === "text") assert.notEqual(part.text.trim(), "");
    }
    const uses = message.role === "assistant" ? message.content.flatMap((block) => (block.type === "tool_use" ? [block] : [])) : [];
    for (const { id, name } of uses) {
      assert.match(id, /^[a-zA-Z0-9_-]+$/u);
      assert.match(name, /^[a-zA-Z0-9_-]{1,128}$/u);
      assert.ok(!used.has(id), "ids are unique");
      used.add(id);
    }
    if (uses.length === 0) continue;
    const answers = messages[index + 1]?.content.slice(0, uses.length).map((block) => (block.type === "tool_result" ? block.tool_use_id : block.type));
    assert.deepEqual(answers, uses.map(({ id }) => id), "every call is answered right after, in its order");
  }
  const results = messages.flatMap(({ content }) => content.filter((block) => block.type === "tool_result"));
  assert.equal(results.length, used.size, "and no result is without its call");
}

describe("any mixture of roles and contents", () => {
  it(`gives a conversation that the Messages API takes (${runs} of them)`, () => {
    const random = seededRandom(2024);
    const grammar = chatGrammar(random);
    let withCalls = 0;
    for (let run = 0; run < runs; run++) {
      const sent = grammar.history();
      const names = new ToolNames();
      try {
        const { system, messages } = parseMessages(sent, names);
        assertWellFormed(messages);
        const { tools } = parseTools({ tools: grammar.tools(), tool_choice: random.pick(["auto", "none", null]) }, messages, names);
        assert.equal(faultOf({ model: "claude-test", system: joinedSystem(system), messages, tools }), null);
        if (messages.some(({ content }) => content.some(({ type }) => type === "tool_use"))) withCalls += 1;
      } catch (error) {
        throw new Error(`run ${run}: ${JSON.stringify(sent)}`, { cause: error });
      }
    }
    assert.ok(withCalls > runs / 4, "the grammar makes calls");
  });

  it("says every word of the client's, in its order", () => {
    const grammar = chatGrammar(seededRandom(2025));
    const rawTextsOf = (content: unknown): string[] => (typeof content === "string" ? [content] : Array.isArray(content) ? content.flatMap((part) => (typeof part === "string" ? [part] : typeof part.text === "string" ? [part.text] : typeof part.refusal === "string" ? [part.refusal] : [])) : []);
    const isSeen = (text: string): boolean => text.trim() !== "";
    const textsOf = (content: unknown): string[] => rawTextsOf(content).filter(isSeen);
    const [before, behind] = laterSystemTexts;
    for (let run = 0; run < runs; run++) {
      const sent = grammar.history();
      const { system, messages } = parseMessages(sent, new ToolNames());
      const words = (role: string): string[] => messages.filter((message) => message.role === role).flatMap(({ content }) => content.flatMap((block) => (block.type === "text" ? [block.text] : [])));
      const wrote = (role: string): string[] => sent.filter((message) => message["role"] === role).flatMap(({ content }) => textsOf(content));
      assert.deepEqual(words("assistant"), wrote("assistant"));
      const own = words("user").filter((text) => !/^\(The conversation begins|^Go on exactly/u.test(text));
      const isMarked = (text: string): boolean => text.startsWith(before) && text.endsWith(behind);
      assert.deepEqual(own.filter((text) => !isMarked(text)), wrote("user"));
      const later = own.filter(isMarked).map((text) => text.slice(before.length, -behind.length));
      const systemSaid = sent.filter(({ role }) => role === "system" || role === "developer").map(({ content }) => rawTextsOf(content).join(""));
      assert.deepEqual([...system.map(({ text }) => text), ...later], systemSaid.filter(isSeen));
    }
  });
});

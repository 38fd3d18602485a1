import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseMessagesRequest } from "../../../../src/api/anthropic/messages/request.ts";
import { beginText, continueText, laterSystemTexts } from "../../../../src/own-words.ts";
import { oddMessagesRequests, pdf, png } from "../../../support/odd-messages-requests.ts";
import { refusalOf } from "../../../support/refusal.ts";

type Fields = Readonly<Record<string, unknown>>;

const hi = { role: "user", content: "hi" };
const parse = (more: Fields, allowsWebSearch = false) => parseMessagesRequest({ model: "opus", max_tokens: 4_096, messages: [hi], ...more }, { defaultModel: "default-model", allowsWebSearch });
const turnOf = (more: Fields, allowsWebSearch = false) => parse(more, allowsWebSearch).turn;
const messagesOf = (...messages: unknown[]) => turnOf({ messages }).messages;
const text = (words: string) => ({ type: "text", text: words });
const call = { type: "tool_use", id: "toolu_1", name: "look", input: { at: "é" } };
const result = (content: unknown, more: object = {}) => ({ type: "tool_result", tool_use_id: "toolu_1", content, ...more });
const schema = { type: "object", properties: { at: { type: "string" } }, required: ["at"], additionalProperties: false };

describe("what a request for a message says", () => {
  it("of itself: the model, whether to stream, and that the model does not think unasked", () => {
    const { model, stream, unsaidThinking, turn } = parse({ model: null });
    assert.deepEqual([model, stream, unsaidThinking, turn.thinking, turn.maxTokens], ["default-model", false, { type: "disabled" }, undefined, 4_096]);
    assert.deepEqual([parse({ model: "sonnet", stream: true }).model, parse({ stream: true }).stream], ["sonnet", true]);
  });

  it("as its system prompt is a string or blocks, marks of the cache left out", () => {
    assert.deepEqual(turnOf({ system: "Be brief." }).system, [text("Be brief.")]);
    assert.deepEqual(turnOf({ system: [text("One."), { ...text("Two."), cache_control: { type: "ephemeral", ttl: "1h" } }, text(" ")] }).system, [text("One."), text("Two.")]);
    assert.deepEqual(turnOf({ system: null }).system, []);
  });

  it("as its system prompt is without Claude Code's line about itself, which may be another in each request", () => {
    const line = (cch: string) => text(`x-anthropic-billing-header: cc_version=2.1.330.abc; cc_entrypoint=cli; cch=${cch};`);
    const turns = ["a1b2c", "d3e4f"].map((cch) => turnOf({ system: [line(cch), text("Be brief.")] }));
    assert.deepEqual(turns[0]?.system, [text("Be brief.")]);
    assert.deepEqual(turns[1], turns[0]);
    for (const said of ["x-anthropic-billing-header: of what?\nSay.", "What is x-anthropic-billing-header: a?"]) assert.deepEqual(turnOf({ system: [text(said)] }).system, [text(said)], said);
    assert.equal(turnOf({ messages: [{ role: "user", content: [line("a")] }] }).messages[0]?.content.length, 1, "in a user's message it is the user's");
  });

  it("in a message of the system's is its prompt where it leads, and else stays in its place, marked", () => {
    const system = (content: unknown) => ({ role: "system", content });
    const { system: prompt, messages } = turnOf({ system: "One.", messages: [system("Two."), hi, { role: "assistant", content: "Yes." }, system([text("Later"), text(".")]), hi] });
    assert.deepEqual(prompt, [text("One."), text("Two.")]);
    assert.deepEqual(messages, [{ role: "user", content: [text("hi")] }, { role: "assistant", content: [text("Yes.")] }, { role: "user", content: [text(laterSystemTexts.join("Later.")), text("hi")] }]);
    assert.deepEqual(messagesOf(system("Be brief."), system("Say hi.")), [{ role: "user", content: [text("Say hi.")] }]);
    const behindCall = messagesOf(hi, { role: "assistant", content: [call] }, system("Later."), { role: "user", content: [result("wet")] });
    assert.deepEqual(behindCall.at(-1)?.content.map(({ type }) => type), ["tool_result", "text"]);
  });

  it("in neighbouring messages of one role is one message, the user's first and last", () => {
    const said = { role: "assistant", content: "Yes." };
    assert.deepEqual(messagesOf(said, said).map(({ role, content }) => [role, ...content.map((block) => ("text" in block ? block.text : block.type))]), [
      ["user", beginText], ["assistant", "Yes.", "Yes."], ["user", continueText],
    ]);
  });

  it("with images and documents, by base64 and URL, in messages and in results", () => {
    const image = { type: "image", source: { type: "base64", media_type: "image/jpeg", data: png } };
    const byUrl = (path: string) => ({ type: "image", source: { type: "url", url: "https://example.com/a.png", path } });
    const remote = { type: "image", source: { type: "url", url: "https://example.com/a.png" } };
    const served = { type: "image", source: { type: "base64", media_type: "image/png", data: png } };
    const documents = [
      { type: "document", source: { type: "base64", media_type: "application/pdf", data: pdf }, title: "T", context: "C", citations: { enabled: true } },
      { type: "document", source: { type: "url", url: "https://example.com/a.pdf" } },
      { type: "document", source: { type: "text", media_type: "text/plain", data: "words" } },
    ];
    const blocks = { type: "document", source: { type: "content", content: [text("a"), remote] } };
    const found = { type: "search_result", source: "s", title: "t", content: [text("c")], citations: { enabled: false } };
    const [message] = messagesOf({ role: "user", content: [image, remote, ...documents, blocks, found] });
    assert.deepEqual(message?.content, [
      served, byUrl("messages[0].content[1].source.url"), ...documents,
      { type: "document", source: { type: "content", content: [text("a"), byUrl("messages[0].content[5].source.content[1].source.url")] } }, found,
    ]);
    const [, , answered] = messagesOf(hi, { role: "assistant", content: [call] }, { role: "user", content: [result([text("wet"), image, documents[0]])] });
    assert.deepEqual(answered?.content, [result([text("wet"), served, documents[0]])]);
  });

  it("of a result is the same as a string, as a block, or empty", () => {
    const resultIn = (content: unknown, more?: object) => messagesOf(hi, { role: "assistant", content: [call] }, { role: "user", content: [result(content, more)] }).at(-1)?.content[0];
    assert.deepEqual(resultIn("wet"), resultIn([text("wet")], { is_error: false }));
    assert.deepEqual(resultIn("wet", { is_error: true }), result([text("wet")], { is_error: true }));
    for (const none of ["", null, undefined, []]) assert.deepEqual(resultIn(none), { type: "tool_result", tool_use_id: "toolu_1", content: [] });
  });

  it("beside its results, which may come in several messages, is told behind them, as the API wants it", () => {
    const second = { ...call, id: "toolu_2" };
    const answers = [{ role: "user", content: [{ ...result("b"), tool_use_id: "toolu_2" }] }, { role: "user", content: [text("so"), result("a")] }];
    const content = messagesOf(hi, { role: "assistant", content: [call, second] }, ...answers).at(-1)?.content;
    assert.deepEqual(content, [result([text("a")]), { ...result([text("b")]), tool_use_id: "toolu_2" }, text("so")]);
  });

  it("of earlier thoughts is told where they are signed and not the end of an answer", () => {
    const signed = { type: "thinking", thinking: "hm", signature: "Eq+/=" };
    const hidden = { type: "redacted_thinking", data: "x" };
    const content = [signed, { type: "thinking", thinking: "unsigned", signature: "" }, hidden, text("Yes."), signed];
    assert.deepEqual(messagesOf(hi, { role: "assistant", content }, hi)[1]?.content, [signed, hidden, text("Yes.")]);
    assert.equal(messagesOf(hi, { role: "assistant", content: [signed] }, hi).length, 1);
  });

  it("of an earlier search is told where the model may search, without marks of the cache", () => {
    const searched = [{ type: "server_tool_use", id: "s1", name: "web_search", input: { query: "q" } }, { type: "web_search_tool_result", tool_use_id: "s1", content: [] }];
    const history = [hi, { role: "assistant", content: [searched[0], { ...searched[1], cache_control: { type: "ephemeral" } }, { ...text("Yes."), citations: [{ url: "u" }] }] }, hi];
    const tools = [{ type: "web_search_20250305", name: "web_search" }];
    assert.deepEqual(turnOf({ messages: history, tools }, true).messages[1]?.content, [...searched, text("Yes.")]);
    assert.deepEqual(turnOf({ messages: history }, true).messages[1]?.content, [text("Yes.")]);
    assert.deepEqual(turnOf({ messages: history, tools, tool_choice: { type: "none" } }, true).messages[1]?.content, [text("Yes.")]);
  });

  const searching = { tools: [{ type: "web_search_20250305", name: "web_search" }] };
  const searched = (id: string) => ({ type: "server_tool_use", id, name: "web_search", input: { query: "q" } });
  const found = (id: string, content: unknown = []) => ({ type: "web_search_tool_result", tool_use_id: id, content });
  const saidIn = (...messages: (readonly unknown[])[]) => turnOf({ ...searching, messages: [hi, ...messages.map((content) => ({ role: "assistant", content }))] }, true).messages;

  it("of a search whose answer was paused is left out where it has no result, and told where the next message brings that", () => {
    const [, answer, goOn] = saidIn([text("I look."), searched("s1"), found("s1"), searched("s2")]);
    assert.deepEqual(answer?.content, [text("I look."), searched("s1"), found("s1")]);
    assert.deepEqual(goOn?.content, [text(continueText)]);
    assert.deepEqual(saidIn([text("I look."), searched("s1")], [found("s1", { type: "web_search_tool_result_error", error_code: "unavailable" }), text("No.")])[1]?.content.map(({ type }) => type), ["text", "server_tool_use", "web_search_tool_result", "text"]);
    assert.equal(saidIn([searched("s1")]).length, 1, "nothing is left of it");
  });

  for (const [what, field, content] of [
    ["without an id", "messages[1].content[0].id", [{ ...searched("s1"), id: undefined }, found("s1")]], ["without an input", "messages[1].content[0].input", [{ ...searched("s1"), input: null }, found("s1")]],
    ["twice with one id", "messages[1].content[2].id", [searched("s1"), found("s1"), searched("s1")]], ["whose result comes twice", "messages[1].content[2].tool_use_id", [searched("s1"), found("s1"), found("s1")]],
    ["that only has a result", "messages[1].content[0].tool_use_id", [found("s1")]], ["whose result names none", "messages[1].content[1].tool_use_id", [searched("s1"), { ...found("s1"), tool_use_id: 1 }]],
    ["whose result is missing", "messages[1].content[1].content", [searched("s1"), found("s1", null)]],
    ["of another tool of Anthropic's", "messages[1].content[0].type", [{ ...searched("s1"), name: "web_fetch" }]], ["of a page that was fetched", "messages[1].content[0].type", [{ type: "web_fetch_tool_result", tool_use_id: "s1", content: {} }]],
  ] as const) {
    it(`of a search is refused by its place: one ${what}`, () => assert.equal(refusalOf(() => saidIn(content)).field, field));
  }
});

describe("the tools of a request for a message", () => {
  const tool = { name: "look", description: "Looks.", input_schema: schema };

  it("are served with their schema as it is, and strict ones as the API compiles them", () => {
    const [served, strict] = turnOf({ tools: [tool, { ...tool, name: "see", type: "custom", strict: true }] }).tools;
    assert.deepEqual(served, { name: "look", description: "Looks.", inputSchema: schema, source: { name: "look", path: "tools[0]" } });
    assert.deepEqual([strict?.name, strict?.strictSchema], ["see", schema]);
  });

  for (const [choice, toolChoice, once] of [
    [undefined, { type: "auto" }, false], [{ type: "auto", disable_parallel_tool_use: true }, { type: "auto" }, true], [{ type: "any" }, { type: "any" }, false],
    [{ type: "tool", name: "look", disable_parallel_tool_use: false }, { type: "tool", name: "look" }, false], [{ type: "none" }, { type: "none" }, false], ["any", { type: "any" }, false],
  ] as const) {
    it(`may be called as tool_choice says: ${JSON.stringify(choice)}`, () => {
      const turn = turnOf({ tools: [tool], tool_choice: choice });
      assert.deepEqual([turn.toolChoice, turn.disableParallelToolUse], [toolChoice, once]);
    });
  }

  it("are the search of the web too, where the server allows it, whatever its version", () => {
    for (const type of ["web_search_20250305", "web_search_20260209"]) {
      const search = { type, name: "web_search", max_uses: 3, blocked_domains: ["example.com"], user_location: { type: "approximate", city: "Bern", country: "CH" }, cache_control: { type: "ephemeral" } };
      const turn = turnOf({ tools: [tool, search] }, true);
      assert.deepEqual([turn.webSearch, turn.tools.map(({ name }) => name)], [{ maxUses: 3, blockedDomains: ["example.com"], userLocation: { city: "Bern", country: "CH" } }, ["look"]]);
      assert.equal(turnOf({ tools: [search], tool_choice: { type: "none" } }, true).webSearch, undefined);
    }
    assert.deepEqual(turnOf({ tools: [{ type: "web_search_20250305", allowed_domains: ["a.example"] }] }, true).webSearch, { allowedDomains: ["a.example"] });
    const bounded = { type: "web_search_20250305", allowed_domains: ["a.example"], blocked_domains: ["b.example"] };
    assert.equal(refusalOf(() => turnOf({ tools: [bounded] }, true)).field, "tools[0].blocked_domains", "the API takes one of the two");
    assert.equal(refusalOf(() => turnOf({ tools: [{ type: "web_search_20250305" }, tool, { type: "web_search_20260209", max_uses: 1 }] }, true)).field, "tools[2]");
    const alone = { tools: [{ type: "web_search_20250305", name: "web_search" }] };
    for (const tool_choice of [{ type: "tool", name: "web_search" }, { type: "any" }]) assert.deepEqual(turnOf({ ...alone, tool_choice }, true).toolChoice, { type: "tool", name: "web_search" }, "it may be demanded");
  });

  it("have names in a history that needs none of them", () => {
    const { tools, toolChoice } = turnOf({ messages: [hi, { role: "assistant", content: [call] }, { role: "user", content: [result("wet")] }] });
    assert.deepEqual([tools.map(({ name }) => name), toolChoice], [["look"], { type: "none" }]);
  });
});

describe("the settings of a request for a message", () => {
  it("are how it thinks, with which effort, in which form it answers, and where it stops", () => {
    assert.deepEqual(turnOf({ thinking: { type: "enabled", budget_tokens: 2_048 } }).thinking, { type: "enabled", budgetTokens: 2_048 });
    for (const display of ["summarized", "omitted"]) {
      assert.deepEqual(turnOf({ thinking: { type: "adaptive", display } }).thinking, { type: "adaptive", display });
      assert.deepEqual(turnOf({ thinking: { type: "enabled", budget_tokens: 2_048, display } }).thinking, { type: "enabled", budgetTokens: 2_048, display });
      assert.deepEqual(turnOf({ thinking: { type: "disabled", display } }).thinking, { type: "disabled" });
    }
    assert.deepEqual(turnOf({ thinking: { type: "adaptive", display: null } }).thinking, { type: "adaptive" });
    const { effort, responseSchema, outputFormat, stopSequences, sampling } = turnOf({
      output_config: { effort: "xhigh", format: { type: "json_schema", schema } }, stop_sequences: ["END", "", "\n"], temperature: 0, top_p: 0.9, top_k: 5,
    });
    assert.deepEqual([effort, responseSchema, outputFormat, stopSequences, sampling], ["xhigh", schema, schema, ["END", "\n"], { temperature: 0, topP: 0.9, topK: 5 }]);
    assert.deepEqual(turnOf({ temperature: 1, top_p: 1 }).sampling, undefined);
  });
});

describe("a request in a thread", () => {
  it("is taken where it has all of it, and else is not found: it would be asked without what came before", () => {
    assert.deepEqual(turnOf({ thread: { type: "create" } }), turnOf({}));
    const error = refusalOf(() => parse({ thread: { type: "continue", previous_message_id: "msg_1" } }));
    assert.deepEqual([error.code, error.field], ["not_found", "thread"]);
  });
});

describe("a field of a request for a message that is wrong is refused by its name", () => {
  for (const [what, body, field] of oddMessagesRequests) {
    it(what, () => {
      const error = refusalOf(() => parseMessagesRequest(body, { defaultModel: "default-model", allowsWebSearch: false }));
      assert.equal(error.field, field);
      assert.ok(error.message.startsWith(field), error.message);
      assert.ok(error.message.length < 300, error.message);
    });
  }
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { beginningHash, commonLength, extended, nextHash, rootHash, shortened, timelineOf } from "../../src/engine/history-hash.ts";
import type { AssistantBlock, DocumentSource, Message, ResultPart, UserBlock } from "../../src/turn/message.ts";
import type { Turn } from "../../src/turn/turn.ts";
import { systemOf } from "../support/turns.ts";

const user = (...texts: string[]): Message => ({ role: "user", content: texts.map((text) => ({ type: "text", text })) });
const assistant = (...texts: string[]): Message => ({ role: "assistant", content: texts.map((text) => ({ type: "text", text })) });
const turn = (...messages: Message[]): Turn => ({ model: "opus", system: systemOf("Be brief."), messages, tools: [], toolChoice: { type: "auto" }, disableParallelToolUse: false, stopSequences: [] });
const last = (of: Turn): string | undefined => timelineOf(of).hashes.at(-1);

function assertSame(a: Turn, b: Turn, why: string): void {
  assert.equal(last(a), last(b), why);
}

function assertApart(a: Turn, b: Turn, why: string): void {
  assert.notEqual(last(a), last(b), why);
}

describe("the hash of a history", () => {
  it("is one a message, each over all that came before", () => {
    const messages = [user("a"), assistant("b"), user("c")];
    const hashes = timelineOf(turn(...messages)).hashes;
    assert.equal(hashes.length, 3);
    assert.equal(new Set(hashes).size, 3);
    assert.deepEqual(timelineOf(turn(...messages.slice(0, 2))).hashes, hashes.slice(0, 2));
    let hash = rootHash(beginningHash(turn()), "opus");
    for (const [index, message] of messages.entries()) assert.equal((hash = nextHash(hash, message, messages[index - 1])), hashes[index]);
  });

  it("has an image's URL, and not where it stood in its request, also in a tool's result", () => {
    const image = (url: string, path: string) => ({ type: "image", source: { type: "url", url, path } }) as const;
    const asked = (url: string, path: string): Turn => turn({ role: "user", content: [image(url, path)] });
    const result = (url: string, path: string): Turn =>
      turn({ role: "user", content: [{ type: "tool_result", tool_use_id: "1", content: [image(url, path)] }] });
    for (const of of [asked, result]) {
      assertSame(of("http://a/1", "input[0]"), of("http://a/1", "input[2]"), "another place");
      assertApart(of("http://a/1", "input[0]"), of("http://a/2", "input[0]"), "another URL");
    }
    const [inline, linked] = [{ type: "text", text: "http://a/1" }, image("http://a/1", "")] as const;
    const resultOf = (part: typeof inline | typeof linked): Turn =>
      turn({ role: "user", content: [{ type: "tool_result", tool_use_id: "1", content: [part] }] });
    assertApart(resultOf(inline), resultOf(linked), "a text");
  });

  it("has uploaded files", () => {
    const shown = (type: "image" | "document", file_id: string): Turn => turn({ role: "user", content: [{ type, source: { type: "file", file_id } }] });
    assertSame(shown("image", "1"), shown("image", "1"), "the same");
    for (const other of [shown("image", "2"), shown("document", "1"), turn({ role: "user", content: [{ type: "container_upload", file_id: "1" }] })]) assertApart(shown("image", "1"), other, "another file");
  });

  it("covers the model, the system prompt and the tools, and not what a turn may set anew", () => {
    const base = turn(user("a"));
    assertSame(base, { ...base }, "the same");
    assertApart(base, { ...base, model: "sonnet" }, "model");
    assertApart(base, { ...base, system: systemOf("Be brief. ") }, "system");
    for (const set of [{ maxTokens: 1 }, { effort: "low" }, { thinking: { type: "disabled" } }, { stopSequences: ["x"] }, { outputFormat: {} }, { toolChoice: { type: "none" } }, { disableParallelToolUse: true }] as const) assertSame(base, { ...base, ...set }, Object.keys(set)[0] ?? "");
    assert.equal(timelineOf(base).beginning, timelineOf({ ...base, model: "sonnet" }).beginning, "a beginning is that of every model");
    const tool = { name: "f", description: "d", inputSchema: { type: "object", properties: {} } };
    const variants: Turn[] = [
      base, { ...base, tools: [tool] }, { ...base, tools: [{ ...tool, name: "g" }] }, { ...base, tools: [{ ...tool, description: "" }] },
      { ...base, tools: [{ ...tool, inputSchema: { type: "object" } }] }, { ...base, tools: [tool, { ...tool, name: "g" }] }, { ...base, tools: [{ ...tool, name: "g" }, tool] },
      { ...base, system: systemOf("Be", "brief.") }, { ...base, responseSchema: {} }, { ...base, responseSchema: { type: "object" } },
    ];
    assert.equal(new Set(variants.map(last)).size, variants.length);
    assertSame({ ...base, tools: [tool] }, { ...base, tools: [{ inputSchema: { properties: {}, type: "object" }, description: "d", name: "f" }] }, "order of keys");
    const moved = { ...tool, source: { name: "f", path: "tools[7]" } };
    assertSame({ ...base, tools: [tool] }, { ...base, tools: [moved] }, "where the request defines a tool");
    assertApart({ ...base, model: "ab", system: systemOf("c") }, { ...base, model: "a", system: systemOf("bc") }, "where the model ends");
  });

  it("covers every message, its role and its place", () => {
    const base = turn(user("a"), assistant("b"), user("c"));
    assertApart(base, turn(user("a!"), assistant("b"), user("c")), "an earlier user message");
    assertApart(base, turn(user("a"), assistant("b!"), user("c")), "an earlier answer");
    assertApart(base, turn(user("c"), assistant("b"), user("a")), "order");
    assertApart(base, turn(user("c")), "what was left out");
    assertApart(turn(user("a")), turn(assistant("a")), "role");
    assertApart(turn(user("a"), assistant("b")), turn(user("a"), user("b")), "the second's role");
  });

  it("takes a user's words to the letter", () => {
    for (const other of ["a ", " a", "A", "a\n", "a\u200b", "à", "a\u0300"]) assertApart(turn(user("a")), turn(user(other)), JSON.stringify(other));
    assertApart(turn(user("à")), turn(user("a\u0300")), "composed and decomposed");
    assertApart(turn(user("\ud800")), turn(user("\ud801")), "lone surrogates");
    assertApart(turn(user("\ud800")), turn(user("\ufffd")), "a lone surrogate and what UTF-8 makes of it");
  });

  it("leaves out where an answer is to stop: no process is told of it", () => {
    assertSame(turn(user("a")), { ...turn(user("a")), stopSequences: ["x"] }, "stop");
  });

  it("runs no two parts together", () => {
    assertApart(turn(user("a", "b")), turn(user("ab")), "two texts and one");
    assertApart(turn(user("ab", "c")), turn(user("a", "bc")), "where a text ends");
    assertApart(turn(user("a", "text", "b")), turn(user("a", "b")), "a text that reads like a label");
    assertApart(turn(user("1:a")), turn(user("a")), "a text that reads like a length");
    assertApart(turn(user("a4:text1:b")), turn(user("a", "b")), "a text that reads like parts");
  });

  it("takes an answer as clients give it back: joined, and without white space around it", () => {
    const base = turn(user("a"), assistant("b c"));
    for (const texts of [[" b c"], ["b c\n\n"], ["\u00a0b c\t"], ["b", " c"], ["", "b c"], [" b", " ", "c "]]) {
      assertSame(base, turn(user("a"), assistant(...texts)), JSON.stringify(texts));
    }
    for (const text of ["b  c", "bc", "b\nc", "B c", "b c."]) assertApart(base, turn(user("a"), assistant(text)), JSON.stringify(text));
  });

  it("covers calls: name and input, whatever the order of its keys", () => {
    const call = (more: object = {}): Turn => turn(user("a"), { role: "assistant", content: [{ type: "tool_use", id: "1", name: "f", input: { x: 1, y: { a: [1, { b: 2, c: 3 }], d: null } }, ...more } as AssistantBlock] });
    assertSame(call(), call({ input: { y: { d: null, a: [1, { c: 3, b: 2 }] }, x: 1 } }), "order of keys");
    // Some clients give calls ids of their own.
    assertSame(call(), call({ id: "2" }), "id");
    assertApart(call(), call({ name: "g" }), "name");
    assertApart(call(), call({ input: { x: 1, y: { a: [{ b: 2, c: 3 }, 1], d: null } } }), "order in an array");
    assertApart(call(), call({ input: { x: "1", y: { a: [1, { b: 2, c: 3 }], d: null } } }), "kind of a value");
    assertApart(call(), turn(user("a"), { role: "assistant", content: [] }), "that there was a call");
  });

  it("covers images, documents and tool results whole", () => {
    const image = (data: string, media_type = "image/png"): UserBlock => ({ type: "image", source: { type: "base64", media_type, data } });
    const document = (data: string, title?: string): UserBlock => ({ type: "document", source: { type: "base64", media_type: "application/pdf", data }, ...(title === undefined ? {} : { title }) });
    const result = (more: object = {}): UserBlock => ({ type: "tool_result", tool_use_id: "1", content: "x", ...more });
    const variants: UserBlock[][] = [
      [image("AAAA")], [image("AAAB")], [image("AAAA", "image/gif")], [document("AAAA")], [document("AAAA", "t")], [document("AAAB")],
      [{ type: "text", text: "AAAA" }], [image("AAAA"), { type: "text", text: "a" }], [{ type: "text", text: "a" }, image("AAAA")],
      [{ type: "image", source: { type: "url", url: "AAAA", path: "p" } }], [result()], [result({ content: "y" })], [result({ is_error: true })], [result({ content: [{ type: "text", text: "x" }] })],
    ];
    const hashes = variants.map((content) => last(turn({ role: "user", content })));
    assert.equal(new Set(hashes).size, variants.length);
    assertSame(turn({ role: "user", content: [result()] }), turn({ role: "user", content: [result({ is_error: false })] }), "no error is the default");
  });

  it("covers documents of every source and search results whole, and not where an image in them stood in its request", () => {
    const document = (source: DocumentSource, more: object = {}): UserBlock => ({ type: "document", source, ...more });
    const plain = (data: string): DocumentSource => ({ type: "text", media_type: "text/plain", data });
    const found = (more: object = {}): UserBlock => ({ type: "search_result", source: "s", title: "t", content: [{ type: "text", text: "x" }], ...more });
    const blocks: UserBlock[] = [
      document({ type: "base64", media_type: "application/pdf", data: "x" }), document(plain("x")), document(plain("y")), document(plain("x"), { title: "t" }),
      document(plain("x"), { context: "t" }), document(plain("x"), { citations: { enabled: true } }), document({ type: "url", url: "x" }),
      document({ type: "content", content: "x" }), document({ type: "content", content: [{ type: "text", text: "x" }] }),
      found(), found({ source: "o" }), found({ title: "o" }), found({ content: [{ type: "text", text: "y" }] }), found({ citations: { enabled: true } }),
    ];
    const results = [...blocks.map((block) => [block as ResultPart]), [{ type: "tool_reference", tool_name: "f" } as const]];
    const contents: UserBlock[][] = [...blocks.map((block) => [block]), ...results.map((content): UserBlock[] => [{ type: "tool_result", tool_use_id: "1", content }])];
    assert.equal(new Set(contents.map((content) => last(turn({ role: "user", content })))).size, contents.length);
    const withImage = (path: string): UserBlock[] => [document({ type: "content", content: [{ type: "image", source: { type: "url", url: "u", path } }] })];
    assertSame(turn({ role: "user", content: withImage("a") }), turn({ role: "user", content: withImage("b") }), "another place");
  });

  it("leaves out an answer's thinking and citations, which clients do not all send back", () => {
    const bare = turn(user("a"), assistant("b"));
    const content: AssistantBlock[] = [
      { type: "thinking", thinking: "hm", signature: "Eq" }, { type: "redacted_thinking", data: "x" }, { type: "text", text: "b", citations: [{ cited_text: "c" }] },
    ];
    assertSame(bare, turn(user("a"), { role: "assistant", content }), "with thinking");
  });

  it("stands beside what the thinking is known by: one that differs ends what a process and a request have in common, none does not", () => {
    const thought = (...blocks: AssistantBlock[]): Turn => turn(user("a"), { role: "assistant", content: [...blocks, { type: "text", text: "b" }] }, user("c"), assistant("d"));
    const signed = (signature: string): AssistantBlock => ({ type: "thinking", thinking: "hm", signature });
    const hidden = (data: string): AssistantBlock => ({ type: "redacted_thinking", data });
    const common = (told: Turn, asked: Turn): number => commonLength(timelineOf(told), timelineOf(asked));
    const ofOne = thought(signed("1"), hidden("2"));
    assert.deepEqual([ofOne, thought(), thought(signed("1")), thought(signed("1"), hidden("3")), thought(hidden("1"), signed("2"))].map((asked) => common(ofOne, asked)), [4, 4, 1, 1, 1]);
    assert.equal(common(thought(), ofOne), 1, "the process has none, the request some");
    const [, answer] = ofOne.messages;
    const [question] = ofOne.messages;
    assert.deepEqual(extended(timelineOf(turn(user("a"))), answer ?? assert.fail(), question), shortened(timelineOf(ofOne), 2));
  });

  it("of what the API's own tools did differs where the request has other of it, and not where it has none", () => {
    const told = (...queries: readonly string[]): Turn => turn(user("a"), {
      role: "assistant", content: [...queries.map((query): AssistantBlock => ({ type: "server_tool_use", id: "1", name: "web_search", input: { query } })), { type: "text", text: "b" }],
    }, user("c"));
    const common = (one: Turn, other: Turn): number => commonLength(timelineOf(one), timelineOf(other));
    assert.deepEqual([told("x"), told(), told("y"), told("x", "x")].map((asked) => common(told("x"), asked)), [3, 3, 1, 1]);
    assert.equal(common(told(), told("x")), 1, "the process has none, the request some");
  });

  it("covers which call a result answers, by its place among the calls", () => {
    const call = (id: string): AssistantBlock => ({ type: "tool_use", id, name: "f", input: {} });
    const answered = (calls: readonly string[], results: readonly string[]): Turn => turn(
      user("a"), { role: "assistant", content: calls.map(call) },
      { role: "user", content: results.map((id, index) => ({ type: "tool_result", tool_use_id: id, content: String(index) })) },
    );
    assertSame(answered(["1", "2"], ["1", "2"]), answered(["x", "y"], ["x", "y"]), "ids rewritten on both sides");
    assertApart(answered(["1", "2"], ["1", "2"]), answered(["1", "2"], ["2", "1"]), "results of the other call");
    assertApart(answered(["1", "2"], ["1", "2"]), answered(["1", "2"], ["1"]), "a result is missing");
  });
});

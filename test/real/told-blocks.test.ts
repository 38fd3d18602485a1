/** Which of the vocabulary's blocks the CLIs pass on as they are told, when they stand in a history. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import type { AssistantBlock, ResultPart, UserBlock } from "../../src/turn/message.ts";
import { conversationOf, startAnthropicStub, type StubContentBlock } from "../support/anthropic-stub.ts";
import { startClaude } from "../support/claude-stdio.ts";
import { type ClaudeVersion, claudeVersions, subscriptionEnvironment, temporaryFolder } from "../support/real-claude.ts";

/** The id that `sonnet` stands for. A told answer's thinking is kept only where its message names exactly this model. */
const models = { "2.1.330": "claude-sonnet-5-5", "2.1.197": "claude-sonnet-5" } as const;

const words = (text: string) => ({ type: "text", text }) as const;

/** The contents that go upstream first when a history of two messages (and `before`) and then a question is told, the CLI's cache marks left out. */
async function sentFor(t: TestContext, version: ClaudeVersion, asked: readonly UserBlock[], answered: readonly AssistantBlock[], model: string, question: readonly UserBlock[] = [words("and now? N=1")], before: readonly UserBlock[] = []): Promise<(readonly StubContentBlock[])[]> {
  const stub = await startAnthropicStub();
  t.after(() => stub.close());
  const folder = await temporaryFolder(t);
  const claude = startClaude(t, version, { ...subscriptionEnvironment(stub.url, folder), CLAUDE_CODE_MAX_RETRIES: "0" }, folder);
  await claude.control({ subtype: "initialize", systemPrompt: ["You are terse."] });
  await claude.ask(asked, { shouldQuery: false });
  claude.write({
    type: "assistant", parent_tool_use_id: null, session_id: "",
    message: {
      id: "msg_told", type: "message", role: "assistant", model, content: answered,
      stop_reason: "end_turn", stop_sequence: null, usage: { input_tokens: 0, output_tokens: 0 },
    },
  });
  if (before.length > 0) await claude.ask(before, { shouldQuery: false });
  await claude.ask(question);
  const [request] = stub.requests;
  assert.ok(request !== undefined);
  return conversationOf(request.body).map(({ content }) => (content as readonly StubContentBlock[]).map(({ cache_control: _mark, ...block }) => block));
}

for (const version of claudeVersions) {
  test(`claude ${version}: documents of every source and search results go up as they are told`, async (t) => {
    const asked: UserBlock[] = [
      { type: "document", source: { type: "text", media_type: "text/plain", data: "plain" }, title: "T", context: "C", citations: { enabled: true } },
      { type: "document", source: { type: "content", content: [words("one"), words("two")] } },
      { type: "document", source: { type: "content", content: "three" } },
      { type: "document", source: { type: "url", url: "https://example.com/a.pdf" } },
      { type: "search_result", source: "s", title: "t", content: [words("found")], citations: { enabled: true } },
      words("look"),
    ];
    const [sent] = await sentFor(t, version, asked, [words("seen")], models[version]);
    assert.deepEqual(sent, asked);
  });

  test(`claude ${version}: uploaded files, and calls of the API's own tools with their results, go up as they are told`, async (t) => {
    const asked: UserBlock[] = [
      { type: "document", source: { type: "file", file_id: "file_1" } }, { type: "image", source: { type: "file", file_id: "file_2" } },
      { type: "container_upload", file_id: "file_3" }, words("look"),
    ];
    const answered: AssistantBlock[] = [
      words("a"), { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "q" } },
      { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [{ type: "web_search_result", url: "u", title: "t", encrypted_content: "e" }] }, words("b"),
    ];
    const [sent, sentAnswer] = await sentFor(t, version, asked, answered, models[version]);
    assert.deepEqual([sent, sentAnswer], [asked, answered]);
  });

  test(`claude ${version}: thinking goes up under its model's own id alone, a text's citations not with 2.1.330`, async (t) => {
    const text = { ...words("cited"), citations: [{ type: "char_location", cited_text: "a", document_index: 0, document_title: null, start_char_index: 0, end_char_index: 1 }] };
    const answered: AssistantBlock[] = [{ type: "thinking", thinking: "hm", signature: "Eq==" }, { type: "redacted_thinking", data: "secret" }, text];
    const sentText = version === "2.1.330" ? { ...text, citations: [] } : text;
    assert.deepEqual((await sentFor(t, version, [words("look")], answered, models[version]))[1], [...answered.slice(0, 2), sentText]);
    assert.deepEqual((await sentFor(t, version, [words("look")], answered, "sonnet"))[1], [sentText]);
  });

  test(`claude ${version}: what comes with results is one message with them, though it is told as another; only two texts get a line break between them`, async (t) => {
    const call: AssistantBlock = { type: "tool_use", id: "toolu_1", name: "look", input: {} };
    const result: UserBlock = { type: "tool_result", tool_use_id: "toolu_1", content: [words("r")] };
    const image: UserBlock = { type: "image", source: { type: "base64", media_type: "image/gif", data: "R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==" } };
    for (const behind of [[words("note")], [image], [words(" a\n"), image, words("b")]] as const) {
      const sent = await sentFor(t, version, [words("look")], [call], models[version], behind, [result]);
      assert.deepEqual(sent[2], [result, ...behind]);
    }
    assert.deepEqual((await sentFor(t, version, [words("look")], [words("seen")], models[version], [words("b")], [words("a")]))[2], [words("a\n"), words("b")]);
  });

  test(`claude ${version}: an answer in the words of the CLI's own sentinel is left out, unless it is told in two blocks`, async (t) => {
    const asked = [words("look")];
    const whole = await sentFor(t, version, asked, [words("(no content)")], models[version]);
    assert.equal(whole.length, 1);
    const parted = await sentFor(t, version, asked, [words("(no"), words(" content)")], models[version]);
    assert.deepEqual(parted[1], [words("(no"), words(" content)")]);
  });

  test(`claude ${version}: a tool's result goes up with its documents and search results, without references to tools`, async (t) => {
    const parts: ResultPart[] = [
      words("r"), { type: "document", source: { type: "text", media_type: "text/plain", data: "plain" } }, { type: "search_result", source: "s", title: "t", content: [words("found")] },
    ];
    const result = (content: readonly ResultPart[]): UserBlock => ({ type: "tool_result", tool_use_id: "toolu_1", content });
    // The stub refuses the request, as no tools are defined; it has been sent by then.
    const [, , sent] = await sentFor(t, version, [words("look")], [{ type: "tool_use", id: "toolu_1", name: "look", input: {} }], models[version], [result([...parts, { type: "tool_reference", tool_name: "look" }])]);
    assert.deepEqual(sent, [result(parts)]);
  });
}

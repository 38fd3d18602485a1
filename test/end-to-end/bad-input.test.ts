/** What no client should send: each is refused by the name of its field, and harms nobody. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startEmbeddedWith } from "../support/embedded-server.ts";
import { openAiErrorIn, openAiErrorOf } from "../support/openai-error.ts";
import { openSocket, rawRequest, readAnswer } from "../support/raw-http.ts";
import { chatRequest, postJson } from "../support/sse.ts";

const deep = 50_000;
const hello = { role: "user", content: "hello" };
const user = (content: unknown): unknown => ({ messages: [{ role: "user", content }] });
const open = "[".repeat(deep);
const closed = open + "]".repeat(deep);

/** What is sent, and the `param` that its 400 names. */
const refused: readonly (readonly [what: string, body: unknown, param: string])[] = [
  ["null", "null", "body"],
  ["an array", "[]", "body"],
  ["a string", '"hello"', "body"],
  ["a number", "3", "body"],
  ["an empty body", "", "body"],
  ["only white space", " \n", "body"],
  ["half a JSON", '{"messages":[', "body"],
  ["JSON and more", '{"messages":[]}}', "body"],
  ["JavaScript, not JSON", "{messages:[]}", "body"],
  ["50,000 open brackets", open, "body"],
  ["50,000 brackets", closed, "body"],
  ["50,000 brackets as messages", `{"messages":${closed}}`, "body"],
  ["50,000 brackets as content", `{"messages":[{"role":"user","content":${closed}}]}`, "body"],
  ["50,000 brackets in a field that is ignored", `{"messages":[{"role":"user","content":"hello"}],"metadata":${closed}}`, "body"],
  ["50,000 objects in each other", `{"metadata":${'{"a":'.repeat(deep)}1${"}".repeat(deep)}}`, "body"],

  ["no messages", {}, "messages"],
  ["messages: null", { messages: null }, "messages"],
  ["messages: a blank string", { messages: " " }, "messages"],
  ["messages: an object", { messages: { 0: hello } }, "messages"],
  ["messages: none", { messages: [] }, "messages"],
  ["messages: 10,001", { messages: Array.from({ length: 10_001 }, () => hello) }, "messages"],
  ["messages: [null]", { messages: [null] }, "messages[0]"],
  ["messages: [[]]", { messages: [hello, []] }, "messages[1]"],
  ["messages: [string]", { messages: ["hello"] }, "messages[0]"],
  ["messages without content", { messages: [{ role: "user", content: "" }] }, "messages"],
  ["only the system's, and blank", { messages: [{ role: "system", content: " " }] }, "messages"],
  ["no role", { messages: [{ content: "hello" }] }, "messages[0].role"],
  ["role: a number", { messages: [{ role: 3, content: "hello" }] }, "messages[0].role"],
  ["an unknown role", { messages: [hello, { role: "wizard", content: "hello" }] }, "messages[1].role"],
  ["the role __proto__", { messages: [{ role: "__proto__", content: "hello" }] }, "messages[0].role"],

  ["content: a number", user(3), "messages[0].content"],
  ["content: an object of nothing", user({ words: "hello" }), "messages[0].content"],
  ["content: true", user(true), "messages[0].content"],
  ["content: [null]", user([null]), "messages[0].content[0]"],
  ["content: [number]", user([3]), "messages[0].content[0]"],
  ["a part without type", user([{ words: "hello" }]), "messages[0].content[0].type"],
  ["a part of unknown type", user([{ type: "hologram" }]), "messages[0].content[0].type"],
  ["audio", user([{ type: "input_audio", input_audio: { data: "", format: "mp3" } }]), "messages[0].content[0].type"],
  ["text: a number", user([{ type: "text", text: 3 }]), "messages[0].content[0].text"],
  ["text: none", user([{ type: "text", text: "hello" }, { type: "text" }]), "messages[0].content[1].text"],
  ["image_url: a number", user([{ type: "image_url", image_url: 3 }]), "messages[0].content[0].image_url"],
  ["image_url without url", user([{ type: "image_url", image_url: {} }]), "messages[0].content[0].image_url.url"],
  ["an image elsewhere", user([{ type: "image_url", image_url: { url: "http://169.254.169.254/latest" } }]), "messages[0].content[0].image_url.url"],
  ["an image of no kind of URL", user([{ type: "image_url", image_url: { url: "file:///etc/passwd" } }]), "messages[0].content[0].image_url.url"],
  ["a file that is stored elsewhere", user([{ type: "file", file: { file_id: "file-1" } }]), "messages[0].content[0].file.file_id"],
  ["a result without its call", { messages: [hello, { role: "tool", tool_call_id: "call_1", content: "x" }] }, "messages[1].tool_call_id"],
  ["a result that names no call", { messages: [hello, { role: "tool", content: "x" }] }, "messages[1].tool_call_id"],
  ["a call without its result", { messages: [hello, { role: "assistant", tool_calls: [{ id: "call_1", type: "function", function: { name: "look", arguments: "{}" } }] }, hello] }, "messages[1].tool_calls"],
  ["an image that is none", user([{ type: "image_url", image_url: { url: "data:text/html;base64,aGk=" } }]), "messages[0].content[0].image_url.url"],
  ["an image that is no base64", user([{ type: "image_url", image_url: { url: "data:image/png;base64,???" } }]), "messages[0].content[0].image_url.url"],
  ["the system's content: a number", { messages: [{ role: "system", content: 3 }, hello] }, "messages[0].content"],
  ["the assistant's content: an object", { messages: [hello, { role: "assistant", content: {} }, hello] }, "messages[1].content"],

  ["model: a number", { model: 3, messages: [hello] }, "model"],
  ["model: an object", { model: {}, messages: [hello] }, "model"],
  ["a model name of 257 characters", { model: "m".repeat(257), messages: [hello] }, "model"],
  ["a model name of 1 MB", { model: `claude-${"m".repeat(1_000_000)}`, messages: [hello] }, "model"],
  ["stream: a string", { stream: "yes", messages: [hello] }, "stream"],
  ["stream_options: a string", { stream_options: "x", messages: [hello] }, "stream_options"],
  ["include_usage: a number", { stream_options: { include_usage: 1 }, messages: [hello] }, "stream_options.include_usage"],
  ["max_tokens: 0", { max_tokens: 0, messages: [hello] }, "max_tokens"],
  ["max_tokens: a fraction", { max_tokens: 1.5, messages: [hello] }, "max_tokens"],
  ["max_tokens: a string", { max_tokens: "5", messages: [hello] }, "max_tokens"],
  ["max_tokens: infinite", '{"max_tokens":1e999,"messages":[{"role":"user","content":"hello"}]}', "max_tokens"],
  ["max_completion_tokens: below 0", { max_completion_tokens: -1, messages: [hello] }, "max_completion_tokens"],
  ["n: 2", { n: 2, messages: [hello] }, "n"],
  ["logprobs", { logprobs: true, messages: [hello] }, "logprobs"],
  ["top_logprobs", { top_logprobs: 3, messages: [hello] }, "top_logprobs"],
  ["stop: a number", { stop: 3, messages: [hello] }, "stop"],
  ["stop: five", { stop: ["a", "b", "c", "d", "e"], messages: [hello] }, "stop"],
  ["stop: [null]", { stop: ["a", null], messages: [hello] }, "stop[1]"],
  ["tools: an object", { tools: {}, messages: [hello] }, "tools"],
  ["tools: [null]", { tools: [null], messages: [hello] }, "tools[0]"],
  ["a tool without function", { tools: [{ type: "function" }], messages: [hello] }, "tools[0].function"],
  ["a tool without name", { tools: [{ type: "function", function: { name: "" } }], messages: [hello] }, "tools[0].function.name"],
  ["a tool of another kind", { tools: [{ type: "custom", custom: { name: "x" } }], messages: [hello] }, "tools[0].type"],
  ["tool_choice: a word nobody knows", { tool_choice: "perhaps", messages: [hello] }, "tool_choice"],
  ["tool_choice: required, of none", { tool_choice: "required", messages: [hello] }, "tool_choice"],
  ["response_format: a string", { response_format: "json", messages: [hello] }, "response_format"],
  ["response_format of unknown type", { response_format: { type: "xml" }, messages: [hello] }, "response_format.type"],
  ["response_format without its schema", { response_format: { type: "json_schema", json_schema: {} }, messages: [hello] }, "response_format.json_schema.schema"],
  ["reasoning_effort: a number", { reasoning_effort: 3, messages: [hello] }, "reasoning_effort"],
  ["modalities: audio", { modalities: ["text", "audio"], messages: [hello] }, "modalities"],
  ["audio out", { audio: { voice: "alloy" }, messages: [hello] }, "audio"],
];

const call = { type: "function_call", call_id: "call_1", name: "look", arguments: "{}" };
const parts = (...content: unknown[]): unknown => ({ input: [{ role: "user", content }] });

/** The same of `/v1/responses`. */
const refusedResponses: readonly (readonly [what: string, body: unknown, param: string])[] = [
  ["null", "null", "body"],
  ["an array", "[]", "body"],
  ["half a JSON", '{"input":[', "body"],
  ["50,000 brackets as input", `{"input":${closed}}`, "body"],
  ["50,000 brackets as a tool", `{"input":"hello","tools":${closed}}`, "body"],
  ["50,000 brackets in a field that is ignored", `{"input":"hello","metadata":${closed}}`, "body"],

  ["no input", {}, "input"],
  ["messages in place of input, none", { messages: [] }, "input"],
  ["input: a number", { input: 3 }, "input"],
  ["input: an object of nothing", { input: { 0: hello } }, "input"],
  ["input: none", { input: [] }, "input"],
  ["input: 20,001", { input: Array.from({ length: 20_001 }, () => hello) }, "input"],
  ["input: [null]", { input: [hello, null] }, "input[1]"],
  ["input: [string]", { input: ["hello"] }, "input[0]"],
  ["only instructions, and blank", { input: "", instructions: " " }, "input"],
  ["no role", { input: [{ content: "hello" }] }, "input[0].role"],
  ["the role __proto__", { input: [{ role: "__proto__", content: "hello" }] }, "input[0].role"],
  ["an item of unknown type", { input: [hello, { type: "hologram" }] }, "input[1].type"],
  ["an item of the type __proto__", { input: [{ type: "__proto__" }] }, "input[0].type"],
  ["a reference to nothing", { input: [{ type: "item_reference", id: "msg_1" }] }, "input[0].id"],
  ["a reference to __proto__", { input: [{ id: "__proto__" }] }, "input[0].id"],
  ["a response before it that nobody knows", { input: "hello", previous_response_id: "resp_1" }, "previous_response_id"],
  ["a response before it that is constructor", { input: "hello", previous_response_id: "constructor" }, "previous_response_id"],

  ["content: an object of nothing", { input: [{ role: "user", content: { words: "hello" } }] }, "input[0].content"],
  ["content: [null]", parts(null), "input[0].content[0]"],
  ["a part of unknown type", parts({ type: "hologram" }), "input[0].content[0].type"],
  ["text: none", parts("hello", { type: "input_text" }), "input[0].content[1].text"],
  ["an image elsewhere", parts({ type: "input_image", image_url: "http://169.254.169.254/latest" }), "input[0].content[0].image_url"],
  ["an image that is stored elsewhere", parts({ type: "input_image", file_id: "file-1" }), "input[0].content[0].file_id"],
  ["a file elsewhere", parts({ type: "input_file", file_url: "http://169.254.169.254/latest" }), "input[0].content[0].file_url"],
  ["a file that is none", parts({ type: "input_file", file_data: "data:text/html;base64,aGk=" }), "input[0].content[0].file_data"],
  ["a result without its call", { input: [hello, { type: "function_call_output", call_id: "call_1", output: "x" }] }, "input[1].call_id"],
  ["a result twice", { input: [hello, call, ...Array.from({ length: 2 }, () => ({ type: "function_call_output", call_id: "call_1", output: "x" }))] }, "input[3].call_id"],
  ["a call without its result", { input: [hello, call, hello] }, "input[1]"],
  ["arguments of 50,000 brackets", { input: [hello, { ...call, arguments: closed }] }, "input[1].arguments"],

  ["a model name of 1 MB", { model: `claude-${"m".repeat(1_000_000)}`, input: "hello" }, "model"],
  ["stream: a string", { stream: "yes", input: "hello" }, "stream"],
  ["store: a string", { store: "no", input: "hello" }, "store"],
  ["instructions: items", { instructions: [hello], input: "hello" }, "instructions"],
  ["max_output_tokens: infinite", '{"max_output_tokens":1e999,"input":"hello"}', "max_output_tokens"],
  ["tools: [null]", { tools: [null], input: "hello" }, "tools[0]"],
  ["a tool without type", { tools: [{ description: "Looks." }], input: "hello" }, "tools[0].type"],
  ["a tool without name", { tools: [{ type: "custom" }], input: "hello" }, "tools[0].name"],
  ["tool_choice: a tool of OpenAI's own", { tool_choice: { type: "file_search" }, input: "hello" }, "tool_choice.type"],
  ["text of unknown format", { text: { format: { type: "xml" } }, input: "hello" }, "text.format.type"],
  ["reasoning: a string", { reasoning: "high", input: "hello" }, "reasoning"],
  ["in the background", { background: true, input: "hello" }, "background"],
];

test("what is refused is refused by name, and the next request is answered", async (t) => {
  const { url, logLines } = await startEmbeddedWith(t, "answers");
  // One conversation that goes on, so that two hundred of these do not start a process each.
  const question = { role: "user", content: "WORDS 1" };
  const messages: object[] = [question];
  const isAnswered = async (): Promise<void> => {
    const answer = await chatRequest(url, { messages });
    assert.equal(answer.status, 200);
    const { choices: [{ message: { role, content } }] } = await answer.json() as any;
    messages.push({ role, content }, question);
  };

  for (const [path, cases] of [["chat/completions", refused], ["responses", refusedResponses]] as const) {
    for (const [what, body, param] of cases) {
      await t.test(`${path}: ${what}`, async () => {
        const error = await openAiErrorIn(await postJson(`${url}/v1/${path}`, body));
        assert.deepEqual([error.status, error.type, error.param], [400, "invalid_request_error", param]);
        assert.ok(error.message.length < 300, `a message for people: ${error.message}`);
        await isAnswered();
      });
    }
  }

  for (const model of ["gpt-4o", "__proto__", "constructor", "--dangerously-skip-permissions", "opus\n", "claude-x y", "../../etc/passwd"]) {
    await t.test(`the model ${JSON.stringify(model)} is not found`, async () => {
      const error = await openAiErrorIn(await chatRequest(url, { model, messages: [hello] }));
      assert.deepEqual([error.status, error.code, error.param], [404, "model_not_found", "model"]);
      await isAnswered();
    });
  }

  await t.test("invalid UTF-8, wherever it stands", async () => {
    for (const bytes of ['{"messages":[{"role":"user","content":"\xff"}]}', "\xff\xfe{\0}\0", '{"messages":[],"x":"\xc3"}', '{"x":"\xed\xa0\x80"}']) {
      const response = await fetch(`${url}/v1/chat/completions`, { method: "POST", body: Buffer.from(bytes, "latin1") });
      const error = await openAiErrorIn(response);
      assert.deepEqual([error.status, error.param, error.code], [400, "body", "invalid_json"]);
    }
    await isAnswered();
  });

  await t.test("a body that is compressed", async () => {
    const error = await openAiErrorIn(await chatRequest(url, "x", { headers: { "content-encoding": "gzip" } }));
    assert.deepEqual([error.status, error.param], [400, "content-encoding"]);
    await isAnswered();
  });

  const headOf = (...lines: string[]): string => ["POST /v1/chat/completions HTTP/1.1", "host: localhost", "content-type: application/json", ...lines, "", ""].join("\r\n");

  await t.test("a body announced with 10 GB", async () => {
    const answer = await rawRequest(t, url, `${headOf(`content-length: ${10 * 1024 ** 3}`)}{"messages":[`);
    const error = openAiErrorOf(answer.body);
    assert.deepEqual([answer.status, error.type, error.param], [413, "invalid_request_error", "body"]);
    await isAnswered();
  });

  await t.test("a body cut in the middle", async () => {
    for (const request of [`${headOf("content-length: 1000")}{"messages":[{"role":"us`, `${headOf("transfer-encoding: chunked")}100\r\n{"messages":[{"role":"us`]) {
      const socket = await openSocket(t, url);
      const answering = readAnswer(socket);
      socket.end(request);
      const answer = await answering;
      assert.deepEqual([answer.status, openAiErrorOf(answer.body).param], [400, "body"]);
    }
    await isAnswered();
  });

  await t.test("and what is only unusual is taken", async () => {
    for (const more of [
      { metadata: JSON.parse("[".repeat(100) + "]".repeat(100)) }, { frequency_penalty: "hot", top_k: 3, whatever: null }, { n: 1, logprobs: false, tools: [], stop: null },
      { model: "claude-code-cli/opus" }, JSON.parse('{"__proto__":{"messages":[]}}') as object,
    ]) {
      const response = await chatRequest(url, { ...more, messages: [{ role: "user", content: [{ type: "text", text: "WORDS 1", cache_control: {} }], name: "me" }] });
      assert.equal(response.status, 200, JSON.stringify(more).slice(0, 100));
      await response.text();
      const created = await postJson(`${url}/v1/responses`, { ...more, input: [{ role: "user", content: [{ type: "input_text", text: "WORDS 1", cache_control: {} }], name: "me" }] });
      assert.equal(created.status, 200, JSON.stringify(more).slice(0, 100));
      await created.text();
    }
    const withMark = await fetch(`${url}/v1/chat/completions`, { method: "POST", body: `\ufeff${JSON.stringify({ messages: [hello] })}` });
    assert.equal(withMark.status, 200, "a byte order mark");
    await withMark.text();
  });

  assert.deepEqual(logLines.filter((line) => / (error|warn) /.test(line)), [], "nothing of it is a fault of the server");
});

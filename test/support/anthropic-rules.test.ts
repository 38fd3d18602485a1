import assert from "node:assert/strict";
import { test } from "node:test";
import { findViolation, signThinking } from "./anthropic-rules.ts";
import { readImageHeader } from "./image-header.ts";

const tool = { name: "look", input_schema: { type: "object", properties: { "a.b-c_1": { type: ["string", "null"] } }, required: ["a.b-c_1"] } };
const user = (...content: unknown[]) => ({ role: "user", content });
const assistant = (...content: unknown[]) => ({ role: "assistant", content });
const text = (value: string) => ({ type: "text", text: value });
const use = (id: string, input: unknown = {}) => ({ type: "tool_use", id, name: "look", input });
const result = (id: string, content: unknown = "seen") => ({ type: "tool_result", tool_use_id: id, content });
const image = (mediaType: string, bytes: Buffer) => ({ type: "image", source: { type: "base64", media_type: mediaType, data: bytes.toString("base64") } });
const body = (messages: unknown[], more: object = {}) => ({ model: "claude-test", max_tokens: 100, messages, ...more });

function refuses(value: unknown, words: RegExp): void {
  assert.match(findViolation(value) ?? "(taken)", words);
}
function takes(value: unknown): void {
  assert.equal(findViolation(value), null);
}

function png(width: number, height: number): Buffer {
  const bytes = Buffer.alloc(24);
  bytes.write("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "latin1");
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  return bytes;
}
function gif(width: number, height: number): Buffer {
  const bytes = Buffer.from("GIF89a\0\0\0\0", "latin1");
  bytes.writeUInt16LE(width, 6);
  bytes.writeUInt16LE(height, 8);
  return bytes;
}
function jpeg(width: number, height: number): Buffer {
  // SOI, an APP0 of four bytes, a fill byte, then a progressive frame.
  const bytes = Buffer.from("ffd8ffe00004aabbffffc2001108000000000301", "hex");
  bytes.writeUInt16BE(height, 14);
  bytes.writeUInt16BE(width, 16);
  return bytes;
}
function webp(chunk: "VP8 " | "VP8L" | "VP8X", size: string): Buffer {
  const bytes = Buffer.alloc(30);
  bytes.write(`RIFF\0\0\0\0WEBP${chunk}`, "latin1");
  bytes.write(size, { "VP8 ": 26, VP8L: 21, VP8X: 24 }[chunk], "hex");
  return bytes;
}

test("a plain conversation is taken", () => {
  takes(body([{ role: "user", content: "hello" }]));
  takes(body([user(text("a")), assistant(text("b")), user(text("c"))], { system: [text("You are terse.")] }));
  takes(body([user(text("one")), user(text("two"))]));
});

test("a trailing system message is looked past", () => {
  takes(body([user(text("hello")), { role: "system", content: "the date" }]));
  refuses(body([user(text("a")), assistant(text("b")), { role: "system", content: "the date" }]), /must end with a user message/);
});

test("what is no request is refused", () => {
  refuses(null, /valid dictionary/);
  refuses({ max_tokens: 1, messages: [user(text("a"))] }, /^model: /);
  refuses(body([]), /at least one message/);
  refuses(body(["hello"]), /messages\.0/);
  refuses(body([{ role: "tool", content: "x" }]), /messages\.0\.role/);
  refuses(body([user()]), /non-empty content/);
  refuses(body([user("x")]), /messages\.0\.content\.0/);
  refuses(body([user({ type: "input_audio" })]), /'input_audio'/);
  refuses(body([user({ type: "text" })]), /Field required/);
});

test("empty text is refused wherever it stands", () => {
  refuses(body([user(text(""))]), /text content blocks must be non-empty/);
  refuses(body([{ role: "user", content: "" }]), /text content blocks must be non-empty/);
  refuses(body([user(text(" \n"))]), /non-whitespace/);
  refuses(body([user(text("a"))], { system: [text("")] }), /system: text content blocks must be non-empty/);
  refuses(body([user(text("a"))], { system: 3 }), /^system/);
  refuses(body([user(text("a"))], { system: [3] }), /^system\.0/);
  refuses(body([user(text("a")), assistant(use("t1")), user(result("t1", [text("")]))], { tools: [tool] }), /must be non-empty/);
});

test("the conversation begins and ends with the user", () => {
  refuses(body([user(text("a")), assistant(text("b"))]), /does not support assistant message prefill/);
  refuses(body([assistant(text("b")), user(text("a"))]), /first message must use the "user" role/);
});

test("a call is answered right after, all of it, and results come first", () => {
  const tools = [tool];
  takes(body([user(text("a")), assistant(text("b"), use("t1"), use("t2")), user(result("t2"), result("t1"), text("c"))], { tools }));
  takes(body([user(text("a")), assistant(use("t1"), use("t2")), user(result("t1")), user(result("t2"))], { tools }));
  refuses(body([user(text("a")), assistant(use("t1")), user(text("c"))], { tools }), /without `tool_result` blocks immediately after: t1/);
  refuses(body([user(text("a")), assistant(use("t1"), use("t2")), user(result("t1"))], { tools }), /immediately after: t2/);
  refuses(body([user(text("a")), assistant(use("t1"), use("t2")), user(result("t1"), text("c"), result("t2"))], { tools }), /immediately after: t2/);
  refuses(body([user(text("a")), assistant(use("t1"), use("t2")), user(result("t1")), assistant(text("x")), user(text("y"))], { tools }), /immediately after: t2/);
});

test("a result without its call in the message before is refused", () => {
  const tools = [tool];
  refuses(body([user(result("t1"))], { tools }), /unexpected `tool_use_id` found in `tool_result` blocks: t1/);
  refuses(body([user(text("a")), assistant(use("t1")), user(result("t1")), assistant(text("b")), user(result("t1"))], { tools }), /unexpected `tool_use_id`/);
});

test("tool blocks stand in their own roles and need tools", () => {
  const history = [user(text("a")), assistant(use("t1")), user(result("t1"))];
  refuses(body(history), /must define tools/);
  refuses(body(history, { tools: [] }), /must define tools/);
  refuses(body([user(use("t1"))], { tools: [tool] }), /only be in `assistant`/);
  refuses(body([user(text("a")), assistant(result("t1")), user(text("b"))], { tools: [tool] }), /only be in `user`/);
});

test("tool names and ids fit their patterns and are unique", () => {
  const one = [user(text("a"))];
  refuses(body(one, { tools: [{ ...tool, name: "a b" }] }), /tools\.0\.custom\.name: String should match pattern/);
  refuses(body(one, { tools: [{ ...tool, name: "x".repeat(129) }] }), /should match pattern/);
  refuses(body(one, { tools: [tool, tool] }), /Tool names must be unique/);
  refuses(body(one, { tools: "look" }), /valid list/);
  refuses(body(one, { tools: ["look"] }), /valid dictionary/);
  refuses(body([user(text("a")), assistant(use("call:1")), user(result("call:1"))], { tools: [tool] }), /tool_use\.id: String should match/);
  refuses(body([user(text("a")), assistant({ ...use("t1"), name: "a b" }), user(result("t1"))], { tools: [tool] }), /tool_use\.name/);
  refuses(body([user(text("a")), assistant(use("t1", "{}")), user(result("t1"))], { tools: [tool] }), /tool_use\.input/);
  refuses(body([user(text("a")), assistant(use("t1")), user(result(":"))], { tools: [tool] }), /tool_use_id: String should match/);
  refuses(body([user(text("a")), assistant(use("t1")), user(result("t1", 3))], { tools: [tool] }), /valid list/);
  refuses(body([user(text("a")), assistant(use("t1")), user(result("t1", ["x"]))], { tools: [tool] }), /content\.0: Input/);
  refuses(body([user(text("a")), assistant(use("t1")), user(result("t1")), assistant(use("t1")), user(result("t1"))], { tools: [tool] }), /ids must be unique/);
});

test("a tool choice names a tool that is there", () => {
  refuses(body([user(text("a"))], { tool_choice: { type: "auto" } }), /only be specified while providing tools/);
  refuses(body([user(text("a"))], { tools: [tool], tool_choice: { type: "tool", name: "other" } }), /'other' not found/);
  takes(body([user(text("a"))], { tools: [tool], tool_choice: { type: "tool", name: "look" } }));
});

test("an input schema is an object schema of 2020-12 without a union at its top", () => {
  const schema = (input_schema: unknown) => body([user(text("a"))], { tools: [{ name: "look", input_schema }] });
  takes(schema({ type: "object" }));
  takes(schema({ type: "object", properties: { a: { anyOf: [{ type: "string" }, { $ref: "#/$defs/b" }], minLength: 1, enum: ["x"] } }, $defs: { b: true }, additionalProperties: false }));
  takes(body([user(text("a"))], { tools: [{ type: "web_search_20250305", name: "web_search" }] }));
  refuses(schema(undefined), /input_schema: Field required/);
  refuses(schema("{}"), /valid dictionary/);
  refuses(schema({ properties: {} }), /input_schema\.type: Field required/);
  refuses(schema({ type: "array" }), /'object'/);
  for (const keyword of ["oneOf", "allOf", "anyOf"]) refuses(schema({ type: "object", [keyword]: [{}] }), /does not support oneOf, allOf, or anyOf at the top level/);
  refuses(schema({ type: "object", properties: { "a b": {} } }), /Property keys should match/);
  for (const property of [{ type: "str" }, { type: [] }, { type: 3 }, "string", { items: [{}] }, { anyOf: [] }, { minimum: 1, exclusiveMinimum: true }, { minLength: -1 }, { required: true }, { enum: "x" }, { pattern: 3 }, { properties: [] }]) {
    refuses(schema({ type: "object", properties: { a: property } }), /draft 2020-12/);
  }
});

test("max_tokens keeps its bounds", () => {
  const one = [user(text("a"))];
  refuses(body(one, { max_tokens: undefined }), /max_tokens: Field required/);
  refuses(body(one, { max_tokens: "9" }), /valid integer/);
  refuses(body(one, { max_tokens: 0 }), /max_tokens/);
  refuses(body(one, { max_tokens: 128_001 }), /max_tokens: 128001 > 128000, which is the maximum allowed/);
  refuses(body(one, { thinking: { type: "enabled", budget_tokens: 5 } }), /greater than or equal to 1024/);
  refuses(body(one, { max_tokens: 1024, thinking: { type: "enabled", budget_tokens: 1024 } }), /greater than `thinking\.budget_tokens`/);
  takes(body(one, { max_tokens: 1025, thinking: { type: "enabled", budget_tokens: 1024 } }));
});

test("thinking comes back as it was signed", () => {
  const history = (signature: string) => body([user(text("a")), assistant({ type: "thinking", thinking: "hm", signature }, text("b")), user(text("c"))]);
  takes(history(signThinking("hm")));
  refuses(history(""), /cannot be modified/);
});

test("the headers of all four image formats are read", () => {
  assert.deepEqual(readImageHeader(png(3, 4)), { mediaType: "image/png", width: 3, height: 4 });
  assert.deepEqual(readImageHeader(gif(3, 4)), { mediaType: "image/gif", width: 3, height: 4 });
  assert.deepEqual(readImageHeader(jpeg(3, 4)), { mediaType: "image/jpeg", width: 3, height: 4 });
  assert.deepEqual(readImageHeader(webp("VP8 ", "03000400")), { mediaType: "image/webp", width: 3, height: 4 });
  assert.deepEqual(readImageHeader(webp("VP8L", "02c00000")), { mediaType: "image/webp", width: 3, height: 4 });
  assert.deepEqual(readImageHeader(webp("VP8X", "020000030000")), { mediaType: "image/webp", width: 3, height: 4 });
  for (const bytes of [Buffer.from("BM"), Buffer.from("ffd8ff", "hex"), Buffer.from("ffd8001122334455667788", "hex"), Buffer.alloc(40, "RIFF")]) assert.equal(readImageHeader(bytes), null);
});

test("images are what they say and not too large", () => {
  const one = (block: unknown) => body([user(text("a"), block)]);
  takes(one(image("image/png", png(8_000, 8_000))));
  takes(one({ type: "image", source: { type: "url", url: "https://example.com/a.png" } }));
  refuses(one(image("image/bmp", png(1, 1))), /media_type/);
  refuses(one(image("image/png", Buffer.from("nothing"))), /Could not process image/);
  refuses(one(image("image/jpeg", png(1, 1))), /specified using the image\/jpeg media type, but the image appears to be a image\/png/);
  refuses(one(image("image/png", png(8_001, 1))), /exceed max allowed size: 8000 pixels/);
  refuses(body([user(text("a")), assistant(use("t1")), user(result("t1", [image("image/png", png(1, 8_001))]))], { tools: [tool] }), /8000 pixels/);
  const many = (side: number) => body([user(...Array.from({ length: 21 }, () => image("image/gif", gif(side, side))))]);
  takes(many(2_000));
  refuses(many(2_001), /many-image requests: 2000 pixels/);
});

test("a prompt longer than the window is refused, its base64 not counted", () => {
  const long = (characters: number) => findViolation(body([user(text("x".repeat(characters)))]), { outputTokensMax: 100, promptTokensMax: 1_000 });
  assert.equal(long(3_800), null);
  assert.match(long(4_000) ?? "", /^prompt is too long: \d+ tokens > 1000 maximum$/);
  const pdf = { type: "document", source: { type: "base64", media_type: "application/pdf", data: "A".repeat(50_000) } };
  assert.equal(findViolation(body([user(pdf)]), { outputTokensMax: 100, promptTokensMax: 2_000 }), null);
});

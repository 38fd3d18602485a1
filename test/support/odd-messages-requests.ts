/** Requests for a message each of which has one field that is wrong, and that field: for its parser, and for the server. */

/** An image and a document of a few bytes. */
export const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
export const pdf = Buffer.from("%PDF-1.4\n%%EOF\n").toString("base64");

const hi = { role: "user", content: "hi" };
const ask = (more: object): object => ({ model: "opus", max_tokens: 1_024, messages: [hi], ...more });
const said = (...content: unknown[]): object => ask({ messages: [{ role: "user", content }] });
const answered = (...content: unknown[]): object => ask({ messages: [hi, { role: "assistant", content }, hi] });
const image = (source: unknown): object => said({ type: "image", source });
const document = (source: unknown): object => said({ type: "document", source });
const call = { type: "tool_use", id: "toolu_1", name: "look", input: {} };
const tool = { name: "look", input_schema: { type: "object", properties: {} } };
const result = (more: object): object => ask({ messages: [hi, { role: "assistant", content: [call] }, { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "wet", ...more }] }] });
const search = (more: object): object => ask({ tools: [{ type: "web_search_20250305", name: "web_search", ...more }] });

export const oddMessagesRequests: readonly (readonly [what: string, body: object, field: string])[] = [
  ["an array", [], "body"],
  ["no messages", ask({ messages: undefined }), "messages"],
  ["messages: none", ask({ messages: [] }), "messages"],
  ["messages: a string", ask({ messages: "hi" }), "messages"],
  ["messages: nothing but white space", ask({ messages: [{ role: "user", content: " \n" }] }), "messages"],
  ["messages: 10,001", ask({ messages: Array.from({ length: 10_001 }, () => hi) }), "messages"],
  ["a message: null", ask({ messages: [hi, null] }), "messages[1]"],
  ["no role", ask({ messages: [{ content: "hi" }] }), "messages[0].role"],
  ["the role tool", ask({ messages: [{ role: "tool", content: "hi" }] }), "messages[0].role"],
  ["the role __proto__", ask({ messages: [{ role: "__proto__", content: "hi" }] }), "messages[0].role"],
  ["no content", ask({ messages: [{ role: "user" }] }), "messages[0].content"],
  ["content: an object", ask({ messages: [{ role: "user", content: { type: "text", text: "hi" } }] }), "messages[0].content"],
  ["a block: a number", said(3), "messages[0].content[0]"],
  ["a block without a type", said({ text: "hi" }), "messages[0].content[0].type"],
  ["a block of an unknown type", said({ type: "hologram" }), "messages[0].content[0].type"],
  ["a block of the type constructor", said({ type: "constructor" }), "messages[0].content[0].type"],
  ["a call of the user's", said(call), "messages[0].content[0].type"],
  ["a file for a container", said({ type: "container_upload", file_id: "file_1" }), "messages[0].content[0].type"],
  ["text: a number", said({ type: "text", text: 3 }), "messages[0].content[0].text"],

  ["an image without a source", said({ type: "image" }), "messages[0].content[0].source"],
  ["an image's source without a type", image({ data: png }), "messages[0].content[0].source.type"],
  ["an image that is stored elsewhere", image({ type: "file", file_id: "file_1" }), "messages[0].content[0].source.type"],
  ["an image that is no base64", image({ type: "base64", media_type: "image/png", data: "?" }), "messages[0].content[0].source.data"],
  ["an image of another kind", image({ type: "base64", media_type: "image/tiff", data: "aGVsbG8=" }), "messages[0].content[0].source.data"],
  ["an image by no URL", image({ type: "url", url: "ftp://example.com/a.png" }), "messages[0].content[0].source.url"],
  ["a document that is no PDF", document({ type: "base64", media_type: "text/html", data: "aGk=" }), "messages[0].content[0].source.data"],
  ["a document that is stored elsewhere", document({ type: "file", file_id: "file_1" }), "messages[0].content[0].source.type"],
  ["a document by no URL", document({ type: "url", url: "file:///etc/passwd" }), "messages[0].content[0].source.url"],
  ["a document of no text", document({ type: "text", media_type: "text/plain", data: " " }), "messages[0].content[0].source.data"],
  ["a document of no blocks", document({ type: "content", content: [] }), "messages[0].content[0].source.content"],
  ["a document of other blocks", document({ type: "content", content: [{ type: "document" }] }), "messages[0].content[0].source.content[0].type"],
  ["a document's title: a number", said({ type: "document", source: { type: "text", data: "a" }, title: 3 }), "messages[0].content[0].title"],
  ["a document's citations: a word", said({ type: "document", source: { type: "text", data: "a" }, citations: { enabled: "yes" } }), "messages[0].content[0].citations.enabled"],
  ["a search result without a title", said({ type: "search_result", source: "s", content: [] }), "messages[0].content[0].title"],
  ["a search result of nothing", said({ type: "search_result", source: "s", title: "t", content: [] }), "messages[0].content[0].content"],
  ["a search result of images", said({ type: "search_result", source: "s", title: "t", content: [{ type: "image" }] }), "messages[0].content[0].content[0].type"],

  ["a result without its call", ask({ messages: [{ role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "x" }] }] }), "messages[0].content[0].tool_use_id"],
  ["a result of no call", result({ tool_use_id: undefined }), "messages[2].content[0].tool_use_id"],
  ["a result that is a document's reference", result({ content: [{ type: "tool_reference", tool_name: "look" }] }), "messages[2].content[0].content[0].type"],
  ["an image in an error", result({ is_error: true, content: [{ type: "image", source: { type: "base64", media_type: "image/png", data: png } }] }), "messages[2].content[0].content"],
  ["is_error: a word", result({ is_error: "yes" }), "messages[2].content[0].is_error"],
  ["a call without its result", answered(call), "messages[1].content"],
  ["two calls of one id", answered(call, call), "messages[1].content"],
  ["a call without an id", answered({ ...call, id: undefined }), "messages[1].content[0].id"],
  ["a call without a name", answered({ ...call, name: undefined }), "messages[1].content[0].name"],
  ["a call's input: a string", answered({ ...call, input: "{}" }), "messages[1].content[0].input"],
  ["an image of the assistant's", answered({ type: "image", source: { type: "base64", data: png } }), "messages[1].content[0].type"],
  ...["mcp_tool_use", "code_execution_tool_result", "web_fetch_tool_result"].map((type) => [`what a tool of Anthropic's did: ${type}`, answered({ type, id: "a", tool_use_id: "a" }), "messages[1].content[0].type"] as const),
  ["encrypted thinking without it", answered({ type: "redacted_thinking" }), "messages[1].content[0].data"],

  ["model: a number", ask({ model: 3 }), "model"],
  ["a model's name of 257 characters", ask({ model: "m".repeat(257) }), "model"],
  ["system: a number", ask({ system: 3 }), "system"],
  ["system: an image", ask({ system: [{ type: "image" }] }), "system[0].type"],
  ["a message of the system's with an image", ask({ messages: [hi, { role: "system", content: [{ type: "image" }] }] }), "messages[1].content[0].type"],
  ["stream: a word", ask({ stream: "yes" }), "stream"],
  ["max_tokens: 0", ask({ max_tokens: 0 }), "max_tokens"],
  ["max_tokens: a string", ask({ max_tokens: "9" }), "max_tokens"],
  ["temperature: 1.5", ask({ temperature: 1.5 }), "temperature"],
  ["top_p: -1", ask({ top_p: -1 }), "top_p"],
  ["top_k: a fraction", ask({ top_k: 1.5 }), "top_k"],
  ["stop_sequences: a string", ask({ stop_sequences: "END" }), "stop_sequences"],
  ["stop_sequences: [null]", ask({ stop_sequences: ["END", null] }), "stop_sequences[1]"],
  ["stop_sequences: 101", ask({ stop_sequences: Array.from({ length: 101 }, () => "END") }), "stop_sequences"],
  ["a stop sequence of 1,001 characters", ask({ stop_sequences: ["x".repeat(1_001)] }), "stop_sequences[0]"],

  ["thinking: true", ask({ thinking: true }), "thinking"],
  ["thinking of an unknown type", ask({ thinking: { type: "deep" } }), "thinking.type"],
  ["thinking without a type", ask({ thinking: { budget_tokens: 2_048 } }), "thinking.type"],
  ["thinking without a budget", ask({ thinking: { type: "enabled" } }), "thinking.budget_tokens"],
  ["thinking with 1,023 tokens", ask({ thinking: { type: "enabled", budget_tokens: 1_023 } }), "thinking.budget_tokens"],
  ["thinking that is told in another way", ask({ thinking: { type: "adaptive", display: "updates" } }), "thinking.display"],
  ["output_config: a word", ask({ output_config: "high" }), "output_config"],
  ["an unknown effort", ask({ output_config: { effort: "constructor" } }), "output_config.effort"],
  ["a format of another type", ask({ output_config: { format: { type: "xml" } } }), "output_config.format.type"],
  ["a format without its schema", ask({ output_config: { format: { type: "json_schema" } } }), "output_config.format.schema"],
  ["an older format without its schema", ask({ output_format: { type: "json_schema" } }), "output_format.schema"],

  ["tools: an object", ask({ tools: {} }), "tools"],
  ["a tool: null", ask({ tools: [null] }), "tools[0]"],
  ["a tool without a name", ask({ tools: [{ input_schema: {} }] }), "tools[0].name"],
  ["a tool with an empty name", ask({ tools: [{ ...tool, name: "" }] }), "tools[0].name"],
  ["a tool's description: a number", ask({ tools: [{ ...tool, description: 3 }] }), "tools[0].description"],
  ["a tool's schema: a string", ask({ tools: [{ ...tool, input_schema: "object" }] }), "tools[0].input_schema"],
  ["strict: a word", ask({ tools: [{ ...tool, strict: "yes" }] }), "tools[0].strict"],
  ["a tool that only code may call", ask({ tools: [{ ...tool, allowed_callers: ["code_execution_20260120"] }] }), "tools[0].allowed_callers"],
  ["two tools of one name", ask({ tools: [tool, { ...tool, description: "Other." }] }), "tools[1]"],
  ...["bash_20250124", "text_editor_20250728", "computer_20251124", "memory_20250818", "code_execution_20250825", "web_fetch_20250910", "tool_search_tool_regex_20251119", "mcp_toolset"]
    .map((type) => [`a tool of Anthropic's: ${type}`, ask({ tools: [tool, { type, name: "x" }] }), "tools[1].type"] as const),
  ["a search of the web that is not allowed", search({}), "tools[0].type"],
  ["tool_choice: a word nobody knows", ask({ tools: [tool], tool_choice: "perhaps" }), "tool_choice"],
  ["tool_choice: a type nobody knows", ask({ tools: [tool], tool_choice: { type: "required" } }), "tool_choice.type"],
  ["tool_choice: any, of none", ask({ tool_choice: { type: "any" } }), "tool_choice"],
  ["tool_choice: a tool without a name", ask({ tools: [tool], tool_choice: { type: "tool" } }), "tool_choice.name"],
  ["tool_choice: a tool that is not there", ask({ tools: [tool], tool_choice: { type: "tool", name: "see" } }), "tool_choice"],
  ["tool_choice: once, in words", ask({ tools: [tool], tool_choice: { type: "auto", disable_parallel_tool_use: "yes" } }), "tool_choice.disable_parallel_tool_use"],
  ["MCP servers", ask({ mcp_servers: [{ type: "url", name: "x", url: "https://example.com" }] }), "mcp_servers"],
  ["a thread: a word", ask({ thread: "create" }), "thread"],
  ["a thread of another type", ask({ thread: { type: "fork" } }), "thread.type"],
  ["a container", ask({ container: "container_1" }), "container"],
];

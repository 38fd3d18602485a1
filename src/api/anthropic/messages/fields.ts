import type { FieldTreatment } from "../../field-treatment.ts";

const noted = "the API's own; left out where the model refuses it";
const whereNoThinking = `without thinking, else left out: the API takes none then; ${noted}`;

/** Every field of a request to the Messages API, its betas' too. A field that is not listed is ignored. */
export const messagesFields: readonly FieldTreatment[] = [
  { name: "model", treatment: "honoured", note: "see `/v1/models`; missing: `--default-model`; unknown: 404; the "
    + "answer has the id that the API told" },
  { name: "messages", treatment: "honoured", note: "roles `user`, `assistant` and `system`; text, `image` (base64 or "
    + "URL), `document` (PDF as base64 or by URL, text, blocks), `search_result`, `tool_use`, `tool_result` with "
    + "images and `is_error`, `thinking` and `redacted_thinking`, the web search's own blocks where the request has "
    + "that tool (left out: a search without its result, as a paused answer may have); a `file` source and any other "
    + "block, such as those of Anthropic's other tools, is a 400; ignored: `cache_control`, `citations` of an earlier "
    + "text, `thinking` without a `signature`, blank text and messages of nothing else (the API refuses it); text "
    + "beside a call's result stands behind it; a document of text is `text/plain`, whatever it says; behind a "
    + "trailing `assistant` message stands a short request to go on (current models take no prefill); a whole number "
    + "in an `input` that JavaScript would round is told as a string of its digits" },
  { name: "system", treatment: "honoured", note: "a string, or text blocks; left out: Claude Code's line "
    + "`x-anthropic-billing-header: …` in a block of its own (the CLI here has its own)" },
  { name: "max_tokens", treatment: "honoured", note: "missing: as the CLI does; 0 is a 400 (nothing is cached ahead); "
    + "up to 1,024 turns thinking off; a call that it cuts has the `input` `{}` in a whole answer" },
  { name: "stream", treatment: "honoured", note: "the API's events; a `ping` after each `--heartbeat` of silence" },
  { name: "tools", treatment: "honoured", note: "custom ones, with their `input_schema` and `strict`; "
    + "`web_search_…` with `--allow-web-search`, whatever its date as that of 2025-03-05; any other that Anthropic "
    + "defines is a 400 that names it; ignored: `cache_control`, `input_examples`, `defer_loading` (the model sees "
    + "all), `eager_input_streaming`" },
  { name: "tool_choice", treatment: "honoured", note: "`auto`, `any`, `tool`, `none`, `disable_parallel_tool_use`; "
    + "`none` takes the search of the web away too, and earlier searches out of the history; "
    + "beside `thinking` words ask for the call that it demands" },
  { name: "thinking", treatment: "honoured", note: "`disabled`, `adaptive`, `enabled` with its `budget_tokens` (the "
    + "CLI keeps it below `max_tokens`), `display` (missing: `summarized`; in place of `omitted` CLI 2.1.330 asks for "
    + "its own `updates`, which is less than the thoughts); missing: off, as the API has it, unless an `--alias` sets "
    + "it" },
  { name: "output_config", treatment: "honoured", note: "`effort`; `format` as a chat request's `json_schema`; "
    + "ignored: `task_budget`" },
  { name: "output_format", treatment: "honoured", note: "the same as `output_config.format`" },
  { name: "stop_sequences", treatment: "honoured", note: "the API ends the answer; at white space alone, which it does "
    + "not take, this server does: then the usage is an estimate" },
  { name: "temperature", treatment: "honoured", note: whereNoThinking },
  { name: "top_p", treatment: "honoured", note: whereNoThinking },
  { name: "top_k", treatment: "honoured", note: whereNoThinking },
  {
    name: "mcp_servers", treatment: "refused", note: "serve their tools as your own",
    example: [{ type: "url", name: "x", url: "https://example.com" }],
  },
  { name: "container", treatment: "refused", note: "no code is run for the model", example: "container_1" },
  {
    name: "cache_control", treatment: "ignored", note: "wherever it stands: the CLI marks what is cached, for an hour",
    example: { type: "ephemeral" },
  },
  {
    name: "context_management", treatment: "ignored", note: "the whole history goes up",
    example: { edits: [{ type: "clear_tool_uses_20250919" }] },
  },
  { name: "metadata", treatment: "ignored", note: "the CLI has its own", example: { user_id: "someone" } },
  {
    name: "service_tier", treatment: "ignored", note: "the answer's `usage` has what the API told",
    example: "standard_only",
  },
  {
    name: "thread", treatment: "ignored",
    note: "threads are not stored: one that is created is answered, and one that is continued gets a 404 "
      + "`thread_not_found`, upon which Anthropic's SDK sends the whole of it",
    example: { type: "create" },
  },
  { name: "compaction", treatment: "ignored", note: "the whole history goes up", example: { type: "enabled" } },
  { name: "fallbacks", treatment: "ignored", note: "no other model is asked", example: [{ model: "claude-x" }] },
  { name: "diagnostics", treatment: "ignored", note: "", example: { previous_message_id: "msg_1" } },
  { name: "inference_geo", treatment: "ignored", note: "", example: "us" },
  { name: "speed", treatment: "ignored", note: "", example: "fast" },
];

import { choiceNote } from "../settings.ts";
import type { FieldTreatment } from "../../field-treatment.ts";

/** Every field of OpenAI's `CreateResponse`. A field that is not listed is ignored. */
export const responsesFields: readonly FieldTreatment[] = [
  { name: "model", treatment: "honoured", note: "as for chat" },
  { name: "input", treatment: "honoured", note: "a string or items: messages (text, images, PDFs), calls of the "
    + "client's tools and their outputs, `item_reference`; ignored are `compaction`, thoughts of another provider's "
      + "or another model's, and calls of tools "
      + "that OpenAI ran itself (`file_search_call`…); 400 for others, and for a file in an output" },
  { name: "messages", treatment: "honoured", note: "of chat: where `input` is missing" },
  { name: "instructions", treatment: "honoured", note: "before the input's own system and developer messages" },
  { name: "previous_response_id", treatment: "honoured", note: "of a response that is stored" },
  { name: "store", treatment: "honoured", note: "in memory, until the server ends or they are deleted: the 1,000 used "
    + "last, 128 MB at most; with `--state-dir` on disk, within its limits; `false` keeps nothing" },
  { name: "stream", treatment: "honoured", note: "" },
  { name: "tools", treatment: "honoured", note: "functions; custom tools, whose grammar is told in words; `strict` as "
    + "for chat; `namespace`s of both (their own description is ignored), and those that stand in an "
      + "`additional_tools` or `tool_search_output` item; `tool_search` with `execution: \"client\"`; those that "
      + "OpenAI runs itself (`file_search`…) are passed over, `web_search` too without `--allow-web-search`; with it "
      + "as for chat, but not beside `allowed_tools` without it, and a search comes as a `web_search_call`, which is "
      + "known again from a stored response" },
  {
    name: "tool_choice", treatment: "honoured",
    note: choiceNote("`none`, `auto`, `required`, a function, a custom tool, `allowed_tools`, with "
      + "`--allow-web-search` also `{type: \"web_search\"}`; 400 for other tools of OpenAI's"),
  },
  { name: "parallel_tool_calls", treatment: "honoured", note: "`false`: one call an answer" },
  { name: "text", treatment: "honoured", note: "its `format`, as `response_format` for chat; `verbosity` is ignored" },
  {
    name: "reasoning", treatment: "honoured",
    note: "its `effort`, as for chat; thoughts come as summaries, whatever `summary` says",
  },
  { name: "max_output_tokens", treatment: "honoured", note: "up to 1,024 turns thinking off" },
  { name: "max_completion_tokens", treatment: "honoured", note: "of chat: where `max_output_tokens` is missing" },
  { name: "max_tokens", treatment: "honoured", note: "of chat: where the other two are missing" },
  { name: "background", treatment: "refused", note: "`true`", example: true },
  { name: "conversation", treatment: "refused", note: "", example: "conv_1" },
  { name: "prompt", treatment: "refused", note: "", example: { id: "pmpt_1" } },
  { name: "moderation", treatment: "refused", note: "", example: { model: "omni-moderation-latest" } },
  { name: "top_logprobs", treatment: "refused", note: "more than 0", example: 3 },
  {
    name: "include", treatment: "refused",
    note: "`message.output_text.logprobs`; `reasoning.encrypted_content` is honoured: a thought that comes back so "
      + "is told to the model again; the rest is ignored",
    example: ["message.output_text.logprobs"],
  },
  { name: "temperature", treatment: "honoured", note: "as for chat" },
  { name: "top_p", treatment: "honoured", note: "as for chat" },
  { name: "top_k", treatment: "honoured", note: "as for chat" },
  { name: "truncation", treatment: "ignored", note: "", example: "auto" },
  {
    name: "max_tool_calls", treatment: "ignored", example: 3,
    note: "it is of OpenAI's own tools; of `web_search`, with `--allow-web-search`, it is honoured",
  },
  { name: "metadata", treatment: "ignored", note: "", example: { a: "b" } },
  { name: "service_tier", treatment: "ignored", note: "the response says `default`", example: "flex" },
  { name: "stream_options", treatment: "ignored", note: "", example: { include_obfuscation: false } },
  { name: "user", treatment: "ignored", note: "", example: "someone" },
  { name: "safety_identifier", treatment: "ignored", note: "", example: "someone" },
  { name: "prompt_cache_key", treatment: "ignored", note: "", example: "key" },
  { name: "prompt_cache_retention", treatment: "ignored", note: "", example: "24h" },
  { name: "prompt_cache_options", treatment: "ignored", note: "", example: { mode: "explicit" } },
  {
    name: "context_management", treatment: "ignored", note: "",
    example: [{ type: "compaction", compact_threshold: 1000 }],
  },
  { name: "image", treatment: "ignored", note: "", example: { context_compression: "disabled" } },
  { name: "access_programs", treatment: "ignored", note: "", example: { cyber: "standard" } },
];

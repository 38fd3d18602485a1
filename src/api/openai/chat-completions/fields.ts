import { ignoredKeywords } from "../schema-keywords.ts";
import { formats, toldKeywords } from "../../../schema/compiled.ts";
import { codeWords, type FieldTreatment } from "../../field-treatment.ts";
import { choiceNote, samplingNote, topPNote } from "../settings.ts";

/**
 * Every field of OpenAI's `CreateChatCompletionRequest`, and the most common fields of other providers' chat requests.
 * A field that is not listed is ignored.
 */
export const chatFields: readonly FieldTreatment[] = [
  { name: "model", treatment: "honoured", note: "see `/v1/models`; missing: `--default-model`; unknown: 404" },
  { name: "messages", treatment: "honoured", note: "all roles; text, images (data URL or http(s) URL), PDFs "
    + "(`file_data`); ignored in a message: `name`, and reasoning without Claude's signature "
    + "(`thinking_blocks`, `reasoning_details` and Anthropic's parts have it); a whole number in the arguments "
    + "of an earlier call that JavaScript would round (an id of 19 digits) is told as a string of its digits" },
  { name: "input", treatment: "honoured", note: "of `/v1/responses`: where `messages` are missing" },
  { name: "instructions", treatment: "honoured", note: "of `/v1/responses`: before the system messages" },
  { name: "system", treatment: "honoured", note: "of Anthropic's Messages: before the system messages" },
  { name: "stream", treatment: "honoured", note: "" },
  { name: "stream_options", treatment: "honoured", note: "`include_usage`" },
  { name: "tools", treatment: "honoured", note: "functions; served to the model as real tools; `strict`: the API holds "
    + "calls to the schema as an answer to that of `response_format`, where it takes it, but not beside an answer that "
    + "a tool of the CLI's gives, with tools of more than 100 kB (on Windows 30 kB), or under a managed policy; "
    + "schemas of older drafts and of OpenAPI become JSON Schema 2020-12, or a 400 that names the tool; names of tools "
    + "and of properties that the API does not take are others upstream" },
  {
    name: "tool_choice", treatment: "honoured",
    note: choiceNote("`none`, `auto`, `required`, named, `allowed_tools`"),
  },
  { name: "parallel_tool_calls", treatment: "honoured", note: "`false`: one call an answer" },
  { name: "functions", treatment: "honoured", note: "deprecated; answered with `function_call`" },
  { name: "function_call", treatment: "honoured", note: "deprecated" },
  { name: "response_format", treatment: "honoured", note: "`text`, `json_object`, `json_schema`; `name` and `strict` "
    + "are ignored; not held where `tool_choice` demands a call; the API holds the answer to a `json_schema`, with "
    + "objects and tuples closed, but for what the model is told in words: "
    + `${codeWords(toldKeywords)}, which one of \`oneOf\` it is, \`minItems\` above 1, a \`pattern\` that looks `
    + `around, other \`format\`s than ${codeWords(formats)}; a tool of the CLI's is used in its place for `
    + "`json_object`, for a schema that the API does not take (it is recursive, has an object of any properties or a "
    + "value of any type, an `allOf`, `if`, `patternProperties`; or comes to more than 100 kB, on Windows 30 kB), and "
    + `under a managed policy: there \`format\` is told in words, and ${codeWords(ignoredKeywords)} are ignored` },
  { name: "max_tokens", treatment: "honoured", note: "up to 1,024 turns thinking off" },
  { name: "max_completion_tokens", treatment: "honoured", note: "wins over `max_tokens`" },
  { name: "max_output_tokens", treatment: "honoured", note: "of `/v1/responses`: where the other two are missing" },
  { name: "stop", treatment: "honoured", note: "up to 4; the API ends the answer; at white space alone, which it does "
    + "not take, this server does: then the usage is an estimate" },
  {
    name: "reasoning_effort", treatment: "honoured",
    note: "`none` turns thinking off; `minimal` is `low`; unknown words are ignored; the thoughts, as the API sums "
      + "them up, are `reasoning_content`",
  },
  { name: "reasoning", treatment: "honoured", note: "its `effort`" },
  {
    name: "thinking", treatment: "honoured",
    note: "`{type: \"disabled\"}`, `{type: \"adaptive\"}` (by the model's own judgement, or its usual budget) or a "
      + "`budget_tokens`; fewer than 1,024 are 1,024; a model with adaptive thinking only ignores the number: it "
      + "decides for itself how long it thinks; a model that thinks with a budget goes on without thinking where a new "
      + "process is told a tool loop and its thoughts did not come back",
  },
  { name: "n", treatment: "refused", note: "more than 1", example: 2 },
  { name: "logprobs", treatment: "refused", note: "`true`", example: true },
  { name: "top_logprobs", treatment: "refused", note: "more than 0", example: 3 },
  { name: "modalities", treatment: "refused", note: "other than text", example: ["text", "audio"] },
  { name: "audio", treatment: "refused", note: "", example: { voice: "alloy", format: "mp3" } },
  {
    name: "web_search_options", treatment: "refused", example: {},
    note: "but with `--allow-web-search` the model searches the web, by its `user_location`, and the sources are "
      + "`url_citation` annotations; not beside `response_format` or `tool_choice: \"none\"`; `tool_choice` can "
      + "demand it (`{type: \"web_search\"}`, or `required` where there is nothing else to call); "
      + "a conversation that turns it on or off is told to another process; what was found is known while the "
      + "conversation's process lives, and then the answer's words alone",
  },
  { name: "moderation", treatment: "refused", note: "", example: {} },
  { name: "temperature", treatment: "honoured", note: samplingNote("above 1 is 1") },
  { name: "top_p", treatment: "honoured", note: samplingNote(topPNote) },
  { name: "top_k", treatment: "honoured", note: samplingNote() },
  { name: "frequency_penalty", treatment: "ignored", note: "", example: 0.5 },
  { name: "presence_penalty", treatment: "ignored", note: "", example: 0.5 },
  { name: "seed", treatment: "ignored", note: "", example: 7 },
  { name: "logit_bias", treatment: "ignored", note: "", example: { 50256: -100 } },
  { name: "verbosity", treatment: "ignored", note: "", example: "low" },
  { name: "service_tier", treatment: "ignored", note: "the answer says `default`", example: "flex" },
  { name: "store", treatment: "ignored", note: "nothing is stored", example: true },
  { name: "metadata", treatment: "ignored", note: "", example: { a: "b" } },
  { name: "user", treatment: "ignored", note: "", example: "someone" },
  { name: "safety_identifier", treatment: "ignored", note: "", example: "someone" },
  { name: "prompt_cache_key", treatment: "ignored", note: "", example: "key" },
  { name: "prompt_cache_retention", treatment: "ignored", note: "", example: "24h" },
  { name: "prediction", treatment: "ignored", note: "", example: { type: "content", content: "text" } },
];

import type { FieldTreatment } from "../../field-treatment.ts";
import { samplingNote, topPNote } from "../settings.ts";

/** Every field of OpenAI's `CreateCompletionRequest`, and two of other providers'. A field not listed is ignored. */
export const completionFields: readonly FieldTreatment[] = [
  { name: "model", treatment: "honoured", note: "as for chat" },
  { name: "prompt", treatment: "honoured", note: "one text, told as the user's message; tokens: a 400" },
  { name: "suffix", treatment: "honoured", note: "the model is asked for what is between the two; blank: none" },
  { name: "stream", treatment: "honoured", note: "" },
  { name: "stream_options", treatment: "honoured", note: "`include_usage`" },
  { name: "max_tokens", treatment: "honoured", note: "missing: as the CLI does, where OpenAI's default is 16" },
  { name: "stop", treatment: "honoured", note: "as for chat" },
  { name: "temperature", treatment: "honoured", note: samplingNote("above 1 is 1") },
  { name: "top_p", treatment: "honoured", note: samplingNote(topPNote) },
  { name: "top_k", treatment: "honoured", note: samplingNote() },
  { name: "reasoning_effort", treatment: "honoured", note: "as for chat; missing: the model does not think, unless an "
    + "`--alias` sets it" },
  { name: "echo", treatment: "honoured", note: "the prompt stands before the answer" },
  { name: "n", treatment: "refused", note: "more than 1", example: 2 },
  { name: "best_of", treatment: "refused", note: "more than 1", example: 2 },
  { name: "logprobs", treatment: "refused", note: "`false` asks for none", example: 0 },
  { name: "presence_penalty", treatment: "ignored", note: "", example: 1 },
  { name: "frequency_penalty", treatment: "ignored", note: "", example: 1 },
  { name: "logit_bias", treatment: "ignored", note: "", example: { 50256: -100 } },
  { name: "seed", treatment: "ignored", note: "", example: 7 },
  { name: "user", treatment: "ignored", note: "", example: "someone" },
];

import type { Dialect } from "../../dialect.ts";
import { windowHeaders } from "../../window-headers.ts";
import { openAiFailure } from "../errors.ts";
import { type CompletionRequest, parseCompletionRequest } from "./request.ts";
import { CompletionStream, WholeCompletion } from "./response.ts";

/** `POST /v1/completions`. */
export const completions: Dialect<CompletionRequest> = {
  parse: (body, { defaultModel }) => parseCompletionRequest(body, defaultModel),
  stream: (request, identity) => new CompletionStream(identity, request),
  whole: (request, identity) => new WholeCompletion(identity, request),
  failure: openAiFailure,
  windowHeaders,
};

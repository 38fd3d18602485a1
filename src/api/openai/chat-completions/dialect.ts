import { bodyOfPieces } from "../../body.ts";
import { answerWithClientKeys, streamWithClientKeys } from "../../client-keys.ts";
import type { AnswerIdentity, Dialect } from "../../dialect.ts";
import { windowHeaders } from "../../window-headers.ts";
import { numberFields } from "../arguments.ts";
import { openAiFailure } from "../errors.ts";
import { systemFingerprint } from "../usage.ts";
import { type ChatRequest, parseChatRequest } from "./request.ts";
import { type ChatIdentity, ChatStream } from "./response.ts";
import { ChatAnswer } from "./whole-answer.ts";

/** `POST /v1/chat/completions`. */
export const chatCompletions: Dialect<ChatRequest> = {
  numberFields,
  parse: (body, { defaultModel, allowsWebSearch }) => parseChatRequest(body, defaultModel, allowsWebSearch),
  stream: (request, identity) =>
    streamWithClientKeys(new ChatStream(chatIdentity(request, identity), request), request.names),
  whole: (request, identity) => {
    const answer = new ChatAnswer(chatIdentity(request, identity), request);
    return answerWithClientKeys(
      { take: (events) => answer.take(events), release: () => bodyOfPieces(answer.release()) }, request.names,
    );
  },
  failure: openAiFailure,
  windowHeaders,
};

function chatIdentity({ model }: ChatRequest, { token, createdAt, cliVersion }: AnswerIdentity): ChatIdentity {
  return { id: `chatcmpl-${token}`, created: createdAt, model, systemFingerprint: systemFingerprint(cliVersion) };
}

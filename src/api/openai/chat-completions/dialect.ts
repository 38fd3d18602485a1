import { bodyOfPieces } from "../../body.ts";
import { answerWithClientKeys, streamWithClientKeys } from "../../client-keys.ts";
import type { AnswerFold, AnswerIdentity, Dialect } from "../../dialect.ts";
import { windowHeaders } from "../../window-headers.ts";
import { numberFields } from "../arguments.ts";
import { openAiFailure } from "../errors.ts";
import { systemFingerprint } from "../usage.ts";
import { answerWithMessage, streamWithMessage } from "../sessions/answer-message.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { type ChatRequest, parseChatRequest } from "./request.ts";
import { type ChatIdentity, ChatStream } from "./response.ts";
import { ChatAnswer } from "./whole-answer.ts";

/** `POST /v1/chat/completions`. A request that names a session goes on with it. */
export function chatCompletions(sessions: Sessions): Dialect<ChatRequest> {
  return {
    numberFields,
    parse: (body, { defaultModel, allowsWebSearch, header }) => {
      const found = sessions.find(header);
      const { growth, ...request } = parseChatRequest(body, defaultModel, allowsWebSearch, found);
      if (found === undefined) return request;
      const session = sessions.claim(found.id, growth);
      return { ...request, session, release: () => session.release() };
    },
    stream: (request, identity) => {
      const stream = new ChatStream(chatIdentity(request, identity), request);
      const { session, names } = request;
      const kept = session === undefined
        ? stream
        : streamWithMessage(stream, request, (message) => session.keep(message));
      return streamWithClientKeys(kept, names);
    },
    whole: (request, identity) => {
      const answer = new ChatAnswer(chatIdentity(request, identity), request);
      const fold: AnswerFold = {
        take: (events) => answer.take(events),
        release: () => bodyOfPieces(answer.release()),
      };
      const { session, names } = request;
      const kept = session === undefined ? fold : answerWithMessage(fold, request, (message) => session.keep(message));
      return answerWithClientKeys(kept, names);
    },
    failure: openAiFailure,
    windowHeaders,
  };
}

function chatIdentity({ model }: ChatRequest, { token, createdAt, cliVersion }: AnswerIdentity): ChatIdentity {
  return { id: `chatcmpl-${token}`, created: createdAt, model, systemFingerprint: systemFingerprint(cliVersion) };
}

import { bodyOfText } from "../../body.ts";
import type { AnswerFold, AnswerIdentity, Dialect } from "../../dialect.ts";
import { rateLimitHeaders } from "../rate-limit.ts";
import { responsesFailure } from "./failure.ts";
import { parseResponsesRequest, type ResponsesRequest } from "./request.ts";
import { type FinishedResponse, ResponseStream } from "./response.ts";
import type { ResponseStore } from "./store.ts";

/** `POST /v1/responses`; finished responses that clients want kept go to `store`. */
export function responses(store: ResponseStore): Dialect<ResponsesRequest> {
  const streamOf = (
    request: ResponsesRequest, { token, createdAt }: AnswerIdentity, onFinish: (finished: FinishedResponse) => void,
  ): ResponseStream => {
    const id = `resp_${token}`;
    return new ResponseStream({ id, createdAt }, request, (finished) => {
      onFinish(finished);
      if (request.isStored) store.keep({ id, input: request.items, ...finished });
    });
  };
  return {
    parse: (body, { defaultModel }) => parseResponsesRequest(body, defaultModel, store),
    stream: (request, identity) => streamOf(request, identity, () => {}),
    whole: (request, identity) => {
      let finished: FinishedResponse | undefined;
      const stream = streamOf(request, identity, (whole) => {
        finished = whole;
      });
      return wholeOf(stream, () => finished);
    },
    failure: responsesFailure,
    windowHeaders: rateLimitHeaders,
  };
}

/** The stream's own end holds the response as it is given in one piece. */
function wholeOf(stream: ResponseStream, finished: () => FinishedResponse | undefined): AnswerFold {
  return {
    take: (events) => {
      stream.encode(events);
    },
    release: () => {
      const whole = finished();
      if (whole === undefined) throw new Error("The turn ended without a finish.");
      return bodyOfText(whole.body);
    },
  };
}

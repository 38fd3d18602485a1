import { bodyOfText } from "../../body.ts";
import { streamWithClientKeys } from "../../client-keys.ts";
import type { AnswerFold, AnswerIdentity, Dialect, WireStream } from "../../dialect.ts";
import { windowHeaders } from "../../window-headers.ts";
import { numberFields } from "../arguments.ts";
import { responsesFailure } from "./failure.ts";
import { parseResponsesRequest, type ResponsesRequest } from "./request.ts";
import { ResponseStream } from "./response.ts";
import type { FinishedResponse } from "./response-style.ts";
import type { ResponseStore } from "./store.ts";

/** `POST /v1/responses`. Finished responses are put into `store`, unless the client set `store` to false. */
export function responses(store: ResponseStore): Dialect<ResponsesRequest> {
  const streamOf = (
    request: ResponsesRequest, { token, createdAt }: AnswerIdentity, onFinish: (finished: FinishedResponse) => void,
  ): WireStream => {
    const id = `resp_${token}`;
    const stream = new ResponseStream({ id, createdAt }, request, (finished) => {
      onFinish(finished);
      if (request.isStored) store.keep({ id, input: request.items, ...finished });
    });
    return streamWithClientKeys(stream, request.names);
  };
  return {
    numberFields,
    parse: (body, { defaultModel, allowsWebSearch }) =>
      parseResponsesRequest(body, defaultModel, store, allowsWebSearch),
    stream: (request, identity) => streamOf(request, identity, () => {}),
    whole: (request, identity) => {
      let finished: FinishedResponse | undefined;
      const stream = streamOf(request, identity, (whole) => {
        finished = whole;
      });
      return wholeOf(stream, () => finished);
    },
    failure: (error, { nowMs }) => responsesFailure(error, nowMs),
    windowHeaders,
  };
}

/** Collects a whole answer by encoding it as a stream and keeping only the last event's response object. */
function wholeOf(stream: WireStream, finished: () => FinishedResponse | undefined): AnswerFold {
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

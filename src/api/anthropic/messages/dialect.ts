import { bodyOfPieces } from "../../body.ts";
import { answerWithClientKeys, streamWithClientKeys } from "../../client-keys.ts";
import type { Dialect } from "../../dialect.ts";
import type { NumberFields } from "../../long-numbers.ts";
import { anthropicFailure, requestIdHeader } from "../errors.ts";
import { anthropicWindowHeaders } from "../rate-limit.ts";
import { type MessagesRequest, parseMessagesRequest } from "./request.ts";
import { MessageStream } from "./stream.ts";
import { WholeMessage } from "./whole-message.ts";

/** Calls have their data in `input`. Results are text, so there are no `values`. `schemas` are fields with schemas. */
const numberFields: NumberFields = {
  objects: new Set(["input"]), values: new Set(), schemas: new Set(["tools", "output_config", "output_format"]),
};

/** `POST /v1/messages`. */
export const messages: Dialect<MessagesRequest> = {
  numberFields,
  requestIdHeader,
  parse: parseMessagesRequest,
  stream: (request, { requestId }) => streamWithClientKeys(new MessageStream(request, requestId), request.names),
  whole: (request) => {
    const answer = new WholeMessage(request);
    return answerWithClientKeys(
      { take: (events) => answer.take(events), release: () => bodyOfPieces(answer.release()) }, request.names,
    );
  },
  failure: anthropicFailure,
  windowHeaders: anthropicWindowHeaders,
};

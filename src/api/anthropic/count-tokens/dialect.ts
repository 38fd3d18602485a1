import { jsonLatin1 } from "../../../json-text.ts";
import type { CountDialect } from "../../dialect.ts";
import { messages } from "../messages/dialect.ts";
import type { MessagesRequest } from "../messages/request.ts";

/** The header that says how the count was come by: the CLI counts it, in parts, and not the API the request itself. */
export const countHeader = "x-claude-token-count";

const { numberFields, requestIdHeader, parse, failure } = messages;

/** `POST /v1/messages/count_tokens`: a request for a message, which is not asked. */
export const countTokens: CountDialect<MessagesRequest> = {
  ...(numberFields === undefined ? {} : { numberFields }),
  ...(requestIdHeader === undefined ? {} : { requestIdHeader }),
  parse,
  failure,
  counted: ({ inputTokens }) => jsonLatin1({ input_tokens: inputTokens }),
  headers: { [countHeader]: "estimate" },
};

import { STATUS_CODES, validateHeaderValue } from "node:http";
import type { Duplex } from "node:stream";
import type { ErrorForm } from "../api/dialect.ts";
import { BridgeError } from "../errors.ts";
import { failureOf, newRequestId } from "./respond.ts";

/** How long a client may take to send its whole request, in milliseconds. */
export const requestTimeoutMs = 300_000;
/** The first byte of a TLS connection: the type of a handshake record. */
const tlsHandshake = 0x16;

/** The error of Node's `clientError` event, with the bytes that the HTTP parser failed on. */
export type UnreadableError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer };

/**
 * Answers a request that the HTTP parser could not read, or whose client stopped in the middle of it, and closes the
 * connection. Throws if `errors` throws, or if a header of the answer cannot be sent; the connection is then still
 * open.
 */
export function answerUnreadable(error: UnreadableError, socket: Duplex, errors: ErrorForm): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const answer = rawAnswer(refusalOf(error), errors);
  socket.once("error", () => {});
  socket.end(answer, () => socket.destroy());
}

function refusalOf({ code, rawPacket }: UnreadableError): BridgeError {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return new BridgeError("headers_too_large", "The request's headers are too large.", { field: "headers" });
    case "ERR_HTTP_REQUEST_TIMEOUT": {
      const message = `The request was not complete after ${requestTimeoutMs / 1000} s.`;
      return new BridgeError("request_timeout", message, { field: "body" });
    }
    case "HPE_INVALID_EOF_STATE":
      return new BridgeError("invalid_json", "The request ended before its body was complete.", { field: "body" });
    default: {
      const mend = rawPacket?.[0] === tlsHandshake ? " It looks like TLS: use http:// in place of https://." : "";
      return new BridgeError("invalid_request", `This is not a request that HTTP/1.1 knows.${mend}`);
    }
  }
}

/** Composes a response by hand: after a parser error Node offers no response object. */
function rawAnswer(error: BridgeError, errors: ErrorForm): Buffer {
  const requestId = newRequestId();
  const { status, headers, body: failure } = failureOf(error, errors, requestId);
  const body = Buffer.from(JSON.stringify(failure));
  const all = {
    connection: "close", "x-request-id": requestId,
    ...(errors.requestIdHeader === undefined ? {} : { [errors.requestIdHeader]: requestId }),
    "content-type": "application/json; charset=utf-8", "content-length": String(body.length), ...headers,
  };
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n`;
  for (const [name, value] of Object.entries(all)) {
    validateHeaderValue(name, value);
    head += `${name}: ${value}\r\n`;
  }
  return Buffer.concat([Buffer.from(`${head}\r\n`, "latin1"), body]);
}

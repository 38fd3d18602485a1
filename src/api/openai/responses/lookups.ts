import { BridgeError } from "../../../errors.ts";
import { jsonLatin1 } from "../../../json-text.ts";
import { refuseUnless } from "../../check.ts";
import type { Lookup } from "../../dialect.ts";
import type { ResponseStore } from "./store.ts";

/** `GET /v1/responses/{id}`: returns the stored body, byte for byte. */
export function getResponse(store: ResponseStore): Lookup {
  return ({ parameter, query }) => {
    refuseUnless(
      (query.get("stream") ?? "false") === "false", "stream", "a response is streamed once, to who asked for it.",
    );
    const found = store.find(parameter);
    if (found === undefined) throw notFound(store);
    return found.body;
  };
}

/** `DELETE /v1/responses/{id}`: removes a stored response. */
export function deleteResponse(store: ResponseStore): Lookup {
  return ({ parameter }) => {
    if (!store.delete(parameter)) throw notFound(store);
    return jsonLatin1({ id: parameter, object: "response", deleted: true });
  };
}

/**
 * Refuses `POST /v1/responses/compact`: OpenAI answers it with an encrypted item that only OpenAI can make and read.
 */
export const refuseCompaction: Lookup = () => {
  throw new BridgeError(
    "not_found",
    "Conversations are not compacted here. A client can ask for a summary at /v1/responses and go on from that.",
  );
};

function notFound({ lifetime }: ResponseStore): BridgeError {
  return new BridgeError(
    "not_found", `There is no such response. Unless \`store\` is false, they are kept ${lifetime}.`,
  );
}

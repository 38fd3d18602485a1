import { BridgeError } from "../errors.ts";
import { controlRequestLine, isObject, type JsonObject, optionalString } from "./protocol.ts";

interface Pending {
  readonly subtype: unknown;
  readonly resolve: (response: unknown) => void;
  readonly reject: (error: BridgeError) => void;
}

/** The CLI does not do what a control request asks, or does not know it. */
export class ControlRefused extends BridgeError {}

/** Sends control requests to the CLI and matches its replies by id. Its writer is a function: it knows no process. */
export class ControlChannel {
  readonly #pending = new Map<string, Pending>();
  readonly #write: (line: string) => void;
  #lastId = 0;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  /** Resolves with the reply's `response`. Rejects with a ControlRefused in the CLI's own words, or with the error of
   * `failAll`. */
  request(request: JsonObject): Promise<unknown> {
    const id = `host-${++this.#lastId}`;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { subtype: request["subtype"], resolve, reject });
      this.#write(controlRequestLine(id, request));
    });
  }

  /** Settles the request that a `control_response` answers. A response to no pending request is ignored. */
  settle(message: JsonObject): void {
    const response = message["response"];
    if (!isObject(response)) return;
    const id = optionalString(response["request_id"]);
    const pending = id === undefined ? undefined : this.#pending.get(id);
    if (id === undefined || pending === undefined) return;
    this.#pending.delete(id);
    if (response["subtype"] === "success") pending.resolve(response["response"]);
    else pending.reject(new ControlRefused("cli_failed", `The claude process refused ${String(pending.subtype)}: `
      + `${optionalString(response["error"]) ?? "no reason given"}.`));
  }

  /** Rejects all pending requests. */
  failAll(error: BridgeError): void {
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}

import { BridgeError } from "../errors.ts";
import { controlRequestLine, isObject, type JsonObject, optionalString } from "./protocol.ts";

interface Pending {
  readonly subtype: unknown;
  readonly resolve: (response: unknown) => void;
  readonly reject: (error: BridgeError) => void;
  readonly onRefused: ((error: ControlRefused) => void) | undefined;
}

/** The error of a control request that the CLI refuses or does not know. */
export class ControlRefused extends BridgeError {}

/**
 * Sends control requests to the CLI and matches its replies by id. It writes by a function that it is given, and knows
 * no process.
 */
export class ControlChannel {
  readonly #pending = new Map<string, Pending>();
  readonly #write: (line: string) => void;
  #lastId = 0;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  /**
   * Resolves with the reply's `response`. Rejects with a ControlRefused in the CLI's own words, or with the error of
   * `failAll`. `onRefused` is called while the refusal is read, before the lines behind it.
   */
  request(request: JsonObject, onRefused?: (error: ControlRefused) => void): Promise<unknown> {
    const id = `host-${++this.#lastId}`;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { subtype: request["subtype"], resolve, reject, onRefused });
      this.#write(controlRequestLine(id, request));
    });
  }

  /** Whether a request of one of these subtypes has had no reply, as far as the CLI's output was read. */
  awaits(subtypes: readonly string[]): boolean {
    return [...this.#pending.values()].some(({ subtype }) => subtypes.some((one) => one === subtype));
  }

  /** Settles the request that a `control_response` answers. A response to no pending request is ignored. */
  settle(message: JsonObject): void {
    const response = message["response"];
    if (!isObject(response)) return;
    const id = optionalString(response["request_id"]);
    const pending = id === undefined ? undefined : this.#pending.get(id);
    if (id === undefined || pending === undefined) return;
    this.#pending.delete(id);
    if (response["subtype"] === "success") {
      pending.resolve(response["response"]);
      return;
    }
    const reason = optionalString(response["error"]) ?? "no reason given";
    const words = `The claude process refused ${String(pending.subtype)}: ${reason}.`;
    const refusal = new ControlRefused("cli_failed", words);
    pending.onRefused?.(refusal);
    pending.reject(refusal);
  }

  /** Rejects all pending requests. */
  failAll(error: BridgeError): void {
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}

import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { ErrorForm } from "../api/dialect.ts";

/**
 * The responses that are outstanding on each connection. A client may send requests without waiting for their responses
 * (pipelining). Node attaches a connection to one response at a time. The others wait, and Node does not emit 'close'
 * on them when the connection is lost. This class does.
 */
export class OwedAnswers {
  /** The outstanding responses of each connection, each with the wire form of its errors. */
  readonly #owed = new WeakMap<Duplex, Map<ServerResponse, ErrorForm>>();

  /**
   * Tracks a response until its 'close', which comes when the connection is lost even while the response waits for the
   * responses before it. `errors` is the wire form of the errors at its path.
   */
  add(response: ServerResponse, errors: ErrorForm): void {
    const { socket } = response.req;
    const owed = this.#owed.get(socket) ?? this.#watch(socket);
    owed.set(response, errors);
    response.once("close", () => owed.delete(response));
  }

  /** Whether a response is outstanding that precedes what was just read from the connection. */
  isOwed(socket: Duplex): boolean {
    // An incomplete request is the one that is being read. The parser's error is its own, so it does not count.
    return [...this.#owed.get(socket)?.keys() ?? []].some(({ headersSent, req }) => headersSent || req.complete);
  }

  /** The wire form for the request whose body is being read; undefined if the parser has read no request's headers. */
  formOfIncomplete(socket: Duplex): ErrorForm | undefined {
    return [...this.#owed.get(socket) ?? []].find(([{ req }]) => !req.complete)?.[1];
  }

  /** Adds one listener per connection, not per response: a client may send any number of requests ahead. */
  #watch(socket: Duplex): Map<ServerResponse, ErrorForm> {
    const owed = new Map<ServerResponse, ErrorForm>();
    this.#owed.set(socket, owed);
    socket.once("close", () => {
      for (const response of [...owed.keys()]) if (response.socket === null) end(response);
    });
    return owed;
  }
}

/** Does what Node does with the response that is attached to a connection when that is lost. */
function end(response: ServerResponse): void {
  response.destroy();
  response.emit("close");
}

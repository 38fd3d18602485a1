import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { ErrorForm } from "../api/dialect.ts";

/**
 * The responses that each connection has not been sent yet. A client may send requests ahead of the responses to its
 * earlier ones (pipelining). Node sends the responses in order: it attaches the connection to the first, and each other
 * one waits until those before it are sent. When the connection is lost, Node emits 'close' on the attached response
 * alone. This class emits it on those that wait.
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

  /** Whether the connection still owes a response to a request before the bytes that the parser failed on. */
  isOwed(socket: Duplex): boolean {
    // A request whose body is still being read is none of those before: the parser failed on that body.
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

/** Does what Node does, when a connection is lost, with the response that is attached to it. */
function end(response: ServerResponse): void {
  response.destroy();
  response.emit("close");
}

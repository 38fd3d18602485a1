import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/**
 * The answers that each connection is owed. A client may send requests ahead of their answers (pipelining), and Node
 * ties a connection to one answer at a time: the others wait behind it, and Node tells them of nothing.
 */
export class OwedAnswers {
  readonly #owed = new WeakMap<Duplex, Set<ServerResponse>>();

  /** Until the answer's 'close', which comes when its connection is gone, wherever it stands. */
  add(response: ServerResponse): void {
    const { socket } = response.req;
    const owed = this.#owed.get(socket) ?? this.#watch(socket);
    owed.add(response);
    response.once("close", () => owed.delete(response));
  }

  /** Whether the connection has something to be answered, or cut, before what was just read from it. */
  isOwed(socket: Duplex): boolean {
    // A request that is not complete is the one that is being read: what is wrong is wrong with it.
    return [...this.#owed.get(socket) ?? []].some(({ headersSent, req }) => headersSent || req.complete);
  }

  /** One listener a connection: a client may send any number of requests ahead. */
  #watch(socket: Duplex): Set<ServerResponse> {
    const owed = new Set<ServerResponse>();
    this.#owed.set(socket, owed);
    socket.once("close", () => {
      for (const response of [...owed]) if (response.socket === null) end(response);
    });
    return owed;
  }
}

/** What Node does with the answer that has the connection when that is gone. */
function end(response: ServerResponse): void {
  response.destroy();
  response.emit("close");
}

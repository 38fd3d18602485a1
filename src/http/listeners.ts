import type { Server } from "node:http";
import { type AddressInfo, createServer as createSocketServer, type Server as SocketServer } from "node:net";
import type { Logger } from "../log.ts";

/** The two loopback addresses that `localhost` may mean: clients try one of them first, or only one. */
const loopback = { v4: "127.0.0.1", v6: "::1" } as const;

/**
 * The listening sockets of one HTTP server. On 127.0.0.1, the default, there is a second one on `::1` at the same port,
 * which hands its connections to the same HTTP server.
 */
export class Listeners {
  readonly #server: Server;
  readonly #log: Logger;
  #second: SocketServer | undefined;

  constructor(server: Server, log: Logger) {
    this.#server = server;
    this.#log = log;
  }

  /**
   * Resolves with the address of the first socket once both listen. Rejects with Node's error where the first cannot.
   * Where the second cannot, because there is no IPv6 or its port is taken, the log says so.
   */
  async listen(port: number, host: string): Promise<AddressInfo> {
    await listening(this.#server, port, host);
    const address = this.#server.address() as AddressInfo;
    if (host === loopback.v4) await this.#listenToo(address.port);
    return address;
  }

  /** Stops accepting connections. Resolves when all that there are have ended. */
  async close(): Promise<void> {
    const servers = this.#second === undefined ? [this.#server] : [this.#server, this.#second];
    await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  }

  async #listenToo(port: number): Promise<void> {
    // The options with which Node makes an HTTP server's own sockets: a client may end its side and still read its
    // answer.
    const second = createSocketServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#server.emit("connection", socket);
    });
    try {
      await listening(second, port, loopback.v6);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      this.#log.warn(`not listening on [${loopback.v6}], only on ${loopback.v4}`, { port, code });
      return;
    }
    // As on the HTTP server, this event means, after `listening`, that no file descriptor was left for a connection.
    second.on("error", ({ code }: NodeJS.ErrnoException) => {
      this.#log.error("a connection could not be accepted", { code });
    });
    this.#second = second;
  }
}

function listening(server: SocketServer, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** A proxy that lets nobody out: it notes who wanted to, so that a test's made-up login never leaves the machine. */
import { createServer, type AddressInfo } from "node:net";
import { cleanUp } from "./cleanup.ts";
import type { TestContext } from "node:test";

export interface WatchedProxy {
  readonly environment: Readonly<Record<string, string>>;
  /** `CONNECT host:port` of each that came. */
  readonly wanted: readonly string[];
}

export async function startWatchedProxy(t: TestContext): Promise<WatchedProxy> {
  const wanted: string[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (data) => {
      wanted.push(/^\S+ \S+/u.exec(data.toString("latin1"))?.[0] ?? "something that is no HTTP");
      socket.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  cleanUp(t, () => new Promise((resolve) => server.close(resolve)));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { environment: { HTTP_PROXY: url, HTTPS_PROXY: url, NO_PROXY: "127.0.0.1" }, wanted };
}

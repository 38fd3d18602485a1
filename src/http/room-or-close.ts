import type { ServerResponse } from "node:http";
import { connectionOf } from "./chunk.ts";

/**
 * How long a client may read nothing of its answer, in milliseconds, before it is disconnected. Until then its answer
 * occupies one of the running turns and a process, or memory.
 */
export const stalledReaderMsMax = 5 * 60_000;

/**
 * Resolves when the socket has room again (with `finish`: when it has accepted everything), or when it is closed, so
 * that a writer never waits for a client that left. A client that reads nothing for `stalledReaderMsMax` is
 * disconnected.
 */
export function roomOrClose(response: ServerResponse, event: "drain" | "finish" = "drain"): Promise<void> {
  if (response.destroyed || (event === "finish" && response.writableFinished)) return Promise.resolve();
  // After `writeChunk`, which writes past the response, only the connection emits 'drain'.
  const connection = event === "drain" ? connectionOf(response) : undefined;
  const source = connection?.writableNeedDrain === true ? connection : response;
  return new Promise((resolve) => {
    const stalled = setTimeout(() => response.destroy(), stalledReaderMsMax);
    const settle = (): void => {
      clearTimeout(stalled);
      source.off(event, settle);
      response.off("close", settle);
      resolve();
    };
    source.on(event, settle);
    response.on("close", settle);
  });
}

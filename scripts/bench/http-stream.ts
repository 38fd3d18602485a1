/** A raw HTTP client: a socket, one POST, and the times of the first content and of the end. It parses nothing. */
import { connect } from "node:net";

export interface StreamRequest {
  readonly port: number;
  readonly path: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Matches as soon as the bytes so far hold content of the answer. */
  readonly contentMark: RegExp;
  /** Stops reading for this long, in milliseconds, once the first content has come. */
  readonly stallMs?: number;
  /** Breaks the connection off once the first content has come. */
  readonly leaves?: boolean;
}

export interface StreamOutcome {
  /** From before the connection is opened to the first content, in milliseconds. */
  readonly firstContentMs: number;
  /** From before the connection is opened to the end of the answer, in milliseconds. */
  readonly wholeMs: number;
  readonly bytes: number;
  /** The last bytes, to see how it ended. */
  readonly tail: string;
}

/** The end of a chunked body. JSON escapes line ends, so no text in the answer holds it. */
export const lastChunk = "\r\n0\r\n\r\n";
/** The connection fails after so long without a byte. */
export const silenceMsMax = 120_000;
const tailCharsMax = 300;
const errorCharsMax = 600;

/** The whole request, head and body, with `connection: close`. */
export function postText(
  { port, path, body, headers = {} }: Omit<StreamRequest, "contentMark" | "stallMs" | "leaves">,
): string {
  const lines = Object.entries({
    host: `127.0.0.1:${port}`,
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(body)),
    connection: "close",
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body}`;
}

/** A new connection, one request, its whole answer. Rejects without content, and after two minutes of silence. */
export function requestStream(request: StreamRequest): Promise<StreamOutcome> {
  const { port, contentMark, stallMs = 0, leaves = false } = request;
  return new Promise((resolve, reject) => {
    const start = performance.now();
    let firstContentMs: number | undefined;
    let wholeMs: number | undefined;
    let head = "";
    let tail = "";
    let bytes = 0;
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    socket.setTimeout(silenceMsMax, () => socket.destroy(new Error(`no byte for ${silenceMsMax} ms`)));
    socket.write(postText(request));
    socket.on("data", (chunk) => {
      bytes += chunk.length;
      tail = tailOf(tail, chunk);
      // The client closes at the last chunk: not every server does so, although the request asks for it.
      if (tail.endsWith(lastChunk)) {
        wholeMs = performance.now() - start;
        socket.destroy();
      }
      if (firstContentMs !== undefined) return;
      head += chunk.toString("latin1");
      if (!contentMark.test(head)) return;
      firstContentMs = performance.now() - start;
      if (leaves) socket.destroy();
      if (stallMs === 0 || leaves) return;
      socket.pause();
      setTimeout(() => socket.resume(), stallMs);
    });
    socket.on("error", reject);
    socket.on("close", () => {
      if (firstContentMs === undefined) {
        reject(new Error(`the answer holds no content: ${head.slice(0, errorCharsMax)}`));
        return;
      }
      resolve({ firstContentMs, wholeMs: wholeMs ?? performance.now() - start, bytes, tail });
    });
  });
}

/** The last characters after `chunk` has followed `tail`. Only the end of a large chunk is decoded. */
function tailOf(tail: string, chunk: Buffer): string {
  const before = chunk.length >= tailCharsMax ? "" : tail;
  return (before + chunk.toString("latin1", Math.max(0, chunk.length - tailCharsMax))).slice(-tailCharsMax);
}

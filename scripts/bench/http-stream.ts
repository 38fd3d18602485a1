/** A raw HTTP client: a socket, the bytes as they come, and when the first content was among them. Nothing is parsed after that. */
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
}

export interface StreamOutcome {
  /** From before the connection is opened to the first content, in milliseconds. */
  readonly firstContentMs: number;
  /** To the end of the answer, in milliseconds. */
  readonly wholeMs: number;
  readonly bytes: number;
  /** The last bytes, to see how it ended. */
  readonly tail: string;
}

/** Content in a chunk of a chat completion: the role chunk's empty string is none. */
export const chatContentMark = /"content":"(?!")/;
/** A call in a chunk of a chat completion. */
export const callMark = /"tool_calls":\[/;
/** Content in a stream of the Messages API. */
export const messagesContentMark = /"text_delta","text":"(?!")/;

/** How a chunked body ends; text in JSON cannot look like it. */
const lastChunk = "\r\n0\r\n\r\n";
const tailCharsMax = 300;
const requestMsMax = 120_000;

/** A new connection, one request, its whole answer. Rejects when there was no content, or after two minutes of silence. */
export function requestStream({ port, path, body, headers = {}, contentMark, stallMs = 0 }: StreamRequest): Promise<StreamOutcome> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    let firstContentMs: number | undefined;
    let wholeMs: number | undefined;
    let head = "";
    let tail = "";
    let bytes = 0;
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    socket.setTimeout(requestMsMax, () => socket.destroy(new Error(`no byte for ${requestMsMax} ms`)));
    const lines = Object.entries({
      host: `127.0.0.1:${port}`, "content-type": "application/json", "content-length": String(Buffer.byteLength(body)), connection: "close", ...headers,
    }).map(([name, value]) => `${name}: ${value}\r\n`).join("");
    socket.write(`POST ${path} HTTP/1.1\r\n${lines}\r\n${body}`);
    socket.on("data", (chunk) => {
      bytes += chunk.length;
      tail = ((chunk.length >= tailCharsMax ? "" : tail) + chunk.toString("latin1", Math.max(0, chunk.length - tailCharsMax))).slice(-tailCharsMax);
      // Not every server closes the connection when it is asked to.
      if (tail.endsWith(lastChunk)) {
        wholeMs = performance.now() - start;
        socket.destroy();
      }
      if (firstContentMs !== undefined) return;
      head += chunk.toString("latin1");
      if (!contentMark.test(head)) return;
      firstContentMs = performance.now() - start;
      if (stallMs === 0) return;
      socket.pause();
      setTimeout(() => socket.resume(), stallMs);
    });
    socket.on("error", reject);
    socket.on("close", () => {
      if (firstContentMs === undefined) reject(new Error(`the answer holds no content: ${head.slice(0, tailCharsMax * 2)}`));
      else resolve({ firstContentMs, wholeMs: wholeMs ?? performance.now() - start, bytes, tail });
    });
  });
}

export interface ChatMessage { readonly role: "system" | "user" | "assistant"; readonly content: string }

/** A streamed chat completion, of ours and of the reference alike. Rejects also when the answer did not end as a whole one does. */
export async function requestChat(port: number, messages: readonly ChatMessage[], stallMs = 0): Promise<StreamOutcome> {
  const body = JSON.stringify({ model: "sonnet", stream: true, messages });
  const outcome = await requestStream({ port, path: "/v1/chat/completions", body, contentMark: chatContentMark, stallMs });
  if (!outcome.tail.includes("data: [DONE]")) throw new Error(`the answer ended without [DONE]: ${outcome.tail}`);
  return outcome;
}

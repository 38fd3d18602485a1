/** A connection to an HTTP server that needs no socket, and so no time: the server is handed one end of it. */
import type { Server } from "node:http";
import { Duplex } from "node:stream";

export interface MemoryAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Without the framing of chunks. */
  readonly body: Buffer;
}

class ServerEnd extends Duplex {
  readonly written: Buffer[] = [];
  override _read(): void {}
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.written.push(chunk);
    done();
  }
}

/** Posts a JSON body, and resolves with the answer once the server has ended it. */
export function postInMemory(server: Server, path: string, body: object): Promise<MemoryAnswer> {
  const end = new ServerEnd();
  const over = new Promise<MemoryAnswer>((resolve, reject) => {
    end.once("finish", () => resolve(answerOf(Buffer.concat(end.written)))).once("error", reject);
  });
  server.emit("connection", end);
  const text = JSON.stringify(body);
  end.push(`POST ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  return over;
}

function answerOf(bytes: Buffer): MemoryAnswer {
  const headEnd = bytes.indexOf("\r\n\r\n");
  const [statusLine = "", ...lines] = bytes.toString("latin1", 0, headEnd).split("\r\n");
  const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]));
  const body = bytes.subarray(headEnd + 4);
  return { status: Number(statusLine.split(" ")[1]), headers, body: headers["transfer-encoding"] === "chunked" ? withoutChunks(body) : body };
}

/** Throws where the last chunk is missing: then the answer was cut. */
function withoutChunks(bytes: Buffer): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd === -1) throw new Error("the answer has no last chunk");
    const length = Number.parseInt(bytes.toString("latin1", at, lineEnd), 16);
    if (length === 0) return Buffer.concat(chunks);
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + length));
    at = lineEnd + length + 4;
  }
}

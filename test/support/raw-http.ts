/** HTTP by hand over a bare socket, for requests that no client library would send. */
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import type { TestContext } from "node:test";
import { cleanUp } from "./cleanup.ts";
import { within } from "./exit.ts";

const answerWaitMsMax = 20_000;

export interface RawAnswer {
  readonly status: number;
  /** Lower-case names; of a header that came twice, the last. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A connection to the server at `url`, destroyed after the test. */
export async function openSocket(t: TestContext, url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ port: Number(port), host: hostname.replace(/^\[|\]$/g, ""), allowHalfOpen: true });
  // A server that closes while a test still sends resets the connection; what it said is what counts.
  socket.on("error", () => undefined);
  cleanUp(t, () => socket.destroy());
  await once(socket, "connect");
  return socket;
}

/** The one answer on this socket, when it is whole: by its content-length, or when the server has ended. Rejects after 20 s. */
export function readAnswer(socket: Socket): Promise<RawAnswer> {
  return within(new Promise((resolve, reject) => {
    let text = "";
    const look = (isOver: boolean): void => {
      const answer = parseAnswer(text);
      if (answer !== undefined && (isOver || answer.body.length >= Number(answer.headers["content-length"] ?? Number.POSITIVE_INFINITY))) resolve(answer);
      else if (isOver) reject(new Error(`the connection ended without a whole answer: ${JSON.stringify(text)}`));
    };
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      text += chunk;
      look(false);
    });
    socket.once("close", () => look(true)).once("end", () => look(true));
  }), answerWaitMsMax, () => "no whole answer came");
}

/** Sends `bytes` and gives the answer. */
export async function rawRequest(t: TestContext, url: string, bytes: string | Buffer): Promise<RawAnswer> {
  const socket = await openSocket(t, url);
  const answer = readAnswer(socket);
  socket.write(bytes);
  return answer;
}

function parseAnswer(text: string): RawAnswer | undefined {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd === -1) return undefined;
  const [statusLine = "", ...lines] = text.slice(0, headEnd).split("\r\n");
  const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]));
  return { status: Number(statusLine.split(" ")[1]), headers, body: text.slice(headEnd + 4) };
}

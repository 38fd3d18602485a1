/** The clients of streams.ts, all in one process of their own: many streams at once, and how old each delta is when it is read. */
import { connect } from "node:net";
import { percentile } from "./statistics.ts";

export interface PacedTask {
  readonly port: number;
  readonly streams: number;
  readonly prompt: string;
}

/** Ages in milliseconds, of the deltas that were written while all streams ran, but for the first second. */
export interface PacedOutcome {
  readonly p50: number;
  readonly p99: number;
  readonly deltas: number;
}

const nsPerMs = 1e6;
/** After the last stream has begun, the starts of so many processes still have an effect for a while. */
const startMs = 1_000;
const stamp = /t(\d+) "/g;
const requestMsMax = 120_000;

interface Arrival { readonly writtenNs: number; readonly ageMs: number }

process.on("message", (task: PacedTask) => {
  run(task).then((outcome) => process.send?.({ outcome }), (error: unknown) => process.send?.({ error: String(error) }));
});

async function run({ port, streams, prompt }: PacedTask): Promise<PacedOutcome> {
  const arrivals = await Promise.all(Array.from({ length: streams }, () => readStream(port, prompt)));
  const from = Math.max(...arrivals.map((stream) => stream[0]?.writtenNs ?? Infinity)) + startMs * nsPerMs;
  const to = Math.min(...arrivals.map((stream) => stream.at(-1)?.writtenNs ?? -Infinity));
  const ages = arrivals.flat().filter(({ writtenNs }) => writtenNs >= from && writtenNs <= to).map(({ ageMs }) => ageMs);
  if (ages.length === 0) throw new Error("there was no moment at which all streams ran");
  return { p50: percentile(ages, 0.5), p99: percentile(ages, 0.99), deltas: ages.length };
}

function readStream(port: number, prompt: string): Promise<Arrival[]> {
  return new Promise((resolve, reject) => {
    const arrivals: Arrival[] = [];
    const body = JSON.stringify({ model: "sonnet", stream: true, messages: [{ role: "user", content: prompt }] });
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    socket.setTimeout(requestMsMax, () => socket.destroy(new Error(`no byte for ${requestMsMax} ms`)));
    socket.setEncoding("latin1");
    socket.write(`POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`);
    socket.on("data", (text: string) => {
      // 2^53 ns are 104 days of uptime: a number holds the clock to a few ns even after that.
      const readNs = Number(process.hrtime.bigint());
      for (const match of text.matchAll(stamp)) {
        const writtenNs = Number(match[1]);
        arrivals.push({ writtenNs, ageMs: (readNs - writtenNs) / nsPerMs });
      }
      if (text.endsWith("\r\n0\r\n\r\n")) socket.destroy();
    });
    socket.on("error", reject);
    socket.on("close", () => (arrivals.length === 0 ? reject(new Error("a stream held no delta")) : resolve(arrivals)));
  });
}

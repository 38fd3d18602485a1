/** The clients of streams.ts, all in one process of their own: they read many streams and tell each delta's age. */
import { connect } from "node:net";
import { chatBody, chatPath } from "./chat-request.ts";
import { lastChunk, postText, silenceMsMax } from "./http-stream.ts";
import { percentile } from "./statistics.ts";

export interface PacedTask {
  readonly port: number;
  readonly streams: number;
  /** How many each stream has, and within how many milliseconds one comes after the other. */
  readonly deltas: number;
  readonly everyMs: number;
}

/** Ages in milliseconds, of the deltas written while all streams ran, the first second left out. */
export interface PacedOutcome {
  readonly p50: number;
  readonly p99: number;
  readonly deltas: number;
}

const nsPerMs = 1e6;
/** Left out: up to 200 processes have just booted, and their boots still take CPU for about a second. */
const startMs = 1_000;
const stamp = /t(\d+) "/g;

interface Arrival {
  readonly writtenNs: number;
  readonly ageMs: number;
}

process.on("message", (task: PacedTask) => {
  run(task).then(
    (outcome) => process.send?.({ outcome }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});

async function run({ streams, ...task }: PacedTask): Promise<PacedOutcome> {
  const arrivals = await Promise.all(Array.from({ length: streams }, () => readStream(task)));
  const from = Math.max(...arrivals.map((stream) => stream[0]?.writtenNs ?? Infinity)) + startMs * nsPerMs;
  const to = Math.min(...arrivals.map((stream) => stream.at(-1)?.writtenNs ?? -Infinity));
  const counted = arrivals.flat().filter(({ writtenNs }) => writtenNs >= from && writtenNs <= to);
  const ages = counted.map(({ ageMs }) => ageMs);
  if (ages.length === 0) throw new Error("there was no moment at which all streams ran");
  return { p50: percentile(ages, 0.5), p99: percentile(ages, 0.99), deltas: ages.length };
}

/** Rejects where the stream has not all of its deltas: it broke off, or an error ended it. */
function readStream({ port, deltas, everyMs }: Omit<PacedTask, "streams">): Promise<Arrival[]> {
  const prompt = `DELTAS ${deltas} EVERY ${everyMs}`;
  return new Promise((resolve, reject) => {
    const arrivals: Arrival[] = [];
    // A piece may end inside of a stamp.
    let rest = "";
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    socket.setTimeout(silenceMsMax, () => socket.destroy(new Error(`no byte for ${silenceMsMax} ms`)));
    socket.setEncoding("latin1");
    socket.write(postText({ port, path: chatPath, body: chatBody([{ role: "user", content: prompt }]) }));
    socket.on("data", (piece: string) => {
      const text = rest + piece;
      rest = text.slice(text.lastIndexOf("\n") + 1);
      // 2^53 ns are 104 days of uptime. After that a number still holds the clock to a few nanoseconds.
      const readNs = Number(process.hrtime.bigint());
      for (const match of text.slice(0, text.length - rest.length).matchAll(stamp)) {
        const writtenNs = Number(match[1]);
        arrivals.push({ writtenNs, ageMs: (readNs - writtenNs) / nsPerMs });
      }
      if (text.endsWith(lastChunk)) socket.destroy();
    });
    socket.on("error", reject);
    socket.on("close", () => {
      if (arrivals.length === deltas) resolve(arrivals);
      else reject(new Error(`a stream held ${arrivals.length} of ${deltas} deltas`));
    });
  });
}

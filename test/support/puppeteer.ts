/** Holds the strings of `fake-claude/puppet.mjs`: a test learns by events when a turn has begun, in which process, and says what comes when. */
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { cleanUp } from "./cleanup.ts";
import { within } from "./exit.ts";

const turnWaitMsMax = 30_000;

/** One turn of one puppet. */
export interface Puppet {
  readonly pid: number;
  /** The turn's last message, as the puppet got it. */
  readonly prompt: string;
  /** The head of an answer; `say` and `finish` need one before them. */
  start(): void;
  /** A delta. */
  say(text: string): void;
  /** A line, or a part of one, as it is. */
  raw(text: string): void;
  /** The tail of the answer; the turn is over. */
  finish(stopReason?: string): void;
  /** It is killed once it has done what it was told before. */
  die(): void;
  /** Settles when the puppet has let go: it ended. */
  readonly gone: Promise<void>;
}

export interface Puppeteer {
  /** The words that make a puppet come here; `more` tells one prompt from another. */
  prompt(more?: string): string;
  /** The next turn that has begun and was not given yet. */
  next(): Promise<Puppet>;
  /** How many turns have begun. */
  readonly begun: number;
}

export async function startPuppeteer(t: TestContext): Promise<Puppeteer> {
  const sockets = new Set<Socket>();
  const waiting: ((puppet: Puppet) => void)[] = [];
  const here: Puppet[] = [];
  let begun = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    // A puppet that is killed resets its connection.
    socket.on("error", () => undefined);
    const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    const order = (value: object): void => void socket.write(`${JSON.stringify(value)}\n`);
    let line = "";
    socket.setEncoding("utf8").on("data", (text: string) => {
      line += text;
      if (!line.endsWith("\n")) return;
      const puppet: Puppet = {
        ...(JSON.parse(line) as { pid: number; prompt: string }),
        start: () => order({ order: "start" }),
        say: (text) => order({ order: "say", text }),
        die: () => order({ order: "die" }),
        raw: (text) => order({ order: "raw", text }),
        finish: (stopReason = "end_turn") => {
          order({ order: "finish", stopReason });
          socket.end();
        },
        gone,
      };
      begun += 1;
      const take = waiting.shift();
      if (take === undefined) here.push(puppet);
      else take(puppet);
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  cleanUp(t, () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    prompt: (more = "") => `PUPPETEER ${port} ${more}`,
    next() {
      const puppet = here.shift();
      if (puppet !== undefined) return Promise.resolve(puppet);
      return within(new Promise<Puppet>((resolve) => waiting.push(resolve)), turnWaitMsMax, () => "no turn began");
    },
    get begun() {
      return begun;
    },
  };
}

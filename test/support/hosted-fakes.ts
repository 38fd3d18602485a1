/**
 * The made-up CLIs that tests start most, without a Node for each process, which takes sixty milliseconds to start: the
 * process is a relay (fake-claude/relays.c), and what it says is thought up here, by the code that the program runs too.
 */
import { copyFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { PassThrough, type Readable, type Writable } from "node:stream";
import { folderOfThisProcess } from "./made-once.ts";
import { compiledRelay } from "./relays.ts";

/** Those that need no more than their pipes and environment, and no signals. */
const hosted = new Set([
  "answers", "calls-tools", "crashes-at-boot", "dies-midway", "echo-history", "hangs", "keeps-its-login", "limit-reached",
  "logged-out", "never-acknowledges", "puppet", "quotes", "refuses-history", "refuses-initialize", "silent",
  "tells-window",
]);
const programs = new Map<string, string>();
let folder: string | undefined;

/** Which process speaks, and how it does: see `speak` in fake-claude/protocol.mjs. */
interface Speaker {
  readonly pipes: { readonly input: Readable; readonly output: Writable };
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly pid: number;
  /** Writes to stderr. */
  complain(words: string): void;
  exit(code: number): void;
  die(): void;
  /** The process stays when its stdin has ended, until the function is called that this gives. */
  stay(onGone?: () => void): () => void;
}

interface Code {
  speak(speaker: Speaker): unknown;
  live(cli: unknown): void;
}

/** Its program; undefined for those that are not hosted, and where there is no C compiler. */
export function hostedProgram(name: string): string | undefined {
  const known = programs.get(name);
  if (known !== undefined || !hosted.has(name)) return known;
  const relay = compiledRelay();
  if (relay === undefined) return undefined;
  folder ??= folderOfThisProcess();
  const path = join(folder, name);
  copyFileSync(relay, path);
  const code = codeOf(name);
  createServer((socket) => void host(socket, code)).listen(`${path}.socket`).unref();
  programs.set(name, path);
  return path;
}

async function codeOf(name: string): Promise<Code> {
  const [{ speak }, { default: live }] = await Promise.all(["protocol", name].map((module) =>
    import(new URL(`./fake-claude/${module}.mjs`, import.meta.url).href)));
  return { speak, live };
}

/** One process, from its first word to its end. */
async function host(socket: Socket, code: Promise<Code>): Promise<void> {
  const stdin = new PassThrough();
  const stays = new Set<() => void>();
  let isGone = false;
  const endAtRest = (): void => {
    if (stdin.readableEnded && stays.size === 0) socket.end();
  };
  // A process that is killed may reset its connection.
  socket.on("error", () => {}).on("close", () => {
    isGone = true;
    for (const onGone of stays) onGone();
  });
  stdin.on("end", endAtRest);
  const { env, pid } = await startOf(socket, stdin);
  const { speak, live } = await code;
  live(speak({
    pipes: { input: stdin, output: socket },
    args: [],
    env,
    pid,
    // No JSON holds these bytes: see relays.c.
    complain: (words) => void socket.write(`\u0001${words}\u0002`),
    exit: (code) => void socket.write(`\u0003${String.fromCharCode(code)}`),
    die: () => void socket.write("\0"),
    stay: (onGone = () => {}) => {
      if (isGone) onGone();
      const stay = (): void => onGone();
      stays.add(stay);
      return () => {
        stays.delete(stay);
        endAtRest();
      };
    },
  }));
}

interface Started {
  readonly env: Readonly<Record<string, string>>;
  readonly pid: number;
}

/** What the relay tells first. What comes behind it is what the process reads from its stdin; a NUL is the end of that. */
function startOf(socket: Socket, stdin: PassThrough): Promise<Started> {
  return new Promise((resolve) => {
    let head: Buffer | undefined = Buffer.alloc(0);
    socket.on("data", (bytes: Buffer) => {
      let rest = bytes;
      if (head !== undefined) {
        head = Buffer.concat([head, bytes]);
        const variablesEnd = head.indexOf("\0\0");
        const end = variablesEnd === -1 ? -1 : head.indexOf("\n", variablesEnd);
        if (end === -1) return;
        const variables = head.toString("utf8", 0, variablesEnd).split("\0").map((variable) => {
          const at = variable.indexOf("=");
          return [variable.slice(0, at), variable.slice(at + 1)];
        });
        const { pid } = JSON.parse(head.toString("utf8", variablesEnd + 2, end)) as { pid: number };
        resolve({ env: Object.fromEntries(variables) as Record<string, string>, pid });
        rest = head.subarray(end + 1);
        head = undefined;
      }
      if (rest.at(-1) === 0) stdin.end(rest.subarray(0, -1));
      else stdin.write(rest);
    });
  });
}

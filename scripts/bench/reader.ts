/** A reader process, as seen from the benchmark that started it. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { endingOf } from "./child-process.ts";
import { chatBody, chatContentMark, chatPath } from "./chat-request.ts";
import type { StreamOutcome, StreamRequest } from "./http-stream.ts";
import type { ReaderReply } from "./reader-process.ts";
import type { Scope } from "./scope.ts";

export interface Reader {
  readonly pid: number;
  read(request: StreamRequest): Promise<StreamOutcome>;
  /** A streamed chat completion of one message. */
  readChat(port: number, prompt: string, more?: Partial<StreamRequest>): Promise<StreamOutcome>;
}

export async function startReader(scope: Scope): Promise<Reader> {
  const child = fork(fileURLToPath(new URL("./reader-process.ts", import.meta.url)), { execArgv: ["--import", "tsx"] });
  endingOf(scope, child);
  await once(child, "spawn");
  const waiting = new Map<number, { resolve: (outcome: StreamOutcome) => void; reject: (error: Error) => void }>();
  child.on("message", (reply: ReaderReply) => {
    const waiter = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ("outcome" in reply) waiter?.resolve(reply.outcome);
    else waiter?.reject(new Error(reply.error));
  });
  let lastId = 0;
  const read = (request: StreamRequest): Promise<StreamOutcome> => new Promise((resolve, reject) => {
    const id = ++lastId;
    waiting.set(id, { resolve, reject });
    child.send({ id, task: { ...request, contentMark: request.contentMark.source } });
  });
  return {
    pid: child.pid ?? 0,
    read,
    readChat: (port, prompt, more = {}) => {
      const body = chatBody([{ role: "user", content: prompt }]);
      return read({ port, path: chatPath, body, contentMark: chatContentMark, ...more });
    },
  };
}

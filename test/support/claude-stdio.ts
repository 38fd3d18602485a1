/** The real CLI driven by hand over its pipes: for tests of what it does, without any of the server's code between. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { cleanUp } from "./cleanup.ts";
import { endChild, exitOf, within, type Exit } from "./exit.ts";
import { claudeArguments, claudePath, type ClaudeVersion } from "./real-claude.ts";

/** The CLI's own JSON, of which a test reads a field or two. */
export type CliMessage = any;

const waitMsMax = 30_000;

export interface ClaudeStdio {
  readonly child: ChildProcess;
  /** All that it has written. */
  readonly messages: readonly CliMessage[];
  readonly exited: Promise<Exit>;
  write(message: unknown): void;
  /** Called with each message that comes from now on, before anybody who waits for it. */
  onMessage: (message: CliMessage) => void;
  /** The first message that fits, of those written already or later. */
  waitFor(fits: (message: CliMessage) => boolean, withinMs?: number): Promise<CliMessage>;
  /** Sends a control request and gives its reply. */
  control(request: { readonly subtype: string } & Record<string, unknown>): Promise<CliMessage>;
  /** Writes a user message and gives the turn's `result`. */
  ask(content: unknown, more?: Record<string, unknown>): Promise<CliMessage>;
}

/** Starts it in an empty folder inside `folder`; it is ended after the test. */
export function startClaude(t: TestContext, version: ClaudeVersion, env: Readonly<Record<string, string>>, folder: string, args = claudeArguments()): ClaudeStdio {
  return startCli(t, claudePath(version), env, folder, args);
}

/** The same for any program that speaks as the CLI does. */
export function startCli(t: TestContext, file: string, env: Readonly<Record<string, string>>, folder: string, args = claudeArguments()): ClaudeStdio {
  const cwd = join(folder, "work");
  mkdirSync(cwd, { recursive: true });
  const child = spawn(file, args, { cwd, env, stdio: ["pipe", "pipe", "inherit"] });
  const exited = exitOf(child);
  exited.catch(() => undefined);
  // Its death is told by `exited`; a write that comes too late is no error of its own.
  child.stdin.on("error", () => undefined);
  cleanUp(t, () => endChild(child, exited));

  const messages: CliMessage[] = [];
  const watchers = new Set<() => void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    const message: CliMessage = JSON.parse(line);
    messages.push(message);
    claude.onMessage(message);
    for (const check of watchers) check();
  });

  const claude: ClaudeStdio = {
    child,
    messages,
    exited,
    onMessage: () => {},
    write: (message) => void child.stdin.write(`${JSON.stringify(message)}\n`),
    waitFor(fits, withinMs = waitMsMax) {
      let check = () => {};
      const found = new Promise<CliMessage>((resolve, reject) => {
        check = () => {
          const match = messages.find(fits);
          if (match !== undefined) resolve(match);
        };
        watchers.add(check);
        check();
        exited.then(({ code, signal }) => reject(new Error(`claude ended with code ${code}, signal ${signal}`)), reject);
      });
      return within(found, withinMs, () => `claude wrote no such message; its last: ${JSON.stringify(messages.at(-1))?.slice(0, 500)}`).finally(() => watchers.delete(check));
    },
    control(request) {
      const request_id = `request-${messages.length}-${request.subtype}`;
      claude.write({ type: "control_request", request_id, request });
      return claude.waitFor((message) => message.type === "control_response" && message.response.request_id === request_id);
    },
    ask(content, more = {}) {
      const from = messages.length;
      claude.write({ type: "user", message: { role: "user", content }, parent_tool_use_id: null, session_id: "", ...more });
      return claude.waitFor((message) => message.type === "result" && messages.indexOf(message) >= from);
    },
  };
  return claude;
}

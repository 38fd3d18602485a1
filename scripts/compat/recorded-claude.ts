/** A process of the CLI that is driven by hand, and of which each line is kept, read or written. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { type Command, launchArguments } from "../../src/claude/launch.ts";
import { callAnswer, serveTools } from "../../src/claude/tool-server.ts";
import type { ToolResultBlock } from "../../src/turn/message.ts";
import type { Tool } from "../../src/turn/turn.ts";
import { endChild, type Exit, exitOf, within } from "../../test/support/exit.ts";

const waitMsMax = 20_000;

/** A line as the CLI wrote it, or as it was written to it; the last entry says how it ended. */
export type Entry =
  | { readonly from: "host" | "claude"; readonly message: any }
  | ({ readonly from: "exit" } & Exit);

export interface RecordedClaudeOptions {
  readonly command: Command;
  readonly environment: Readonly<Record<string, string>>;
  /** Is made. */
  readonly cwd: string;
  /** Served over the control channel. */
  readonly tools: readonly Tool[];
}

export class RecordedClaude {
  readonly entries: Entry[] = [];
  /** The result of a call, told when the CLI asks for it; undefined leaves the call waiting. */
  resultOf: () => ToolResultBlock | undefined = () => undefined;
  readonly #child: ChildProcess;
  readonly #exited: Promise<Exit>;
  readonly #tools: readonly Tool[];
  readonly #watchers = new Set<() => void>();

  constructor({ command, environment, cwd, tools }: RecordedClaudeOptions) {
    mkdirSync(cwd, { recursive: true });
    this.#tools = tools;
    const args = [...command.leadingArguments, ...launchArguments("sonnet")];
    this.#child = spawn(command.file, args, { cwd, env: environment, stdio: ["pipe", "pipe", "ignore"] });
    this.#exited = exitOf(this.#child);
    this.#exited.catch(() => undefined);
    this.#child.stdin?.on("error", () => undefined);
    createInterface({ input: this.#child.stdout ?? process.stdin }).on("line", (line) => {
      const message = JSON.parse(line);
      this.entries.push({ from: "claude", message });
      if (message.type === "control_request") this.#serve(message);
      for (const check of this.#watchers) check();
    });
  }

  write(message: object): void {
    this.entries.push({ from: "host", message });
    this.#child.stdin?.write(`${JSON.stringify(message)}\n`);
  }

  /** Sends a control request, and waits for its answer. */
  async control(id: string, request: object): Promise<any> {
    this.write({ type: "control_request", request_id: id, request });
    return await this.waitFor((message) => message.type === "control_response" && message.response.request_id === id);
  }

  /** Sends `initialize`, and does not wait: the first question is written behind it. */
  begin(more: object = {}): void {
    const served = this.#tools.length > 0 ? { sdkMcpServers: ["client"] } : {};
    const request = { subtype: "initialize", systemPrompt: ["You are terse."], ...served, ...more };
    this.write({ type: "control_request", request_id: "init-1", request });
  }

  /** Writes a user's message, and does not wait. */
  say(content: unknown, more: object = {}): void {
    const message = { role: "user", content };
    this.write({ type: "user", message, parent_tool_use_id: null, session_id: "", ...more });
  }

  /** Writes a user's message, and waits for the `result` that ends its turn. */
  async ask(content: unknown, more: object = {}): Promise<any> {
    this.say(content, more);
    return await this.waitFor(({ type }) => type === "result");
  }

  /** The first message of the CLI's from now on that fits. */
  waitFor(fits: (message: any) => boolean): Promise<any> {
    let next = this.entries.length;
    let check = (): void => {};
    const found = new Promise<any>((resolve, reject) => {
      check = () => {
        while (next < this.entries.length) {
          const entry = this.entries[next++];
          if (entry?.from === "claude" && fits(entry.message)) resolve(entry.message);
        }
      };
      this.#watchers.add(check);
      this.#exited.then(({ code, signal }) => reject(new Error(`it ended (code ${code}, signal ${signal})`)), reject);
    });
    return within(found, waitMsMax, () => "no such line came").finally(() => this.#watchers.delete(check));
  }

  /** Closes its stdin, and waits for its end. */
  async end(): Promise<void> {
    this.#child.stdin?.end();
    const exit = await within(this.#exited, waitMsMax, () => "it did not end").catch(() => (
      endChild(this.#child, this.#exited)
    ));
    this.entries.push({ from: "exit", ...exit });
  }

  #serve({ request_id, request }: any): void {
    const step = serveTools(request.message ?? {}, this.#tools);
    const result = step.kind === "call" ? this.resultOf() : undefined;
    const mcp_response = step.kind === "answer" ? step.response : result && callAnswer(step.call, result);
    if (mcp_response === undefined) return;
    this.write({ type: "control_response", response: { subtype: "success", request_id, response: { mcp_response } } });
  }
}

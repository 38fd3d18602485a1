/** The CLI driven directly over its pipes, launched as our server does: the floor for any server that uses it. */
import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { childEnvironment, launchArguments } from "../../src/claude/launch.ts";
import { callAnswer, serveTools } from "../../src/claude/tool-server.ts";
import type { Tool } from "../../src/turn/turn.ts";
import type { ChatMessage } from "./chat-request.ts";
import { endingOf } from "./child-process.ts";
import { passedNames } from "./environment.ts";
import type { Scope } from "./scope.ts";

const retries = 2;
const waitMsMax = 30_000;
const stdinEndWaitMs = 2_000;
const deltaMark = '"text_delta"';
const resultMark = /"type":"result"/;
const controlMark = '"type":"control_request"';
const initializeId = "hand-1";
const rewindId = "hand-rewind";

export interface BareTurn {
  /** From the write of the message to the line of the first text delta, in milliseconds. */
  readonly firstContentMs: number;
}

type PipedChild = ChildProcess & {
  stdin: NonNullable<ChildProcess["stdin"]>;
  stdout: NonNullable<ChildProcess["stdout"]>;
};

/** One CLI process. It is sent what the protocol needs and no more. */
export class BareCli {
  readonly #child: PipedChild;
  readonly #stop: () => Promise<void>;
  #partialLine = "";
  /** The uuid of the last prompt. The CLI compares only its beginning, so it is random. */
  #prompt = "";
  #onLine: ((line: string) => void) | undefined;

  constructor(scope: Scope, claude: string, env: Readonly<Record<string, string>>) {
    this.#child = spawn(claude, launchArguments("sonnet"), {
      cwd: env["TMPDIR"] ?? "/",
      env: childEnvironment(env, { passEnv: passedNames.split(","), maxRetries: retries }),
      stdio: ["pipe", "pipe", "ignore"],
    });
    this.#child.stdin.on("error", () => {});
    this.#child.stdout.setEncoding("latin1").on("data", (text: string) => {
      const lines = (this.#partialLine + text).split("\n");
      this.#partialLine = lines.pop() ?? "";
      for (const line of lines) this.#onLine?.(line);
    });
    this.#stop = endingOf(scope, this.#child);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Closes stdin, at which an idle CLI exits, much sooner than on a signal. After 2 s it is ended by signal. */
  async end(): Promise<void> {
    await new Promise<void>((resolve) => {
      const deadline = setTimeout(resolve, stdinEndWaitMs);
      this.#child.once("exit", () => {
        clearTimeout(deadline);
        resolve();
      });
      this.#child.stdin.end();
    });
    await this.#stop();
  }

  /** A first turn. The system prompt is written with it: our pool boots its processes before it knows one. */
  firstTurn(system: string, text: string): Promise<BareTurn> {
    return this.#turn(initializeLine(system) + this.#promptLine(text));
  }

  nextTurn(text: string): Promise<BareTurn> {
    return this.#turn(this.#promptLine(text));
  }

  /**
   * Takes back the last prompt and its answer. Gives false where the CLI does not: older ones cannot rewind at all, or
   * not to before the first message.
   */
  async takeBack(): Promise<boolean> {
    let isTakenBack = false;
    const isAnswer = (line: string): boolean => {
      if (!line.includes(rewindId)) return false;
      isTakenBack = line.includes('"rewound":true');
      return true;
    };
    const request = { subtype: "rewind_conversation", target_message_uuid: this.#prompt };
    await this.#until(isAnswer, controlLine(rewindId, request));
    return isTakenBack;
  }

  /** A first turn in which the model calls `tool`. Gives a function that answers the call and times what follows. */
  async turnWithCall(system: string, text: string, tool: Tool): Promise<(result: string) => Promise<BareTurn>> {
    let replyTo: ((result: string) => string) | undefined;
    const serve = (line: string): boolean => {
      if (!line.includes(controlMark)) return false;
      const { request_id, request: { message } } = JSON.parse(line) as ToolRequest;
      const step = serveTools(message, [tool]);
      if (step.kind === "answer") {
        this.#child.stdin.write(toolReplyLine(request_id, step.response));
        return false;
      }
      const { call } = step;
      replyTo = (content) => {
        const result = { type: "tool_result", tool_use_id: call.toolUseId ?? "", content } as const;
        return toolReplyLine(request_id, callAnswer(call, result));
      };
      return true;
    };
    await this.#until(serve, initializeLine(system, { sdkMcpServers: ["client"] }) + userLine(text));
    return (result) => this.#turn(replyTo?.(result) ?? "");
  }

  /**
   * Tells earlier messages as our server does: in their true roles, each user message acknowledged before the next is
   * written. Gives the milliseconds of every acknowledgement.
   */
  async tellHistory(system: string, messages: readonly ChatMessage[]): Promise<number[]> {
    this.#child.stdin.write(initializeLine(system));
    const waits: number[] = [];
    for (const { role, content } of messages) {
      if (role === "assistant") {
        this.#child.stdin.write(assistantLine(content));
        continue;
      }
      const start = performance.now();
      await this.#until((line) => resultMark.test(line), userLine(content, { shouldQuery: false }));
      waits.push(performance.now() - start);
    }
    return waits;
  }

  #promptLine(text: string): string {
    this.#prompt = randomUUID();
    return userLine(text, { uuid: this.#prompt });
  }

  async #turn(lines: string): Promise<BareTurn> {
    const start = performance.now();
    let firstContentMs: number | undefined;
    await this.#until((line) => {
      if (firstContentMs === undefined && line.includes(deltaMark)) firstContentMs = performance.now() - start;
      return resultMark.test(line);
    }, lines);
    if (firstContentMs === undefined) throw new Error("the CLI's turn held no text");
    return { firstContentMs };
  }

  /** Writes `lines` and reads until `isLast` says so of a line. Rejects after 30 s. */
  #until(isLast: (line: string) => boolean, lines: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => reject(new Error(`the CLI did not answer within ${waitMsMax} ms`)), waitMsMax);
      this.#onLine = (line) => {
        if (!isLast(line)) return;
        clearTimeout(deadline);
        this.#onLine = undefined;
        resolve();
      };
      this.#child.stdin.write(lines);
    });
  }
}

/** A control request of the CLI that carries a message for the tool server. */
interface ToolRequest {
  readonly request_id: string;
  readonly request: { readonly message: Record<string, unknown> };
}

function initializeLine(system: string, more: Readonly<Record<string, unknown>> = {}): string {
  return controlLine(initializeId, { subtype: "initialize", systemPrompt: [system], ...more });
}

function controlLine(id: string, request: Readonly<Record<string, unknown>>): string {
  return `${JSON.stringify({ type: "control_request", request_id: id, request })}\n`;
}

function toolReplyLine(requestId: string, message: unknown): string {
  const response = { subtype: "success", request_id: requestId, response: { mcp_response: message } };
  return `${JSON.stringify({ type: "control_response", response })}\n`;
}

function userLine(content: string, more: Readonly<Record<string, unknown>> = {}): string {
  const message = { role: "user", content: [{ type: "text", text: content }] };
  return `${JSON.stringify({ type: "user", message, parent_tool_use_id: null, session_id: "", ...more })}\n`;
}

function assistantLine(text: string): string {
  const message = {
    id: `msg_${randomUUID()}`,
    type: "message",
    role: "assistant",
    model: "claude",
    content: [{ type: "text", text }],
    stop_reason: "end_turn",
    stop_sequence: null,
    usage: { input_tokens: 0, output_tokens: 0 },
  };
  return `${JSON.stringify({
    type: "assistant", message, parent_tool_use_id: null, session_id: "", uuid: randomUUID(),
  })}\n`;
}

/** The CLI driven by hand over its pipes, with the launch that our server uses: the floor, nothing between it and the clock. */
import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { childEnvironment, launchArguments } from "../../src/claude/launch.ts";
import { callAnswer, serveTools } from "../../src/claude/tool-server.ts";
import type { Tool } from "../../src/turn.ts";
import { endingOf } from "./child-process.ts";
import { passedNames } from "./environment.ts";
import type { Scope } from "./scope.ts";

const retries = 2;
const waitMsMax = 30_000;
const stdinEndWaitMs = 2_000;
const deltaMark = '"text_delta"';
const resultMark = /"type":"result"/;
const controlMark = '"type":"control_request"';

export interface HandTurn {
  /** From the write of the message to the line of the first text delta, in milliseconds. */
  readonly firstContentMs: number;
}

/** One process. What it is told is exactly what the protocol needs. */
export class BareCli {
  readonly #child: ChildProcess & { stdin: NonNullable<ChildProcess["stdin"]>; stdout: NonNullable<ChildProcess["stdout"]> };
  readonly #stop: () => Promise<void>;
  #rest = "";
  #watch: ((line: string) => void) | undefined;

  constructor(scope: Scope, claude: string, env: Readonly<Record<string, string>>, cwd: string) {
    this.#child = spawn(claude, launchArguments("sonnet"), {
      cwd, env: childEnvironment(env, { passEnv: passedNames.split(","), maxRetries: retries }), stdio: ["pipe", "pipe", "ignore"],
    });
    this.#child.stdin.on("error", () => {});
    this.#child.stdout.setEncoding("latin1").on("data", (text: string) => {
      const lines = (this.#rest + text).split("\n");
      this.#rest = lines.pop() ?? "";
      for (const line of lines) this.#watch?.(line);
    });
    this.#stop = endingOf(scope, this.#child);
  }

  /** A CLI at rest ends by itself when its stdin does, and much sooner than on a signal. */
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

  /** A first turn: the system prompt goes with it, as on a process that was booted before anybody asked. */
  firstTurn(system: string, text: string): Promise<HandTurn> {
    const initialize = { type: "control_request", request_id: "hand-1", request: { subtype: "initialize", systemPrompt: [system] } };
    return this.#turn(`${JSON.stringify(initialize)}\n${userLine(text)}`);
  }

  nextTurn(text: string): Promise<HandTurn> {
    return this.#turn(userLine(text));
  }

  /** A first turn in which the model calls that tool. Gives what answers the call: the rest of the turn, timed from the write of the result. */
  async turnWithCall(system: string, text: string, tool: Tool): Promise<(result: string) => Promise<HandTurn>> {
    const initialize = { type: "control_request", request_id: "hand-1", request: { subtype: "initialize", systemPrompt: [system], sdkMcpServers: ["client"] } };
    let answerCall: ((result: string) => string) | undefined;
    await this.#until((line) => {
      if (!line.includes(controlMark)) return false;
      const { request_id, request: { message } } = JSON.parse(line) as { request_id: string; request: { message: Record<string, unknown> } };
      const reply = (response: unknown): string => `${JSON.stringify({ type: "control_response", response: { subtype: "success", request_id, response: { mcp_response: response } } })}\n`;
      const step = serveTools(message, [tool]);
      if (step.kind === "answer") this.#child.stdin.write(reply(step.response));
      else answerCall = (content) => reply(callAnswer(step.call, { type: "tool_result", tool_use_id: step.call.toolUseId ?? "", content }));
      return answerCall !== undefined;
    }, () => this.#child.stdin.write(`${JSON.stringify(initialize)}\n${userLine(text)}`));
    return (result) => this.#turn(answerCall?.(result) ?? "");
  }

  /** Tells earlier messages as our server does: in their true roles, a user's acknowledged before what follows. Gives the milliseconds of each acknowledgement. */
  async tellHistory(system: string, messages: readonly { readonly role: string; readonly content: string }[]): Promise<number[]> {
    const initialize = { type: "control_request", request_id: "hand-1", request: { subtype: "initialize", systemPrompt: [system] } };
    this.#child.stdin.write(`${JSON.stringify(initialize)}\n`);
    const waits: number[] = [];
    for (const { role, content } of messages) {
      if (role === "assistant") {
        this.#child.stdin.write(assistantLine(content));
        continue;
      }
      const start = performance.now();
      await this.#until((line) => resultMark.test(line), () => this.#child.stdin.write(userLine(content, { shouldQuery: false })));
      waits.push(performance.now() - start);
    }
    return waits;
  }

  async #turn(lines: string): Promise<HandTurn> {
    const start = performance.now();
    let firstContentMs: number | undefined;
    await this.#until((line) => {
      if (firstContentMs === undefined && line.includes(deltaMark)) firstContentMs = performance.now() - start;
      return resultMark.test(line);
    }, () => this.#child.stdin.write(lines));
    if (firstContentMs === undefined) throw new Error("the CLI's turn held no text");
    return { firstContentMs };
  }

  #until(isLast: (line: string) => boolean, begin: () => unknown): Promise<void> {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => reject(new Error(`the CLI did not answer within ${waitMsMax} ms`)), waitMsMax);
      this.#watch = (line) => {
        if (!isLast(line)) return;
        clearTimeout(deadline);
        this.#watch = undefined;
        resolve();
      };
      begin();
    });
  }
}

function userLine(content: string, more: Readonly<Record<string, unknown>> = {}): string {
  return `${JSON.stringify({ type: "user", message: { role: "user", content: [{ type: "text", text: content }] }, parent_tool_use_id: null, session_id: "", ...more })}\n`;
}

function assistantLine(text: string): string {
  const message = {
    id: `msg_${randomUUID()}`, type: "message", role: "assistant", model: "claude", content: [{ type: "text", text }],
    stop_reason: "end_turn", stop_sequence: null, usage: { input_tokens: 0, output_tokens: 0 },
  };
  return `${JSON.stringify({ type: "assistant", message, parent_tool_use_id: null, session_id: "", uuid: randomUUID() })}\n`;
}

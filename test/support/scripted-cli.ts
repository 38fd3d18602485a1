/**
 * A made-up CLI whose processes are objects, in a world with a clock that the test moves: where one dies or hangs is said to
 * the line. It can be rewound to any line that it was told, as the newest real ones can to their prompts.
 */
import type { ClaudeProcess, ProcessListener, ProcessState } from "../../src/claude/process.ts";
import type { World } from "../../src/engine/world.ts";
import { BridgeError } from "../../src/errors.ts";
import { callEvents, errorLine, eventLine, mcpLine, messageDelta, messageStart, refusalLine, resultLine, successLine, textDelta } from "./cli-lines.ts";
import { HandClock } from "./hand-clock.ts";

type Line = any;

/**
 * Where a process can be struck; `boot` is its first word, `answered` a rewind that it has just granted, `model` and
 * `setting` are before it has taken them.
 */
export type Point = "boot" | "rewind" | "answered" | "model" | "setting" | "history" | "question" | "result" | "count";
export type Blow = "killed" | "hangs";

/** How long the ladder takes that ends a process which does nothing any more: see src/claude/process.ts. */
const ladderMs = 2_000;

export class ScriptedCli {
  readonly clock = new HandClock();
  readonly processes: ScriptedClaude[] = [];
  /** Those that it lists. */
  models: readonly string[] = [];
  /** How long a process takes to come up, in milliseconds: what it is told before waits in its pipe. */
  bootMs = 0;
  /** Asked at each point: what becomes of the process there. */
  blowAt: (point: Point, process: ScriptedClaude, line: Line) => Blow | undefined = () => undefined;
  /** Whether it takes back its first message too. */
  canBeEmptied = true;
  /** What it tells of the tokens of what it was told; undefined: it knows no such request. */
  usageOf: (process: ScriptedClaude) => object | undefined = () => undefined;
  /** Told of each question. Where it gives true, what the process says is the test's. */
  onQuestion: (process: ScriptedClaude, text: string) => boolean = () => false;
  #ids = 0;

  get world(): World {
    return {
      clock: this.clock,
      startedAtMs: this.clock.now(),
      randomId: () => `00000000-0000-4000-8000-${String(++this.#ids).padStart(12, "0")}`,
      findInstallation: () => Promise.resolve({ kind: "found", version: "2.1.330" }),
      launch: ({ model }) => {
        const process = new ScriptedClaude(this, model);
        this.processes.push(process);
        return process as unknown as ClaudeProcess;
      },
      memoryOf: () => undefined, cores: 2, longParameterBytesMax: () => 100_000,
    } as World;
  }

  killAll(): void {
    for (const process of this.processes) process.strike("killed");
  }

  get living(): readonly ScriptedClaude[] {
    return this.processes.filter(({ state }) => state !== "closed");
  }
}

/** Answers a question with its own words; "(held)" stops after the first delta, "(call)" calls the first tool. */
export class ScriptedClaude {
  readonly pid = 1;
  readonly model: string;
  readonly closed: Promise<void>;
  readonly exited: Promise<void>;
  state: ProcessState = "booting";
  ending: string | undefined;
  /** The texts of its history, as it would send them up. */
  said: { readonly uuid: string; readonly text: string }[] = [];
  /** Whether it has written anything. */
  isUp = false;
  readonly #cli: ScriptedCli;
  #listener: ProcessListener | undefined;
  #isHung = false;
  #isAnswering = false;
  #messages = 0;
  #close: () => void = () => {};

  constructor(cli: ScriptedCli, model: string) {
    this.#cli = cli;
    this.model = model;
    this.closed = new Promise((resolve) => (this.#close = resolve));
    this.exited = this.closed;
  }

  attach(listener: ProcessListener): void {
    this.#listener = listener;
    if (this.state === "closed") listener.onFailure(this.#failure);
  }

  write(text: string): Promise<void> {
    const { bootMs, clock } = this.#cli;
    const later = this.isUp || bootMs === 0 ? setImmediate : (take: () => void) => clock.after(bootMs, take);
    for (const line of text.split("\n").filter(Boolean)) later(() => this.#take(JSON.parse(line)));
    return Promise.resolve();
  }

  strike(blow: Blow): void {
    if (blow === "killed") this.#gone("signal SIGKILL");
    else this.#isHung = true;
  }

  work(): void { this.#move("busy"); }
  rest(): void { this.#move("ready"); }
  park(): void { this.#move("parked"); }
  pause(): void {}
  resume(): void {}

  end(): Promise<void> {
    this.#listener = undefined;
    if (this.state === "closed" || this.state === "closing") return this.closed;
    this.state = "closing";
    if (this.#isHung) this.#cli.clock.after(ladderMs, () => this.#gone("signal SIGKILL"));
    else setImmediate(() => this.#gone("exit code 0"));
    return this.closed;
  }

  fail(error: BridgeError): Promise<void> {
    const listener = this.#listener;
    const closed = this.end();
    listener?.onFailure(error);
    return closed;
  }

  kill(): void {
    if (this.state !== "closed") this.state = "closing";
    setImmediate(() => this.#gone("signal SIGKILL"));
  }

  get #failure(): BridgeError {
    return new BridgeError("cli_failed", `The claude process ended before it had answered (${this.ending}).`);
  }

  #gone(ending: string): void {
    if (this.state === "closed") return;
    this.ending = ending;
    this.state = "closed";
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.onFailure(this.#failure);
    this.#close();
  }

  #move(state: ProcessState): void {
    if (this.state !== "closing" && this.state !== "closed") this.state = state;
  }

  /** True if it can do no more. */
  #isStruck(point: Point, line: Line): boolean {
    const blow = this.#cli.blowAt(point, this, line);
    if (blow !== undefined) this.strike(blow);
    return this.#isHung || this.state === "closed";
  }

  /** One read of its output. */
  say(...lines: readonly object[]): void {
    this.isUp = true;
    for (const line of lines.map((line) => Buffer.from(JSON.stringify(line)).toString("latin1"))) {
      if (this.#listener?.takeInPlace?.(line, 0, line.length) !== true) this.#listener?.onLine(line, false);
    }
    this.#listener?.onReadEnd();
  }

  #take(line: Line): void {
    if (this.#isHung || this.state === "closed") return;
    if (line.type === "control_request") return this.#control(line);
    if (line.type === "control_response") return this.#answered(line);
    const text = line.message.content.map((block: Line) => block.text ?? block.type).join("");
    if (line.type === "assistant" || line.shouldQuery === false) {
      if (this.#isStruck("history", line)) return;
      this.said.push({ uuid: line.uuid, text });
      if (line.type === "user") this.say(resultLine(0));
      return;
    }
    if (this.#isStruck("question", line)) return;
    this.said.push({ uuid: line.uuid, text });
    if (!this.#cli.onQuestion(this, text)) this.#answer(text);
  }

  #answer(text: string): void {
    const id = `msg_${++this.#messages}`;
    this.#isAnswering = true;
    const words = `${text}!`;
    this.say(messageStart(id, this.model), textDelta(words));
    if (text.includes("(held)")) return;
    if (text.includes("(call)")) {
      this.say(eventLine({ type: "content_block_stop", index: 0 }), ...callEvents(1, "toolu_1", "look"), messageDelta("tool_use", 1), eventLine({ type: "message_stop" }));
      return this.say(mcpLine("call", { id: 7, method: "tools/call", params: { name: "look", arguments: {}, _meta: { "claudecode/toolUseId": "toolu_1" } } }));
    }
    this.#end(words);
  }

  #end(words: string): void {
    this.#isAnswering = false;
    this.said.push({ uuid: "answer", text: words });
    this.say(messageDelta("end_turn", 1), eventLine({ type: "message_stop" }), resultLine(1, words));
  }

  /** A call's result is there: it goes on. */
  #answered(line: Line): void {
    if (line.response.request_id !== "call" || this.#isStruck("result", line)) return;
    this.say(messageStart(`msg_${++this.#messages}`, this.model), textDelta("seen"));
    this.#end("seen");
  }

  #control(line: Line): void {
    const { request_id, request } = line;
    const accept = (response: object): void => this.say(successLine(request_id, response));
    if (request.subtype === "initialize" && this.#isStruck("boot", line)) return;
    if (request.subtype === "interrupt") this.#interrupt();
    if (request.subtype === "set_model" && this.#isStruck("model", line)) return;
    if (isSetting(request.subtype) && this.#isStruck("setting", line)) return;
    if (request.subtype === "get_context_usage") {
      if (this.#isStruck("count", line)) return;
      const usage = this.#cli.usageOf(this);
      return usage === undefined ? this.say(refusalLine(request_id, "Unsupported control request subtype: get_context_usage")) : accept(usage);
    }
    const models = this.#cli.models.map((value) => ({ value, resolvedModel: `claude-${value}-fake`, displayName: value }));
    if (request.subtype !== "rewind_conversation") return accept({ models, account: { tokenSource: "fake" } });
    if (this.#isStruck("rewind", line)) return;
    this.#interrupt();
    const at = this.said.findIndex(({ uuid }) => uuid === request.target_message_uuid);
    if (at === -1) return accept({ rewound: false, error: "target not found" });
    if (at === 0 && !this.#cli.canBeEmptied) return accept({ rewound: false, error: "no preceding assistant" });
    this.said = this.said.slice(0, at);
    accept({ rewound: true });
    this.#isStruck("answered", line);
  }

  #interrupt(): void {
    if (!this.#isAnswering) return;
    this.#isAnswering = false;
    this.say(errorLine(1, "aborted_streaming"));
  }
}

function isSetting(subtype: unknown): boolean {
  return subtype === "apply_flag_settings" || subtype === "set_max_thinking_tokens";
}

/** One process of the made-up CLI that remembers (`remembering-claude.ts`): what it was told, and what it says. */
import { createHash, randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { setImmediate as nextRound, setTimeout as delay } from "node:timers/promises";
import { faultOf, type ToldBlock, type ToldMessage } from "./composed-request.ts";
import type { Random } from "./random.ts";
import { resolvedModel } from "./relays.ts";

/** All that an answer may depend on. */
export interface Told {
  readonly model: string;
  readonly system: readonly string[];
  /** As set by `apply_flag_settings`. */
  readonly outputTokensMax: string | undefined;
  readonly messages: readonly ToldMessage[];
}

/** One turn as its process saw it, its question included. */
export interface View {
  readonly process: RememberingProcess;
  readonly told: Told;
  readonly answer: string;
  /** The answer was written to its end. */
  isWhole: boolean;
}

/**
 * How a question is answered: `whole`; `held` after its first piece, or `mute` before it, until somebody ends it.
 * A question says so by the word in parentheses: "(held)".
 */
export type Manner = "whole" | "held" | "mute";

const ackDelaysMs = [0, 0, 1, 3];
/** White space that clients trim from an answer's ends. */
const edges = ["", "", "", " ", "\n", "\n\n", "\t", "\u00a0"];

/** To whom it tells what it does. */
export interface Watch {
  onStart(): void;
  onRehearsal(): void;
  onTurn(view: View): void;
  onViolation(words: string): void;
}

type Line = Readonly<Record<string, any>>;

/** One process: what it was told, and what it may be told next. */
export class RememberingProcess {
  pid = 0;
  model = "";
  /** Told at the start; undefined before. */
  system: readonly string[] | undefined;
  outputTokensMax: string | undefined;
  hasRehearsed = false;
  /** The turn under way. */
  view: View | undefined;
  readonly #messages: ToldMessage[] = [];
  readonly #assistantIds: (string | undefined)[] = [];
  readonly #socket: Socket;
  readonly #random: Random;
  readonly #watch: Watch;
  #awaitsAck = false;
  #isSpent = false;
  #stop: (() => void) | undefined;

  constructor(socket: Socket, random: Random, watch: Watch) {
    this.#socket = socket;
    this.#random = random;
    this.#watch = watch;
    let rest = "";
    socket.setEncoding("utf8");
    socket.on("error", () => {});
    socket.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#take(JSON.parse(line) as Line);
    });
    socket.on("close", () => this.#stop?.());
    socket.on("end", () => {
      if (this.view === undefined) socket.end();
      else this.#stop?.();
    });
  }

  /** What it would answer from, as it stands. */
  get told(): Told {
    return { model: this.model, system: this.system ?? [], outputTokensMax: this.outputTokensMax, messages: [...this.#messages] };
  }

  /** It can take the next question of its conversation. */
  get isAtRest(): boolean {
    return this.system !== undefined && this.view === undefined && !this.#isSpent && this.#messages.at(-1)?.role === "assistant" && !this.#socket.destroyed;
  }

  /** It waits for a conversation; at most the beginning of one has been rehearsed. */
  get isFresh(): boolean {
    return this.#messages.length === 0 && !this.#socket.destroyed;
  }

  #take(line: Line): void {
    if (this.pid === 0) {
      this.pid = line["pid"] as number;
      this.model = line["model"] as string;
      return this.#watch.onStart();
    }
    if (line["type"] === "control_request") return this.#control(line);
    if (this.#isSpent) return this.#refuse("was told more after an interrupt");
    if (this.system === undefined) return this.#refuse("was told a message before its system prompt");
    if (this.view !== undefined) return this.#refuse("was told a message while it answered");
    if (this.#awaitsAck) return this.#refuse("was told a message before the one before it was acknowledged");
    const { content } = line["message"] as { content: readonly ToldBlock[] };
    if (line["type"] === "assistant") return this.#remember(line["message"].id as string | undefined, content);
    // The CLI keeps nothing of an empty message: it is how its beginning is rehearsed.
    if (content.length > 0) this.#messages.push({ role: "user", content });
    else if (line["shouldQuery"] !== false || this.#messages.length > 0) return this.#refuse("was told an empty message");
    else this.#rehearse();
    if (line["shouldQuery"] === false) void this.#acknowledge();
    else void this.#answer();
  }

  #control({ request_id, request }: Line): void {
    switch (request.subtype) {
      case "initialize":
        if (this.system !== undefined) this.#watch.onViolation(`process ${this.pid} was given to a second conversation`);
        this.system ??= request.systemPrompt as string[];
        break;
      case "apply_flag_settings":
        this.outputTokensMax = request.settings.env.CLAUDE_CODE_MAX_OUTPUT_TOKENS as string;
        break;
      case "interrupt":
        this.#isSpent = true;
        this.#stop?.();
        break;
    }
    const models = ["opus", "sonnet"].map((value) => ({ value, resolvedModel: `claude-${value}-fake`, displayName: value }));
    this.#say({ type: "control_response", response: { subtype: "success", request_id, response: { models, account: { tokenSource: "fake" } } } });
  }

  /** Equal and missing ids are merged, as the CLI does it: the history is then another. */
  #remember(id: string | undefined, content: readonly ToldBlock[]): void {
    const index = this.#assistantIds.indexOf(id);
    const earlier = index === -1 ? undefined : this.#messages[index];
    if (earlier !== undefined) {
      this.#messages[index] = { role: "assistant", content: [...earlier.content, ...content] };
      return;
    }
    this.#assistantIds[this.#messages.length] = id;
    this.#messages.push({ role: "assistant", content });
  }

  async #acknowledge(): Promise<void> {
    this.#awaitsAck = true;
    await delay(this.#random.pick(ackDelaysMs));
    this.#awaitsAck = false;
    this.#say({ type: "result", subtype: "success", is_error: false, num_turns: 0, result: "" });
  }

  #rehearse(): void {
    if (!this.hasRehearsed) this.#watch.onRehearsal();
    this.hasRehearsed = true;
  }

  #refuse(words: string): void {
    this.#watch.onViolation(`process ${this.pid} ${words}`);
    // One fault is told once, and no turn follows from it.
    this.#isSpent = true;
    this.#say({ type: "result", subtype: "error_during_execution", is_error: true, num_turns: 0, result: words });
  }

  async #answer(): Promise<void> {
    const pieces = this.#words();
    this.#judge();
    const view: View = { process: this, told: this.told, answer: pieces.join(""), isWhole: false };
    this.view = view;
    const stopped = new Promise<"stopped">((resolve) => {
      this.#stop = () => resolve("stopped");
    });
    this.#watch.onTurn(view);
    const manner = mannerOf(view.told);
    const id = `msg_${view.answer.length}_${this.#messages.length}`;
    if (manner !== "mute") {
      this.#event({ type: "message_start", message: { id, type: "message", role: "assistant", model: this.model, content: [], usage: { input_tokens: 1, output_tokens: 1 } } });
    }
    for (const piece of manner === "mute" ? [] : pieces) {
      this.#event({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: piece } });
      if (manner === "held") break;
      if (this.#random.below(2) === 0 && await Promise.race([stopped, nextRound()]) === "stopped") return this.#breakOff();
    }
    if (manner !== "whole") {
      await stopped;
      return this.#breakOff();
    }
    const content = [{ type: "text", text: view.answer }];
    this.#say({ type: "assistant", message: { id, type: "message", role: "assistant", model: this.model, content } });
    this.#event({ type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: pieces.length } });
    view.isWhole = true;
    this.#remember(`${id}_own`, content);
    this.view = undefined;
    this.#say({ type: "result", subtype: "success", is_error: false, num_turns: 1, result: view.answer });
    if (this.#socket.readableEnded) this.#socket.end();
  }

  /** What the API is asked with now is held against its rules. */
  #judge(): void {
    const { model, system, outputTokensMax, messages } = this.told;
    const fault = faultOf({ model: resolvedModel(model), system: system.join("\n\n"), outputTokensMax, messages });
    if (fault !== null) this.#watch.onViolation(`process ${this.pid} was told what the API refuses: ${fault.rule}: ${fault.message}`);
  }

  #breakOff(): void {
    this.view = undefined;
    this.#isSpent = true;
    this.#say({ type: "result", subtype: "error_during_execution", is_error: true, num_turns: 1, terminal_reason: "aborted_streaming" });
    if (this.#socket.readableEnded) this.#socket.end();
  }

  /** Drawn from all it was told, and unlike any other answer. */
  #words(): string[] {
    const digest = createHash("sha256").update(JSON.stringify(this.told)).digest("hex").slice(0, 8);
    const more = this.#random.nastyText(4).replaceAll(/\p{Surrogate}/gu, "");
    const words = [`${digest} `, `${randomBytes(6).toString("hex")}${more}`, "\n\nend."];
    return [this.#random.pick(edges) + words[0], ...words.slice(1, -1), words.at(-1) + this.#random.pick(edges)];
  }

  #event(event: object): void {
    this.#say({ type: "stream_event", event, session_id: "fake", parent_tool_use_id: null });
  }

  #say(message: object): void {
    if (!this.#socket.writable) return;
    // As the CLI writes them.
    const line = JSON.stringify(message).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
    this.#socket.write(`${line}\n`);
  }
}

function mannerOf({ messages }: Told): Manner {
  const text = messages.at(-1)?.content.map((block) => block.text ?? "").join(" ") ?? "";
  return text.includes("(held)") ? "held" : text.includes("(mute)") ? "mute" : "whole";
}

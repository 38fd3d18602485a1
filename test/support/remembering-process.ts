/** One process of the made-up CLI that remembers (`remembering-claude.ts`): what it was told, and what it says. */
import { createHash, randomBytes, randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import { setImmediate as nextRound, setTimeout as delay } from "node:timers/promises";
import {
  assistantLine, callEvents, callStart, errorLine, inputDelta, mcpLine, messageDelta, messageStart, refusalLine, resultLine, successLine, syntheticLine, textDelta, userLine,
} from "./cli-lines.ts";
import { faultOf, type ToldBlock, type ToldMessage, type ToldTool } from "./composed-request.ts";
import { callsAllowed, schemaToolName, schemaToolResult } from "./conversation-trees.ts";
import type { Random } from "./random.ts";
import { resolvedModel } from "./relays.ts";
import { refused, type RewindAbilities, RewindableHistory, type RewindReply, type RewindRequest } from "./rewindable-history.ts";

/** All that an answer may depend on. */
export interface Told {
  readonly model: string;
  readonly system: readonly string[];
  /** As set by `apply_flag_settings`. */
  readonly outputTokensMax: string | undefined;
  readonly settings: ToldSettings;
  /** As they are served to it. */
  readonly tools: readonly ToldTool[];
  /** Of its own tool for the answer; null where it has none. */
  readonly answerSchema: unknown;
  readonly messages: readonly ToldMessage[];
}

/** What a process is told anew for each turn, besides the model and the output limit. */
export interface ToldSettings {
  /** `effortLevel` of `apply_flag_settings`; null is as the CLI does for the model. */
  readonly effort: string | null;
  /** `CLAUDE_CODE_DISABLE_THINKING`. */
  readonly isThinkingOff: boolean;
  /** As set by `set_max_thinking_tokens`. */
  readonly thinkingTokens: number | null;
  /** By the same request; what it was launched with is `summarized`. */
  readonly thinkingDisplay: string | null;
  /** `CLAUDE_CODE_EXTRA_BODY`. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** One question as its process saw it. A turn that calls tools has one more with each round of results. */
export interface View {
  readonly process: RememberingProcess;
  readonly told: Told;
  readonly answer: string;
  /** The answer was written to its end. */
  isWhole: boolean;
}

/**
 * How a question is answered: `whole`; `held` after its first piece, or `mute` before it, until somebody ends it; with a
 * `call` of the first tool, or two `calls`, behind it; or the API `fails` it, or `breaks` off behind its first piece. A
 * question says so by the word in parentheses: "(held)".
 */
export type Manner = "whole" | "held" | "mute" | "call" | "calls" | "fails" | "breaks";

/** Within this time the server has nearly always read an answer to a rewind, in milliseconds. */
const rewindReadMsUsual = 250;
/** The same, however busy the machine. */
const rewindReadMsMax = 2_000;

/**
 * What becomes of a rewind: refused, never answered, its process dies, or answered in a way that nobody understands; or,
 * as no CLI does it, a message too many is taken back, or none at all, and the answer says nothing of that.
 */
export type RewindFault = "refused" | "unanswered" | "dies" | "garbled" | "overdone" | "pretended";

/**
 * What becomes of a setting: refused, answered after a while, as is all behind it, had and never answered, not had and
 * never answered, its process dies; or, as no CLI does it, accepted and not had.
 */
export type SettingFault = "refused" | "late" | "unanswered" | "lost" | "dies" | "ignored";
const settingRequests = ["apply_flag_settings", "set_model", "set_max_thinking_tokens"] as const;
export type SettingRequest = (typeof settingRequests)[number];
/** How late an answer is to a setting, in milliseconds. */
const lateMs = 15;

const ackDelaysMs = [0, 0, 1, 3];
/** White space that clients trim from an answer's ends. */
const edges = ["", "", "", " ", "\n", "\n\n", "\t", "\u00a0"];
const rejectedText = "The user doesn't want to proceed with this tool use.";
const interruptedText = "[Request interrupted by user]";
const interruptedCallText = "[Request interrupted by user for tool use]";

/** To whom it tells what it does. */
export interface Watch {
  onStart(): void;
  onRehearsal(): void;
  onTurn(view: View): void;
  onRewind(isGranted: boolean): void;
  onViolation(words: string): void;
  /** Asked at each rewind. */
  faultOfRewind(process: RememberingProcess): RewindFault | undefined;
  /** Asked at each request that changes a setting. */
  faultOfSetting(process: RememberingProcess, request: SettingRequest): SettingFault | undefined;
  /** Asked at each message of a history: whether it is lost. No CLI does that. */
  losesMessage(process: RememberingProcess): boolean;
}

type Line = Readonly<Record<string, any>>;

interface Call { readonly id: string; readonly name: string }

/**
 * Whether the server can know what it holds. `interrupted`: its history ends in words of the CLI's own, until a rewind
 * takes them back. `refused`: a rewind was, and only another one to the beginning makes up for it.
 */
type Soundness = "sound" | "interrupted" | "refused";

/** One process: what it was told, and what it may be told next. */
export class RememberingProcess {
  pid = 0;
  model = "";
  /** Told at the start; undefined before. */
  system: readonly string[] | undefined;
  outputTokensMax: string | undefined;
  hasRehearsed = false;
  /** The settings that it was told and does not have. */
  readonly lacks = new Set<SettingRequest>();
  /** The question that is being answered, or whose calls are open. */
  view: View | undefined;
  readonly #history: RewindableHistory;
  readonly #abilities: RewindAbilities;
  readonly #socket: Socket;
  readonly #random: Random;
  readonly #watch: Watch;
  readonly #asked = new Map<string, (response: Line) => void>();
  #askedCount = 0;
  #tools: Promise<readonly ToldTool[]> | undefined;
  #served: readonly ToldTool[] = [];
  #answerSchema: { readonly properties: object } | null = null;
  #settings: ToldSettings = { effort: null, isThinkingOff: false, thinkingTokens: null, thinkingDisplay: "summarized", parameters: {} };
  #awaitsAck = false;
  #isSpent = false;
  #soundness: Soundness = "sound";
  /** Another model has had the earlier part of its conversation. */
  #isMixed = false;
  /** Stops the turn that runs. */
  #stop: (() => void) | undefined;
  #turn: Promise<void> = Promise.resolve();
  #openRewinds = 0;
  /** Rewinds are answered in their order. */
  #rewinds: Promise<void> = Promise.resolve();
  #rewoundAtMs = -Infinity;

  constructor(socket: Socket, random: Random, abilities: RewindAbilities, watch: Watch) {
    this.#socket = socket;
    this.#random = random;
    this.#abilities = abilities;
    this.#history = new RewindableHistory(abilities);
    this.#watch = watch;
    let rest = "";
    socket.setEncoding("utf8");
    socket.on("error", () => {});
    socket.on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (!socket.destroyed) this.#take(JSON.parse(line) as Line);
    });
    socket.on("close", () => this.#stop?.());
    socket.on("end", () => {
      if (this.#stop === undefined) socket.end();
      else this.#stop();
    });
  }

  /** Its input behind a setting that it takes its time with. */
  #held: Line[] | undefined;

  /** What it would answer from, as it stands. */
  get told(): Told {
    const { model, system = [], outputTokensMax } = this;
    return { model, system, outputTokensMax, settings: this.#settings, tools: this.#served, answerSchema: this.#answerSchema, messages: this.#history.messages };
  }

  /** It can take the next question of its conversation. */
  get isAtRest(): boolean {
    return this.system !== undefined && this.#stop === undefined && !this.#isSpent && this.#openRewinds === 0 && this.#soundness === "sound"
      && this.#history.messages.at(-1)?.role === "assistant" && !this.#socket.destroyed && !this.#socket.readableEnded;
  }

  /** Whether its answer to the last rewind is so old that the server should have read it. */
  get isRewindKnown(): boolean {
    return performance.now() - this.#rewoundAtMs > rewindReadMsUsual;
  }

  /** The same, for certain. */
  get isRewindOld(): boolean {
    return performance.now() - this.#rewoundAtMs > rewindReadMsMax;
  }

  /** It waits for a conversation; at most the beginning of one has been rehearsed. */
  get isFresh(): boolean {
    return this.#history.messages.length === 0 && !this.#socket.destroyed;
  }

  #take(line: Line): void {
    if (this.#held !== undefined) return void this.#held.push(line);
    if (this.pid === 0) {
      this.pid = line["pid"] as number;
      this.model = line["model"] as string;
      return this.#watch.onStart();
    }
    if (line["type"] === "control_request") return this.#control(line);
    if (line["type"] === "control_response") return this.#answered(line);
    const fault = this.#faultOfTelling();
    if (fault !== undefined) return this.#refuse(fault);
    this.#noteDoubts();
    const uuid = (line["uuid"] as string | undefined) ?? randomUUID();
    const { content: given } = line["message"] as { content: string | readonly ToldBlock[] };
    const content = typeof given === "string" ? [{ type: "text", text: given }] : given;
    if (line["type"] === "assistant") return this.#history.addAssistant(content, uuid, line["message"].id as string | undefined);
    // The API is told nothing of an empty message: it is how the beginning is rehearsed.
    if (content.length === 0) {
      if (line["shouldQuery"] !== false) return this.#refuse("was told an empty message");
      if (this.told.messages.length > 0) this.#watch.onViolation(`process ${this.pid} was told an empty message`);
      else this.#rehearse();
    }
    if (line["shouldQuery"] !== false || !this.#watch.losesMessage(this)) this.#history.addUser(content, uuid);
    if (this.#isMixed && line["shouldQuery"] !== false) this.#watch.onViolation(`process ${this.pid} goes on with another model`);
    if (line["shouldQuery"] === false) void this.#acknowledge();
    else this.#turn = this.#answer();
  }

  /** What no CLI takes. */
  #faultOfTelling(): string | undefined {
    if (this.#isSpent) return "was told more after it had refused";
    if (this.system === undefined) return "was told a message before its system prompt";
    if (this.#stop !== undefined) return "was told a message while it answered";
    return this.#awaitsAck ? "was told a message before the one before it was acknowledged" : undefined;
  }

  /** What the CLI does not mind: it goes on with the history that it has, which the server cannot know. */
  #noteDoubts(): void {
    const isSound = this.#openRewinds === 0 && this.#soundness === "sound";
    if (isSound) return;
    const what = this.#openRewinds > 0 ? "before a rewind was answered" : `after ${this.#soundness === "refused" ? "a refused rewind" : "an interrupt"}`;
    this.#watch.onViolation(`process ${this.pid} was told more ${what}`);
    this.#soundness = "sound";
    this.#openRewinds = 0;
  }

  #control({ request_id, request }: Line): void {
    const { subtype } = request;
    if (isSetting(subtype)) return this.#set(request_id as string, subtype, request);
    switch (subtype) {
      case "initialize":
        if (this.system !== undefined) this.#watch.onViolation(`process ${this.pid} was given to a second conversation`);
        this.system ??= request.systemPrompt as string[];
        this.#answerSchema ??= request.jsonSchema ?? null;
        if (request.sdkMcpServers !== undefined) this.#tools = this.#ask("tools/list", {}).then(({ result }) => (this.#served = result.tools));
        break;
      case "rewind_conversation":
        if (!this.#abilities.steps) return this.#say(refusalLine(request_id, "Unsupported control request subtype: rewind_conversation"));
        this.#openRewinds++;
        this.#rewinds = this.#rewinds.then(() => this.#rewind(request_id as string, request as RewindRequest));
        return;
      case "interrupt":
        this.#interrupt();
        break;
    }
    const models = ["opus", "sonnet"].map((value) => ({ value, resolvedModel: `claude-${value}-fake`, displayName: value, supportsAdaptiveThinking: true }));
    this.#say(successLine(request_id as string, { models, account: { tokenSource: "fake" } }));
  }

  #set(requestId: string, subtype: SettingRequest, request: Line): void {
    const fault = this.#watch.faultOfSetting(this, subtype);
    if (fault === "dies") return this.#die();
    const isHad = fault === undefined || fault === "late" || fault === "unanswered";
    if (isHad) this.#apply(subtype, request);
    else this.lacks.add(subtype);
    if (fault === "unanswered" || fault === "lost") return;
    if (fault === "refused") return this.#say(refusalLine(requestId, "the setting is refused"));
    const answer = (): void => this.#say(successLine(requestId, {}));
    if (fault !== "late") return answer();
    const held: Line[] = [];
    this.#held = held;
    void delay(lateMs).then(() => {
      this.#held = undefined;
      answer();
      for (const line of held) this.#take(line);
    });
  }

  /** What is behind in its input is lost. */
  #die(): void {
    process.kill(this.pid, "SIGKILL");
    this.#socket.destroy();
  }

  #apply(subtype: SettingRequest, request: Line): void {
    switch (subtype) {
      case "apply_flag_settings": {
        const { effortLevel, env = {} } = request["settings"] as { effortLevel?: string | null; env?: Record<string, string> };
        if (effortLevel !== undefined) this.#settings = { ...this.#settings, effort: effortLevel };
        return this.#setEnvironment(env);
      }
      case "set_model":
        return this.#setModel(request["model"] as string);
      case "set_max_thinking_tokens":
        this.#settings = {
          ...this.#settings, thinkingTokens: request["max_thinking_tokens"] as number | null,
          ...(request["thinking_display"] === undefined ? {} : { thinkingDisplay: request["thinking_display"] as string | null }),
        };
    }
  }

  /** As the real ones do: what is not named stays, and "" is as if it were not set. */
  #setEnvironment(env: Readonly<Record<string, string>>): void {
    const bound = env["CLAUDE_CODE_MAX_OUTPUT_TOKENS"] ?? this.outputTokensMax;
    this.outputTokensMax = bound === "" ? undefined : bound;
    const { CLAUDE_CODE_DISABLE_THINKING: off, CLAUDE_CODE_EXTRA_BODY: body } = env;
    this.#settings = {
      ...this.#settings,
      ...(off === undefined ? {} : { isThinkingOff: off !== "" }),
      ...(body === undefined ? {} : { parameters: JSON.parse(body === "" ? "{}" : body) as Record<string, unknown> }),
    };
  }

  /** One that cannot be emptied notes the change in its conversation, as 2.1.197 does. */
  #setModel(model: string): void {
    this.model = model;
    this.#isMixed = this.#history.length > 0;
    if (!this.#abilities.toEmpty) this.#history.addUser([{ type: "text", text: `Set model to ${model}` }], randomUUID());
  }

  #interrupt(): void {
    if (this.#soundness === "sound") this.#soundness = "interrupted";
    this.#stop?.();
  }

  async #rewind(requestId: string, request: RewindRequest): Promise<void> {
    const before = this.#soundness;
    const fault = this.#watch.faultOfRewind(this);
    if (fault === "dies") return this.#die();
    const isTooEarly = this.#stop !== undefined && request.interrupt_if_running !== true;
    // A turn that runs is interrupted first, whatever the answer will be.
    if (!isTooEarly) {
      this.#stop?.();
      await this.#turn;
    }
    await delay(this.#random.pick(ackDelaysMs));
    if (fault === "unanswered") return;
    if (fault === "garbled") return this.#say(successLine(requestId, { rewound: "perhaps" }));
    const refusal = isTooEarly ? "turn running" : fault === "refused" || fault === "pretended" ? "stale target" : undefined;
    const reply = refusal === undefined ? this.#history.rewind(request) : refused(refusal);
    if (fault === "overdone") this.#history.loseLast();
    this.#rewoundAtMs = performance.now();
    const healsAll = reply.rewound && this.#history.length === 0;
    if (healsAll) this.#isMixed = false;
    if (healsAll || (reply.rewound && before !== "refused")) this.#soundness = "sound";
    else this.#soundness = "refused";
    this.#openRewinds = Math.max(0, this.#openRewinds - 1);
    this.#watch.onRewind(reply.rewound);
    const target = request.target_message_uuid;
    const pretence: RewindReply = { rewound: true, targetMessageUuid: target, prefillText: "", precedingAssistantUuid: null };
    this.#say(successLine(requestId, fault === "pretended" ? pretence : reply));
  }

  async #acknowledge(): Promise<void> {
    this.#awaitsAck = true;
    await delay(this.#random.pick(ackDelaysMs));
    this.#awaitsAck = false;
    this.#say(resultLine(0));
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

  /** Answers until it has called no more: a round of results is a question too. */
  async #answer(): Promise<void> {
    const stopped = new Promise<"stopped">((resolve) => {
      this.#stop = () => resolve("stopped");
    });
    const tools = await Promise.race([stopped, this.#tools]) ?? [];
    for (let turns = 1; ; turns++) {
      if (tools === "stopped") return this.#breakOff(turns, "aborted_streaming", interruptedText);
      this.#judge(tools);
      const pieces = this.#pieces();
      const view: View = { process: this, told: this.told, answer: pieces.join(""), isWhole: false };
      this.view = view;
      this.#watch.onTurn(view);
      const calls = await this.#speak(view, pieces, tools, stopped);
      if (calls === "stopped") return this.#breakOff(turns, "aborted_streaming", interruptedText);
      if (calls === "failed") return this.#failTurn(mannerOf(view.told));
      view.isWhole = true;
      if (calls.length === 0) return this.#end(resultLine(turns, view.answer));
      const outcome = await this.#untilResults(calls, stopped);
      if (outcome === "stopped") return this.#breakOff(turns, "aborted_tools", interruptedCallText);
    }
  }

  /** Writes one answer, and gives the calls in it. What was said of it when it is stopped stays in the history. */
  async #speak(
    view: View, pieces: readonly string[], tools: readonly ToldTool[], stopped: Promise<"stopped">,
  ): Promise<readonly Call[] | "stopped" | "failed"> {
    const manner = mannerOf(view.told);
    const id = `msg_${randomUUID()}`;
    const keep = (block: ToldBlock): void => {
      const uuid = randomUUID();
      this.#history.addAssistant([block], uuid, id);
      this.#say(assistantLine(uuid, id, this.model, block));
    };
    const isDocument = this.#answerSchema !== null;
    let said = "";
    const stop = (): "stopped" => {
      // A call that is not whole is nothing.
      if (said !== "" && !isDocument) keep({ type: "text", text: said });
      return "stopped";
    };
    if (manner === "mute") return stopped;
    if (manner === "fails") return "failed";
    this.#say(messageStart(id, this.model));
    const callId = `toolu_${randomBytes(8).toString("hex")}`;
    if (isDocument) this.#say(callStart(0, callId, schemaToolName));
    for (const piece of pieces) {
      this.#say(isDocument ? inputDelta(0, piece) : textDelta(piece));
      said += piece;
      if (manner === "held") return stopped.then(stop);
      if (manner === "breaks") return "failed";
      if (this.#random.below(2) === 0 && await Promise.race([stopped, nextRound()]) === "stopped") return stop();
    }
    if (isDocument) {
      keep({ type: "tool_use", id: callId, name: schemaToolName, input: JSON.parse(view.answer) as object });
      this.#say(messageDelta("tool_use", pieces.length));
      this.#keepResult({ type: "tool_result", tool_use_id: callId, content: schemaToolResult });
      return [];
    }
    keep({ type: "text", text: view.answer });
    const name = tools[0]?.name;
    const wanted = name === undefined ? 0 : callsAllowed({ whole: 0, held: 0, breaks: 0, call: 1, calls: 2 }[manner], view.told.settings.parameters);
    const calls = Array.from({ length: wanted }, (): Call => ({ id: `toolu_${randomBytes(8).toString("hex")}`, name: name ?? "" }));
    for (const [index, call] of calls.entries()) {
      for (const line of callEvents(index + 1, call.id, call.name)) this.#say(line);
      keep({ type: "tool_use", ...call, input: {} });
    }
    this.#say(messageDelta(calls.length === 0 ? "end_turn" : "tool_use", pieces.length));
    return calls;
  }

  /** Asks for one result after the other. Those that do not come are rejected in the CLI's words. */
  async #untilResults(calls: readonly Call[], stopped: Promise<"stopped">): Promise<"stopped" | undefined> {
    for (const [index, { id, name }] of calls.entries()) {
      const asked = this.#ask("tools/call", { name, arguments: {}, _meta: { "claudecode/toolUseId": id } });
      const response = await Promise.race([stopped, asked]);
      if (response === "stopped") {
        this.#say(mcpLine(randomUUID(), { method: "notifications/cancelled", params: { requestId: this.#askedCount } }));
        for (const call of calls.slice(index)) {
          this.#keepResult({ type: "tool_result", tool_use_id: call.id, content: rejectedText, is_error: true });
        }
        return "stopped";
      }
      const { content, isError } = response["result"];
      this.#keepResult({ type: "tool_result", tool_use_id: id, content, ...(isError === true ? { is_error: true } : {}) });
    }
    return undefined;
  }

  #keepResult(block: ToldBlock): void {
    const uuid = randomUUID();
    this.#history.addUser([block], uuid);
    this.#say(userLine(uuid, [block]));
  }

  /** What the API is asked with now is held against its rules. */
  #judge(tools: readonly ToldTool[]): void {
    const { model, system, outputTokensMax, messages, settings: { thinkingTokens } } = this.told;
    const own = this.#answerSchema === null ? [] : [{ name: schemaToolName, inputSchema: this.#answerSchema }];
    const fault = faultOf({ model: resolvedModel(model), system: system.join("\n\n"), outputTokensMax, thinkingTokens, messages, tools: [...tools, ...own] });
    if (fault !== null) this.#watch.onViolation(`process ${this.pid} was told what the API refuses: ${fault.rule}: ${fault.message}`);
  }

  #breakOff(turns: number, terminalReason: string, note: string): void {
    const uuid = randomUUID();
    this.#history.addNote(note, uuid);
    this.#say(userLine(uuid, [{ type: "text", text: note }]));
    this.#end(errorLine(turns, terminalReason));
  }

  /** The prompt stays in the history, and none of the answer. */
  #failTurn(manner: Manner): void {
    this.#soundness = "interrupted";
    const [said, result] = manner === "fails"
      ? syntheticLine("invalid_request", 400, "Prompt is too long")
      : syntheticLine("server_error", 500, "API Error: 500 Internal server error");
    this.#say(said ?? {});
    this.#end(result ?? {});
  }

  #end(result: object): void {
    this.view = undefined;
    this.#stop = undefined;
    this.#say(result);
    if (this.#socket.readableEnded) this.#socket.end();
  }

  /** In words, or by its own tool in a document. */
  #pieces(): string[] {
    const words = this.#words();
    if (this.#answerSchema === null) return words;
    const document = JSON.stringify({ [Object.keys(this.#answerSchema.properties)[0] ?? ""]: words.join("") });
    return [document.slice(0, 12), document.slice(12)];
  }

  /** Drawn from all it was told, and unlike any other answer. */
  #words(): string[] {
    const digest = createHash("sha256").update(JSON.stringify(this.told)).digest("hex").slice(0, 8);
    const more = this.#random.nastyText(4).replaceAll(/\p{Surrogate}/gu, "");
    const words = [`${digest} `, `${randomBytes(6).toString("hex")}${more}`, "\n\nend."];
    return [this.#random.pick(edges) + words[0], ...words.slice(1, -1), words.at(-1) + this.#random.pick(edges)];
  }

  /** Asks the tool server, and waits for its answer for as long as that takes. */
  #ask(method: string, params: object): Promise<Line> {
    const requestId = randomUUID();
    return new Promise((resolve) => {
      this.#asked.set(requestId, resolve);
      this.#say(mcpLine(requestId, { id: ++this.#askedCount, method, params }));
    });
  }

  #answered({ response }: Line): void {
    this.#asked.get(response.request_id as string)?.(response.response.mcp_response as Line);
    this.#asked.delete(response.request_id as string);
  }

  #say(message: object): void {
    if (!this.#socket.writable) return;
    // As the CLI writes them.
    const line = JSON.stringify(message).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
    this.#socket.write(`${line}\n`);
  }
}

function isSetting(subtype: unknown): subtype is SettingRequest {
  return settingRequests.some((name) => name === subtype);
}

function mannerOf({ messages }: Told): Manner {
  const text = messages.at(-1)?.content.map((block) => block.text ?? "").join(" ") ?? "";
  const word = /\((held|mute|calls?|fails|breaks)\)/u.exec(text)?.[1];
  return (word as Manner | undefined) ?? "whole";
}

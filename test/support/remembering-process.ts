/** One process of the made-up CLI that remembers (`remembering-claude.ts`): what it was told, and what it may be told next. */
import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { refusalLine, resultLine, successLine } from "./cli-lines.ts";
import type { ToldBlock, ToldTool } from "./composed-request.ts";
import type { Random } from "./random.ts";
import { isSetting, type RewindFault, type SettingFault, type SettingRequest } from "./remembered-faults.ts";
import { RememberedSettings } from "./remembered-settings.ts";
import type { Told, View } from "./remembered-told.ts";
import { RememberingTurn } from "./remembering-turn.ts";
import { refused, type RewindAbilities, RewindableHistory, type RewindReply, type RewindRequest } from "./rewindable-history.ts";
import { ToolCaller } from "./tool-caller.ts";

/** Within this time the server has nearly always read an answer to a rewind, in milliseconds. */
const rewindReadMsUsual = 250;
/** The same, however busy the machine. */
const rewindReadMsMax = 2_000;

/** How late an answer is to a setting, in milliseconds. */
const lateMs = 15;
const ackDelaysMs = [0, 0, 1, 3];

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

/**
 * Whether the server can know what it holds. `interrupted`: its history ends in words of the CLI's own, until a rewind
 * takes them back. `refused`: a rewind was, and only another one to the beginning makes up for it.
 */
type Soundness = "sound" | "interrupted" | "refused";

export class RememberingProcess {
  pid = 0;
  model = "";
  /** Told at the start; undefined before. */
  system: readonly string[] | undefined;
  hasRehearsed = false;
  readonly #history: RewindableHistory;
  readonly #abilities: RewindAbilities;
  readonly #socket: Socket;
  readonly #random: Random;
  readonly #watch: Watch;
  readonly #settings = new RememberedSettings();
  readonly #caller = new ToolCaller((line) => this.#say(line));
  #tools: Promise<readonly ToldTool[]> | undefined;
  #served: readonly ToldTool[] = [];
  #answerSchema: { readonly properties: object } | null = null;
  #awaitsAck = false;
  #isSpent = false;
  #soundness: Soundness = "sound";
  /** Another model has had the earlier part of its conversation. */
  #isMixed = false;
  /** The turn that runs. */
  #turn: RememberingTurn | undefined;
  /** Settles when it is over. */
  #turnOver: Promise<void> = Promise.resolve();
  #openRewinds = 0;
  /** Rewinds are answered in their order. */
  #rewinds: Promise<void> = Promise.resolve();
  #rewoundAtMs = -Infinity;
  /** Its input behind a setting that it takes its time with. */
  #held: Line[] | undefined;

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
    socket.on("close", () => this.#turn?.stop());
    socket.on("end", () => {
      if (this.#turn === undefined) socket.end();
      else this.#turn.stop();
    });
  }

  /** The question that is being answered, or whose calls are open. */
  get view(): View | undefined {
    return this.#turn?.view;
  }

  /** The settings that it was told and does not have. */
  get lacks(): ReadonlySet<SettingRequest> {
    return this.#settings.lacks;
  }

  /** What it would answer from, as it stands. */
  get told(): Told {
    const { model, system = [] } = this;
    const { outputTokensMax, told: settings } = this.#settings;
    return { model, system, outputTokensMax, settings, tools: this.#served, answerSchema: this.#answerSchema, messages: this.#history.messages };
  }

  /** It can take the next question of its conversation. */
  get isAtRest(): boolean {
    return this.system !== undefined && this.#turn === undefined && !this.#isSpent && this.#openRewinds === 0 && this.#soundness === "sound"
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
    if (line["type"] === "control_response") return this.#caller.take(line);
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
    else this.#answer();
  }

  #answer(): void {
    const { onTurn, onViolation } = this.#watch;
    const turn = new RememberingTurn({
      process: this, history: this.#history, answerSchema: this.#answerSchema, tools: this.#tools, caller: this.#caller, random: this.#random,
      say: (line) => this.#say(line), onTurn, onViolation,
      onFailed: () => (this.#soundness = "interrupted"),
      onEnd: (result) => this.#end(result),
    });
    this.#turn = turn;
    this.#turnOver = turn.run();
  }

  /** What no CLI takes. */
  #faultOfTelling(): string | undefined {
    if (this.#isSpent) return "was told more after it had refused";
    if (this.system === undefined) return "was told a message before its system prompt";
    if (this.#turn !== undefined) return "was told a message while it answered";
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
        if (request.sdkMcpServers !== undefined) this.#tools = this.#caller.ask("tools/list", {}).then(({ result }) => (this.#served = result.tools));
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
    else this.#settings.lacks.add(subtype);
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
      case "apply_flag_settings": return this.#settings.apply(request["settings"]);
      case "set_model": return this.#setModel(request["model"] as string);
      case "set_max_thinking_tokens": return this.#settings.setThinking(request);
    }
  }

  /** One that cannot be emptied notes the change in its conversation, as 2.1.197 does. */
  #setModel(model: string): void {
    this.model = model;
    this.#isMixed = this.#history.length > 0;
    if (!this.#abilities.toEmpty) this.#history.addUser([{ type: "text", text: `Set model to ${model}` }], randomUUID());
  }

  #interrupt(): void {
    if (this.#soundness === "sound") this.#soundness = "interrupted";
    this.#turn?.stop();
  }

  async #rewind(requestId: string, request: RewindRequest): Promise<void> {
    const before = this.#soundness;
    const fault = this.#watch.faultOfRewind(this);
    if (fault === "dies") return this.#die();
    const isTooEarly = this.#turn !== undefined && request.interrupt_if_running !== true;
    // A turn that runs is interrupted first, whatever the answer will be.
    if (!isTooEarly) {
      this.#turn?.stop();
      await this.#turnOver;
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

  #end(result: object): void {
    this.#turn = undefined;
    this.#say(result);
    if (this.#socket.readableEnded) this.#socket.end();
  }

  #say(message: object): void {
    if (!this.#socket.writable) return;
    // As the CLI writes them.
    const line = JSON.stringify(message).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
    this.#socket.write(`${line}\n`);
  }
}

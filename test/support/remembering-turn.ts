/** One turn of a process of the made-up CLI that remembers: what it says, calls and waits for, until it ends or is stopped. */
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { setImmediate as nextRound } from "node:timers/promises";
import {
  assistantLine, callEvents, callStart, errorLine, inputDelta, messageDelta, messageStart, resultLine, syntheticLine, textDelta, userLine,
} from "./cli-lines.ts";
import { faultOf, type ToldBlock, type ToldTool } from "./composed-request.ts";
import type { Random } from "./random.ts";
import { resolvedModel } from "./relays.ts";
import { type Manner, mannerOf, type Told, type View } from "./remembered-told.ts";
import type { RememberingProcess } from "./remembering-process.ts";
import type { RewindableHistory } from "./rewindable-history.ts";
import { schemaToolName, schemaToolResult } from "./schema-tool.ts";
import type { ToolCaller } from "./tool-caller.ts";
import { callsAllowed } from "./tree-asked.ts";

/** White space that clients trim from an answer's ends. */
const edges = ["", "", "", " ", "\n", "\n\n", "\t", "\u00a0"];
const rejectedText = "The user doesn't want to proceed with this tool use.";
const interruptedText = "[Request interrupted by user]";
const interruptedCallText = "[Request interrupted by user for tool use]";

/** What a turn needs of its process. */
export interface TurnSetting {
  readonly process: RememberingProcess;
  readonly history: RewindableHistory;
  /** The schema of its own tool for the answer; null where it has none. */
  readonly answerSchema: { readonly properties: object } | null;
  /** Those that are served to it, once they are known. */
  readonly tools: Promise<readonly ToldTool[]> | undefined;
  readonly caller: ToolCaller;
  readonly random: Random;
  readonly say: (line: object) => void;
  readonly onTurn: (view: View) => void;
  readonly onViolation: (words: string) => void;
  /** Called when the API has failed the turn, before its end. */
  readonly onFailed: () => void;
  /** Called with the turn's `result` line when it is over. */
  readonly onEnd: (result: object) => void;
}

interface Call { readonly id: string; readonly name: string }

export class RememberingTurn {
  /** The question that is being answered, or whose calls are open. */
  view: View | undefined;
  /** Stops it. */
  readonly stop: () => void;
  readonly #setting: TurnSetting;
  readonly #stopped: Promise<"stopped">;

  constructor(setting: TurnSetting) {
    this.#setting = setting;
    let stop = (): void => {};
    this.#stopped = new Promise((resolve) => {
      stop = () => resolve("stopped");
    });
    this.stop = stop;
  }

  /** Answers until it has called no more: a round of results is a question too. */
  async run(): Promise<void> {
    const { process, onTurn, onEnd } = this.#setting;
    const tools = await Promise.race([this.#stopped, this.#setting.tools]) ?? [];
    for (let turns = 1; ; turns++) {
      if (tools === "stopped") return this.#breakOff(turns, "aborted_streaming", interruptedText);
      this.#judge(tools);
      const pieces = this.#pieces();
      const view: View = { process, told: this.#told, answer: pieces.join(""), isWhole: false };
      this.view = view;
      onTurn(view);
      const calls = await this.#speak(view, pieces, tools);
      if (calls === "stopped") return this.#breakOff(turns, "aborted_streaming", interruptedText);
      if (calls === "failed") return this.#failTurn(mannerOf(view.told));
      view.isWhole = true;
      if (calls.length === 0) return onEnd(resultLine(turns, view.answer));
      const outcome = await this.#untilResults(calls);
      if (outcome === "stopped") return this.#breakOff(turns, "aborted_tools", interruptedCallText);
    }
  }

  get #told(): Told {
    return this.#setting.process.told;
  }

  /** Writes one answer, and gives the calls in it. What was said of it when it is stopped stays in the history. */
  async #speak(
    view: View, pieces: readonly string[], tools: readonly ToldTool[],
  ): Promise<readonly Call[] | "stopped" | "failed"> {
    const { history, answerSchema, random, say } = this.#setting;
    const stopped = this.#stopped;
    const manner = mannerOf(view.told);
    const id = `msg_${randomUUID()}`;
    const keep = (block: ToldBlock): void => {
      const uuid = randomUUID();
      history.addAssistant([block], uuid, id);
      say(assistantLine(uuid, id, view.told.model, block));
    };
    const isDocument = answerSchema !== null;
    let said = "";
    const stop = (): "stopped" => {
      // A call that is not whole is nothing.
      if (said !== "" && !isDocument) keep({ type: "text", text: said });
      return "stopped";
    };
    if (manner === "mute") return stopped;
    if (manner === "fails") return "failed";
    say(messageStart(id, view.told.model));
    const callId = `toolu_${randomBytes(8).toString("hex")}`;
    if (isDocument) say(callStart(0, callId, schemaToolName));
    for (const piece of pieces) {
      say(isDocument ? inputDelta(0, piece) : textDelta(piece));
      said += piece;
      if (manner === "held") return stopped.then(stop);
      if (manner === "breaks") return "failed";
      if (random.below(2) === 0 && await Promise.race([stopped, nextRound()]) === "stopped") return stop();
    }
    if (isDocument) {
      keep({ type: "tool_use", id: callId, name: schemaToolName, input: JSON.parse(view.answer) as object });
      say(messageDelta("tool_use", pieces.length));
      this.#keepResult({ type: "tool_result", tool_use_id: callId, content: schemaToolResult });
      return [];
    }
    keep({ type: "text", text: view.answer });
    const name = tools[0]?.name;
    const wanted = name === undefined ? 0 : callsAllowed({ whole: 0, held: 0, breaks: 0, call: 1, calls: 2 }[manner], view.told.settings.parameters);
    const calls = Array.from({ length: wanted }, (): Call => ({ id: `toolu_${randomBytes(8).toString("hex")}`, name: name ?? "" }));
    for (const [index, call] of calls.entries()) {
      for (const line of callEvents(index + 1, call.id, call.name)) say(line);
      keep({ type: "tool_use", ...call, input: {} });
    }
    say(messageDelta(calls.length === 0 ? "end_turn" : "tool_use", pieces.length));
    return calls;
  }

  /** Asks for one result after the other. Those that do not come are rejected in the CLI's words. */
  async #untilResults(calls: readonly Call[]): Promise<"stopped" | undefined> {
    const { caller } = this.#setting;
    for (const [index, { id, name }] of calls.entries()) {
      const asked = caller.ask("tools/call", { name, arguments: {}, _meta: { "claudecode/toolUseId": id } });
      const response = await Promise.race([this.#stopped, asked]);
      if (response === "stopped") {
        caller.cancel();
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
    const { history, say } = this.#setting;
    const uuid = randomUUID();
    history.addUser([block], uuid);
    say(userLine(uuid, [block]));
  }

  /** What the API is asked with now is held against its rules. */
  #judge(tools: readonly ToldTool[]): void {
    const { model, system, outputTokensMax, messages, settings: { thinkingTokens } } = this.#told;
    const { process, answerSchema, onViolation } = this.#setting;
    const own = answerSchema === null ? [] : [{ name: schemaToolName, inputSchema: answerSchema }];
    const fault = faultOf({ model: resolvedModel(model), system: system.join("\n\n"), outputTokensMax, thinkingTokens, messages, tools: [...tools, ...own] });
    if (fault !== null) onViolation(`process ${process.pid} was told what the API refuses: ${fault.rule}: ${fault.message}`);
  }

  #breakOff(turns: number, terminalReason: string, note: string): void {
    const { history, say, onEnd } = this.#setting;
    const uuid = randomUUID();
    history.addNote(note, uuid);
    say(userLine(uuid, [{ type: "text", text: note }]));
    onEnd(errorLine(turns, terminalReason));
  }

  /** The prompt stays in the history, and none of the answer. */
  #failTurn(manner: Manner): void {
    const { say, onFailed, onEnd } = this.#setting;
    onFailed();
    const [said, result] = manner === "fails"
      ? syntheticLine("invalid_request", 400, "Prompt is too long")
      : syntheticLine("server_error", 500, "API Error: 500 Internal server error");
    say(said ?? {});
    onEnd(result ?? {});
  }

  /** In words, or by its own tool in a document. */
  #pieces(): string[] {
    const words = this.#words();
    const { answerSchema } = this.#setting;
    if (answerSchema === null) return words;
    const document = JSON.stringify({ [Object.keys(answerSchema.properties)[0] ?? ""]: words.join("") });
    return [document.slice(0, 12), document.slice(12)];
  }

  /** Drawn from all it was told, and unlike any other answer. */
  #words(): string[] {
    const { random } = this.#setting;
    const digest = createHash("sha256").update(JSON.stringify(this.#told)).digest("hex").slice(0, 8);
    const more = random.nastyText(4).replaceAll(/\p{Surrogate}/gu, "");
    const words = [`${digest} `, `${randomBytes(6).toString("hex")}${more}`, "\n\nend."];
    return [random.pick(edges) + words[0], ...words.slice(1, -1), words.at(-1) + random.pick(edges)];
  }
}

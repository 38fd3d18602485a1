import { randomUUID } from "node:crypto";
import { BridgeError } from "../errors.ts";
import type { Message } from "../turn/message.ts";
import { type ControlChannel, ControlRefused } from "./control.ts";
import type { Rewinds } from "./capabilities.ts";
import type { CapabilityName } from "./capability-rows.ts";
import { CutPoints, type CutPoint } from "./cut-points.ts";
import { type After, orLate } from "./late.ts";
import {
  historyAssistantLine, historyUserLine, isObject, type JsonObject, optionalString, turnLine,
} from "./protocol.ts";
import { rewindRefusal, rewindRequest } from "./rewind.ts";
import { withoutCitations } from "./tellable.ts";

/** How long the CLI may take to answer a rewind, in milliseconds. A rewind that interrupts a turn takes it 25 ms. */
export const rewindWaitMsMax = 2_000;

/**
 * The error of a process that did not rewind. Its history is then not known for certain, so the process must be ended.
 */
export class RewindRefused extends BridgeError {
  /** What the CLI cannot do, as its refusal shows; undefined if it shows nothing of the kind. */
  readonly lacks: CapabilityName | undefined;

  constructor(why: string, lacks: CapabilityName | undefined) {
    super("cli_failed", `The claude process did not rewind its conversation: ${why}.`);
    this.lacks = lacks;
  }
}

/**
 * The ability that the CLI lacks, by the words with which it refused a rewind. Undefined if the words mean something
 * else.
 */
function lackOf(refusal: string, { line }: CutPoint): CapabilityName | undefined {
  if (refusal === "no preceding assistant") return "rewindToEmpty";
  if (refusal === "stale target") return "rewindMany";
  return refusal === "target not found" && line === "answer" ? "answerTarget" : undefined;
}

/** The history of one process, told to it or made by its turns: the lines that add to it, and where it can be cut. */
export class History {
  readonly #points = new CutPoints();
  #isEmpty = true;
  /**
   * How many messages come before the answer that is awaited. Undefined unless the last of them has tool results: only
   * then can the history be cut where the answer begins.
   */
  #awaitedAnswerAt: number | undefined;
  readonly #after: After;

  constructor(after: After) {
    this.#after = after;
  }

  /**
   * The line that adds `messages[index]`, as the question of a turn or as a part of what came before. `model` is the id
   * under which the CLI asks for the model; it is needed for an answer with thinking only.
   */
  line(messages: readonly Message[], index: number, isQuestion: boolean, model?: string): string {
    const uuid = randomUUID();
    this.#isEmpty = false;
    const message = messages[index] ?? { role: "user", content: [] };
    const isBehindResults = hasResults(messages[index - 1]);
    if (message.role === "user" ? !hasResults(message) : isBehindResults) {
      this.#points.add({ kept: index, uuid, line: message.role === "user" ? "prompt" : "answer" });
    }
    if (message.role === "assistant") {
      return historyAssistantLine(withoutCitations(message), `msg_${randomUUID()}`, uuid, model);
    }
    return isQuestion ? turnLine(message, uuid) : historyUserLine(message, uuid);
  }

  /** Prepares for the answer to a turn with these messages. To be called before the answer comes. */
  awaitAnswer(messages: readonly Message[]): void {
    this.#awaitedAnswerAt = hasResults(messages.at(-1)) ? messages.length : undefined;
  }

  /** Notes the first `assistant` line of an answer to tool results: the history can be cut there. */
  noteAnswer({ uuid, message }: JsonObject): void {
    const kept = this.#awaitedAnswerAt;
    // A `<synthetic>` message is the CLI's own, about a turn that failed.
    if (kept === undefined || !isObject(message) || message["model"] === "<synthetic>") return;
    this.#awaitedAnswerAt = undefined;
    const line = optionalString(uuid);
    if (line !== undefined) this.#points.add({ kept, uuid: line, line: "answer" });
  }

  /** Whether the process has no message. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  /** How many messages are left if the process is rewound to at most `keptMax`; undefined if it cannot be. */
  keptWithin(keptMax: number, capabilities: Rewinds): number | undefined {
    return this.#isEmpty ? 0 : this.#points.lastWithin(keptMax, capabilities)?.kept;
  }

  /**
   * Rewinds the process, out of a running turn too. Resolves with the number of messages that are left, at most
   * `keptMax`. Rejects if the CLI refuses or does not answer: then its history is not known for certain.
   */
  async rewind(control: ControlChannel, keptMax: number, capabilities: Rewinds): Promise<number> {
    if (this.#isEmpty) return 0;
    const point = this.#points.lastWithin(keptMax, capabilities);
    if (point === undefined) throw new RewindRefused("there is no place to go back to", undefined);
    // Write all steps without waiting for the answers: each rewinds the message that is the last one after the steps
    // before it.
    const steps = this.#points.way(point, capabilities).map(async (step) => {
      const refusal = await this.#ask(control, step);
      if (refusal !== undefined) throw new RewindRefused(refusal, lackOf(refusal, step));
    });
    await Promise.all(steps);
    this.#points.cutAt(point);
    this.#isEmpty = point.kept === 0;
    return point.kept;
  }

  /** Resolves with the CLI's reason if it did not rewind. */
  async #ask(control: ControlChannel, point: CutPoint): Promise<string | undefined> {
    const answer = control.request(rewindRequest(point, this.#points.lastPrompt)).then(rewindRefusal, (error) => {
      if (!(error instanceof ControlRefused)) throw error;
      throw new RewindRefused("it does not know how to", "rewindSteps");
    });
    return await orLate(answer, rewindWaitMsMax, () => `no answer within ${rewindWaitMsMax} ms`, this.#after);
  }
}

function hasResults(message: Message | undefined): boolean {
  return message?.content.some((block) => block.type === "tool_result") === true;
}

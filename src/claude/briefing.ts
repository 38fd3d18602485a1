import { BridgeError } from "../errors.ts";
import type { Message } from "../turn/message.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import { answerSchema } from "./answer-schema.ts";
import type { ClientTools } from "./client-tools.ts";
import type { ControlChannel } from "./control.ts";
import type { Rewinds } from "./capabilities.ts";
import { withDistinctIds } from "./distinct-ids.ts";
import type { History } from "./history.ts";
import { orLate } from "./late.ts";
import type { ToldTurn } from "./parameters.ts";
import { bootWaitMs } from "./probe.ts";
import type { LiveProcess } from "./process.ts";
import { goThroughMotions } from "./motions.ts";
import { isThinkingOff } from "./parameters.ts";
import { type InitializeAnswer, initializeRequest, parseInitializeAnswer } from "./protocol.ts";
import { hasThinking, idOfModel, isAdaptive, ownMessages } from "./tellable.ts";
import { type Time, timeInNode } from "./time.ts";
import { SettingsChannel } from "./settings-channel.ts";
import { ToolLoop, withoutThinking } from "./tool-loop.ts";
import { resultsByCall, resultsOfLastCalls } from "./tool-results.ts";
import { BootTimeout } from "./watch.ts";

/**
 * How long a turn waits for its process's rehearsal, in milliseconds. A rehearsal takes less than a second on
 * an idle machine. A turn that waits longer fails with `cli_failed` before its first byte, so that it can be
 * given to another process.
 */
export const rehearsalWaitMsMax = 5_000;

export interface BriefingOptions {
  /** Overrides the constant `rehearsalWaitMsMax`. */
  readonly rehearsalWaitMsMax?: number;
  /** How long a process may take from its start to its first line, in milliseconds; `bootWaitMs` by default. */
  readonly bootMsMax?: () => number;
  /** The clocks and timers to use; the machine's own by default. */
  readonly time?: Time;
  /** Called once per process with the CLI's answer to `initialize`: its models, and whether it is logged in. */
  readonly onInitialized: (answer: InitializeAnswer) => void;
  /** Called each time the CLI has acknowledged a user message of the history. */
  readonly onHistoryTold: () => void;
  /** Called when the CLI refused to be given another model. */
  readonly onModelRefused: () => void;
}

/** Stands in for the answer to `initialize` of a process that was not sent that. */
const nothingTold: InitializeAnswer = { models: [], loggedIn: true, knowsEmail: false };

interface Preparation {
  /** The CLI's answer to `initialize`. */
  readonly initialized: Promise<InitializeAnswer>;
  /** Resolves when the CLI has accepted that request, and the settings told with it. */
  readonly accepted: Promise<void>;
}

/** The parts of a conversation through which its process is told a turn. */
export interface BriefingParts {
  readonly process: LiveProcess;
  readonly control: ControlChannel;
  readonly tools: ClientTools;
  readonly history: History;
}

/** A turn to tell a process. */
export interface Task {
  readonly turn: ToldTurn;
  /** How many of the turn's messages the process has. */
  readonly seen: number;
  /** Whether the last message only joins the history: the turn's tokens are to be counted, and nothing is asked. */
  readonly isCounted: boolean;
  /** Called before the question is written. */
  readonly onAsk: () => void;
  /**
   * Called if the CLI answers `initialize` or a setting's control request with an error. The user's last message may
   * have been written by then.
   */
  readonly onRefused: (error: unknown) => void;
  /** Whether nobody waits for the answer any more: then nothing more is told. */
  readonly isOver: () => boolean;
}

/** Tells a process a turn's system prompt, tools and settings, the history and the question. */
export class Briefing {
  readonly #parts: BriefingParts;
  readonly #options: BriefingOptions;
  readonly settings: SettingsChannel;
  readonly acknowledgements = new Acknowledgements();
  readonly #loop = new ToolLoop();
  /** Undefined until the process is sent `initialize`. */
  #preparation: Preparation | undefined;
  #isPrepared = false;
  #rehearsal: Promise<void> | undefined;

  constructor(parts: BriefingParts, options: BriefingOptions) {
    this.#parts = parts;
    this.#options = options;
    const { process, control, history } = parts;
    const { onModelRefused, time = timeInNode } = options;
    this.settings = new SettingsChannel(process.model, { control, history, after: time.after, onModelRefused });
  }

  /** Whether the CLI has accepted `initialize` and the settings told with it. */
  get isPrepared(): boolean { return this.#isPrepared; }

  /** Resolves when the CLI has accepted those, at once if it was not sent them; rejects with its refusal. */
  get accepted(): Promise<void> { return this.#preparation?.accepted ?? Promise.resolve(); }

  /**
   * Tells a new process a turn's system prompt, tools and settings. Resolves when the CLI has accepted them; rejects
   * with its refusal, of which `onRefused` is told as soon as it is read.
   */
  async prepare(turn: ToldTurn, onRefused?: (error: unknown) => void): Promise<void> {
    const { control, tools } = this.#parts;
    tools.serve(turn);
    const initialized = control.request(initializeRequest(asTold(turn))).then(parseInitializeAnswer);
    const noted = initialized.then(this.#options.onInitialized);
    const accepted = Promise.all([noted, ...this.settings.tell(turn, onRefused)]).then(() => {
      this.#isPrepared = true;
    });
    this.#preparation = { initialized, accepted };
    await accepted;
  }

  /** Calls `prepare`; rejects with a BootTimeout when the CLI has not answered within `bootMsMax`. */
  async boot(turn: ToldTurn): Promise<void> {
    const { bootMsMax = () => bootWaitMs, time = timeInNode } = this.#options;
    const waitMsMax = bootMsMax();
    await orLate(this.prepare(turn), waitMsMax, () => {
      throw new BootTimeout(waitMsMax);
    }, time.after);
  }

  /**
   * Prepares a process before its first turn comes. Where the CLI can rewind to empty, it is also sent empty messages,
   * which are then rewound: so it has run already what it would else run for the first time, and slower, in that turn.
   * Sends no further message once `isDue` says that a turn has come. Rejects with the CLI's refusal.
   */
  rehearse(profile: ToldTurn, isDue: () => boolean, { rewindToEmpty }: Rewinds): Promise<void> {
    const prepared = this.prepare(profile);
    const { process, control } = this.#parts;
    this.#rehearsal = rewindToEmpty
      ? goThroughMotions({ process, control, prepared, isDue, acknowledged: () => this.acknowledgements.next() })
      : prepared;
    return this.#rehearsal;
  }

  /**
   * Writes all of a turn that the process has not been told yet. Resolves when the question is written, or when nobody
   * waits for the answer any more, with how many messages were told before the question.
   */
  async tell({ turn, seen, isCounted, onAsk, onRefused, isOver }: Task): Promise<number> {
    const { process, history } = this.#parts;
    if (this.#rehearsal !== undefined) await this.#untilRehearsed(this.#rehearsal);
    // Do not wait: the CLI reads what follows in order, and a refusal fails the turn whenever it comes.
    else if (seen === 0 && this.#preparation === undefined) this.prepare(turn, onRefused).catch(onRefused);
    if (this.settings.model !== turn.model) {
      // The limit of the wait for `set_model` counts from when the CLI is up: the boot has a limit of its own.
      await this.#preparation?.initialized;
      if (isOver()) return 0;
      await this.settings.giveModel(turn, isOver);
    }
    const modelId = turn.messages.slice(seen).some(hasThinking) ? await this.#modelId(turn.model) : undefined;
    const messages = withDistinctIds(ownMessages(turn.messages, modelId));
    const isThoughtless = this.#loop.noteTold(messages, seen) && !await this.#isAdaptive(turn.model);
    if (isOver()) return 0;
    const asked = isThoughtless ? withoutThinking(turn) : turn;
    if (isThinkingOff(asked)) {
      this.#loop.noteAsked(messages, { goesOn: isThoughtless, hasSchema: turn.responseSchema !== undefined });
      // Do not wait: whether this loop needs thinking matters to a later turn only.
      this.#isAdaptive(turn.model).catch(() => {});
    }
    for (const change of this.settings.tell(asked, onRefused)) change.catch(onRefused);
    const last = isCounted ? messages.length : messages.length - 1;
    let told = 0;
    for (; seen + told < last && !isOver(); told++) await this.#tellHistory(messages, seen + told, modelId);
    if (isOver() || isCounted) return told;
    onAsk();
    history.awaitAnswer(messages);
    await process.write(history.line(messages, last, true));
    return told;
  }

  /**
   * Gives a parked process the results of its calls. Tells it first what `suits` leaves open: the API's parameters, and
   * whether to think. Resolves with 0: no message is told before the results.
   */
  async answer(
    { turn, onAsk, onRefused }: Pick<Task, "turn" | "onAsk" | "onRefused">, callIds: readonly string[],
  ): Promise<number> {
    const { tools, history } = this.#parts;
    // Told before the results: the CLI makes its next request with these settings.
    const asked = this.#asAsked(turn);
    const hasSchema = turn.responseSchema !== undefined;
    if (isThinkingOff(asked)) this.#loop.noteAsked(turn.messages, { goesOn: true, hasSchema });
    for (const change of this.settings.tell(asked, onRefused)) change.catch(onRefused);
    onAsk();
    history.awaitAnswer(turn.messages);
    tools.answer(resultsByCall(callIds, resultsOfLastCalls(turn.messages) ?? []));
    return 0;
  }

  /** Whether the process has those of a turn's settings that cannot be changed while a call waits for its result. */
  suits(turn: ToldTurn): boolean {
    return this.settings.suits(this.#asAsked(turn));
  }

  /** Resolves when the rehearsal is over. Rejects with its failure, or with `cli_failed` when it takes too long. */
  async #untilRehearsed(rehearsal: Promise<void>): Promise<void> {
    const waitMsMax = this.#options.rehearsalWaitMsMax ?? rehearsalWaitMsMax;
    const { after } = this.#options.time ?? timeInNode;
    await orLate(rehearsal, waitMsMax, () => {
      const message = `The claude process did not end its rehearsal within ${waitMsMax / 1000} s.`;
      throw new BridgeError("cli_failed", message);
    }, after);
  }

  /**
   * Writes a message that only joins the history. Waits for the CLI to acknowledge a user message: the CLI queues user
   * messages, and does not keep their order with assistant lines.
   */
  async #tellHistory(messages: readonly Message[], index: number, model: string | undefined): Promise<void> {
    const acknowledged = messages[index]?.role === "user" ? this.acknowledgements.next() : undefined;
    const { process, history } = this.#parts;
    await Promise.all([process.write(history.line(messages, index, false, model)), acknowledged]);
    if (acknowledged !== undefined) this.#options.onHistoryTold();
  }

  /** The turn, without thinking if its tool loop lacks thinking in this process. */
  #asAsked(turn: ToldTurn): ToldTurn {
    return this.#loop.isThoughtless(turn.messages) ? withoutThinking(turn) : turn;
  }

  /** The id under which the CLI asks for a model, by its answer to `initialize`. */
  async #modelId(model: string): Promise<string> {
    return idOfModel(model, await this.#preparation?.initialized ?? nothingTold);
  }

  /** Whether a model is known to think adaptively: then the API goes on with a tool loop that lacks thinking. */
  async #isAdaptive(model: string): Promise<boolean> {
    const isKnown = isAdaptive(model, await this.#preparation?.initialized ?? nothingTold);
    if (isKnown) this.#loop.forget();
    return isKnown;
  }
}

/** The turn with its answer's schema rewritten so that the CLI can compile it. */
function asTold(turn: ToldTurn): ToldTurn {
  return turn.responseSchema === undefined ? turn : { ...turn, responseSchema: answerSchema(turn.responseSchema) };
}

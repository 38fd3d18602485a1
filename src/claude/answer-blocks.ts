import { encodeJsonText } from "../json-text.ts";
import type { JsonText, StartedBlock, TurnEvent } from "../turn/event.ts";
import { type Block, deltaForms, withoutInput } from "./answer-block.ts";
import type { AnswerCalls } from "./answer-calls.ts";
import type { AnswerDocument } from "./answer-document.ts";
import type { Delta } from "./deltas.ts";
import { isObject, type JsonObject, schemaToolName } from "./protocol.ts";
import { startedBlock } from "./started-block.ts";

/**
 * Turns the content blocks of one answer into events. While only the message's start, block starts, block stops,
 * signatures and blocks of the API's own tools have come, they are held: if the message breaks off, the CLI asks the
 * API again, and the new message replaces it. The first other delta, or a call, is the point of no return: the held
 * events are sent, and nothing can be replaced any more.
 */
export class AnswerBlocks {
  /** The blocks of the CLI's current message, by their number in it. */
  readonly #blocks = new Map<number, Block>();
  readonly #calls: AnswerCalls;
  /** The JSON document that a schema asks for; undefined where the answer is text. */
  readonly #document: AnswerDocument | undefined;
  #held: TurnEvent[] = [];
  #hasSaid = false;
  #nextIndex = 0;
  /** The block that began last: `take` passes its deltas on as they are. */
  #last: Block | undefined;

  constructor(calls: AnswerCalls, document: AnswerDocument | undefined) {
    this.#calls = calls;
    this.#document = document;
  }

  /** Whether any text, thinking, input or call was sent, so that nothing can be replaced any more. */
  get hasSaid(): boolean {
    return this.#hasSaid;
  }

  /** Whether the model has given a piece of the document that the schema asks for. */
  get isSchemaAnswered(): boolean {
    return this.#document?.isBegun === true;
  }

  /**
   * Begins the answer with its `message_start`. Called again when the message broke off before any of it was sent: the
   * new message takes its place.
   */
  begin(start: TurnEvent, events: TurnEvent[]): void {
    this.#blocks.clear();
    this.#last = undefined;
    this.#held = [];
    this.#nextIndex = 0;
    this.#document?.restart();
    this.#mark(start, events);
  }

  /** Begins another message of the same answer, after one that ended. */
  nextMessage(events: TurnEvent[]): void {
    this.#stopAll(events);
    this.#blocks.clear();
    this.#last = undefined;
  }

  /** Ends the answer: sends a document that was held, stops every open block, and sends the held events. */
  close(events: TurnEvent[]): void {
    this.#stopAll(events);
    if (this.#document?.isHeld === true) this.#stop(this.#beginDocument(-1, events), events);
    for (const event of this.#held) events.push(event);
    this.#held = [];
  }

  /** Handles `content_block_start`. Returns the reason if this block makes the answer fail. */
  start(at: number, block: JsonObject, events: TurnEvent[]): string | undefined {
    const started = startedBlock(block);
    if (started.type === "tool_use") return this.#startCall(at, started.id, started.name, events);
    // With a schema only the document is the answer: text beside it is dropped.
    if (started.type !== "text" || this.#document === undefined) this.#begin(at, started.type, started, events);
    return undefined;
  }

  /** Handles a delta that the fast path has parsed. */
  take(delta: Delta, events: TurnEvent[]): void {
    const last = this.#last;
    // Nearly every delta belongs to the block that began last, and that block has the same number in the CLI's message
    // and in the answer. Then the delta is itself the event.
    const isLast = last?.kind === delta.type && last.at === delta.index && last.index === delta.index;
    if (isLast && this.#hasSaid) {
      events.push(delta);
      return;
    }
    if (delta.type === "input_json") {
      this.#input(delta.index, delta.text, events);
      return;
    }
    if (delta.type === "text" && this.#document !== undefined) return;
    const index = this.#growing(delta.type, delta.index, events);
    this.#say(index === delta.index ? delta : { ...delta, index }, events);
  }

  /** Handles a `content_block_delta` that the slow path has parsed. */
  takeParsed(at: number, delta: JsonObject, events: TurnEvent[]): void {
    for (const { type, wireType, field } of deltaForms) {
      const text = delta[field];
      if (delta["type"] !== wireType || typeof text !== "string" || text === "") continue;
      this.take({ type, index: at, text: encodeJsonText(text) }, events);
    }
    if (deltaForms.some(({ wireType }) => wireType === delta["type"])) return;
    if (delta["type"] === "signature_delta") this.#sign(at, delta["signature"], events);
    else if (delta["type"] === "citations_delta") this.#cite(at, delta["citation"], events);
    else this.#passOn(at, delta, events);
  }

  /** Handles `content_block_stop`. */
  stop(at: number, events: TurnEvent[]): void {
    const block = this.#blocks.get(at);
    // A call without arguments streams no input, and clients parse the input that they got: send them `{}`.
    if (block?.kind === "tool_use" && !block.hasInput) this.#input(at, encodeJsonText("{}"), events);
    if (block !== undefined) this.#stop(block, events);
  }

  /** Handles one block of a message that was not streamed. Returns the reason if it makes the answer fail. */
  takeUnstreamed(at: number, block: JsonObject, events: TurnEvent[]): string | undefined {
    const { type, input } = block;
    // As the API streams it: a call begins with an empty input.
    const fault = this.start(at, isObject(input) ? { ...block, input: {} } : block, events);
    if (fault !== undefined) return fault;
    if (type === "text" || type === "thinking") this.takeParsed(at, { ...block, type: `${type}_delta` }, events);
    this.#sign(at, block["signature"], events);
    if (Array.isArray(block["citations"])) {
      for (const citation of block["citations"]) this.#cite(at, citation, events);
    }
    if (isObject(input)) this.#input(at, encodeJsonText(JSON.stringify(input)), events);
    this.stop(at, events);
    return undefined;
  }

  #startCall(at: number, id: string, name: string, events: TurnEvent[]): string | undefined {
    if (this.#document !== undefined && name === schemaToolName) {
      this.#setAside(at, "schema");
      if (this.#document.restart()) return undefined;
      return "The model's first JSON did not match the schema, and part of it had been sent.";
    }
    if (!this.#calls.admit(id, name)) {
      this.#setAside(at, "dropped");
      return undefined;
    }
    this.#tellHeld(events);
    this.#begin(at, "tool_use", { type: "tool_use", id, name }, events);
    return undefined;
  }

  /** Notes a block of which the client is told nothing yet. */
  #setAside(at: number, kind: "schema" | "dropped"): void {
    this.#last = undefined;
    this.#blocks.set(at, { kind, at, index: -1, hasInput: false, isOpen: false });
  }

  /** Begins the text block in which the document is sent, and sends what was held of it. */
  #beginDocument(at: number, events: TurnEvent[]): Block {
    const block = this.#begin(at, "schema", { type: "text" }, events);
    const held = this.#document?.release() ?? encodeJsonText("");
    if (held !== "") this.#say({ type: "text", index: block.index, text: held }, events);
    return block;
  }

  #begin(at: number, kind: Block["kind"], block: StartedBlock, events: TurnEvent[]): Block {
    const replaced = this.#blocks.get(at);
    if (replaced !== undefined) this.#stop(replaced, events);
    const begun: Block = { kind, at, index: this.#nextIndex++, hasInput: false, isOpen: true };
    this.#blocks.set(at, begun);
    this.#last = begun;
    this.#mark({ type: "block_start", index: begun.index, block }, events);
    return begun;
  }

  /** The number in the answer of the block that a delta belongs to. Begins the block if its start never came. */
  #growing(type: "text" | "thinking", at: number, events: TurnEvent[]): number {
    const block = this.#blocks.get(at);
    if (block !== undefined && block.kind === type) return block.index;
    return this.#begin(at, type, { type }, events).index;
  }

  #input(at: number, text: JsonText, events: TurnEvent[]): void {
    const block = this.#blocks.get(at);
    if (block?.kind === "schema") {
      if (this.#document?.hold(text) === true) return;
      const { index } = block.isOpen ? block : this.#beginDocument(at, events);
      this.#say({ type: "text", index, text }, events);
    } else if (block?.kind === "tool_use") {
      block.hasInput = true;
      this.#say({ type: "input_json", index: block.index, text }, events);
    } else if (block !== undefined && !withoutInput.has(block.kind)) {
      this.#mark({ type: "input_json", index: block.index, text }, events);
    }
  }

  #passOn(at: number, delta: JsonObject, events: TurnEvent[]): void {
    const block = this.#blocks.get(at);
    if (block?.isOpen === true) this.#mark({ type: "other_delta", index: block.index, delta }, events);
  }

  #sign(at: number, signature: unknown, events: TurnEvent[]): void {
    const block = this.#blocks.get(at);
    if (block?.kind !== "thinking" || typeof signature !== "string" || signature === "") return;
    this.#mark({ type: "signature", index: block.index, signature: encodeJsonText(signature) }, events);
  }

  #cite(at: number, citation: unknown, events: TurnEvent[]): void {
    const block = this.#blocks.get(at);
    if (block?.kind !== "text" || !isObject(citation)) return;
    this.#mark({ type: "citation", index: block.index, citation }, events);
  }

  #stop(block: Block, events: TurnEvent[]): void {
    if (!block.isOpen) return;
    block.isOpen = false;
    this.#mark({ type: "block_stop", index: block.index }, events);
  }

  #stopAll(events: TurnEvent[]): void {
    for (const block of this.#blocks.values()) this.#stop(block, events);
  }

  #say(event: TurnEvent, events: TurnEvent[]): void {
    if (!this.#hasSaid) this.#tellHeld(events);
    events.push(event);
  }

  /** Sends the held events. From here on nothing of the answer can be replaced. */
  #tellHeld(events: TurnEvent[]): void {
    this.#hasSaid = true;
    for (const event of this.#held) events.push(event);
    this.#held = [];
  }

  /** Sends an event that alone tells a client nothing, or holds it until the first delta or call. */
  #mark(event: TurnEvent, events: TurnEvent[]): void {
    if (this.#hasSaid) events.push(event);
    else this.#held.push(event);
  }
}

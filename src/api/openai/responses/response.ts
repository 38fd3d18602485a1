import { BridgeError } from "../../../errors.ts";
import { HeldText } from "../../../held-text.ts";
import {
  decodeJsonText, decodeWireText, flatWireText, jsonLatin1, jsonMembers, joinedWireText, joinWireText, noText,
  wireNumber, type WireText, wireText,
} from "../../../json-text.ts";
import type { JsonText, StopReason, TurnEvent } from "../../../turn/event.ts";
import type { ThinkingBlock, Thought, ToolUseBlock } from "../../../turn/message.ts";
import type { Usage } from "../../../turn/usage.ts";
import type { Fields } from "../../check.ts";
import type { WireStream } from "../../dialect.ts";
import { Citations, type UrlCitation } from "../citations.ts";
import { packedThought } from "../thoughts.ts";
import { begunItem } from "./begun-item.ts";
import { isToldInStream, responseError } from "./failure.ts";
import { type FinishedForms, finishedItem } from "./finished-item.ts";
import {
  callItem, deltaEventHeads, deltaEventTail, eventText, incompleteReasons, itemId, listed, openingEvents,
  type OpenItem, reasoningItem, type ResponseEnd, responseUsage, type Status,
} from "./output.ts";
import type { FinishedResponse, Fixed, ResponseIdentity, ResponseStyle } from "./response-style.ts";
import { type MadeSearch, noteCitation, searchBegun, searchItem, searchStates, WebSearches } from "./web-searches.ts";
import { callIdPrefixes, writtenCall } from "./written-call.ts";

/** The longest text of one response, in bytes; far above any model's answer. It is in memory until the last event. */
export const answerBytesMax = 16 * 1024 * 1024;

/**
 * Encodes an answer as the Responses API's events. It does no I/O. A delta is spliced between constant
 * strings without being parsed or escaped again.
 */
export class ResponseStream implements WireStream {
  readonly #style: ResponseStyle & Fixed;
  readonly #output: FinishedForms[] = [];
  /** The id of the model that answers. */
  #model = "";
  /** The answer's citations and web searches; undefined where the model cannot search. */
  readonly #web: { readonly citations: Citations; readonly searches: WebSearches } | undefined;
  #open: OpenItem | undefined;
  /** The text that this batch has added so far to the open item: the output item that still receives deltas. */
  #grown = "";
  /** The next event's number. The first two are reserved for `open`, which may be called after the first `encode`. */
  #sequence = openingEvents.length;
  #answerBytes = 0;

  /** Calls `onFinish` with the whole response before `encode` returns the last event. */
  constructor(
    { id, createdAt }: ResponseIdentity, style: ResponseStyle, onFinish: (finished: FinishedResponse) => void,
  ) {
    const constant = jsonMembers({ id, object: "response", created_at: createdAt, background: false, ...style.echo });
    this.#style = { ...style, id, constant, onFinish };
    this.#web = style.hasSources ? { citations: new Citations(), searches: new WebSearches() } : undefined;
  }

  open(): WireText {
    const response = wireText`"response":${this.#response("in_progress", { output: noText })}`;
    return joinedWireText(openingEvents.map((type, sequence) => eventText(type, sequence, response)));
  }

  /** OpenAI's `keepalive` event. An SSE comment would not reset a client's own idle timer. */
  heartbeat(): WireText {
    return this.#event(wireText`keepalive`);
  }

  /** Encodes one batch. Throws a BridgeError when the answer grows longer than `answerBytesMax`. */
  encode(events: readonly TurnEvent[]): WireText {
    // Check before any event gets its number: an event that is numbered but never written would leave a gap.
    for (const event of events) if ("text" in event) this.#answerBytes += event.text.length;
    if (this.#answerBytes > answerBytesMax) {
      throw new BridgeError("upstream_error", "The answer is longer than a response can hold.");
    }
    let text = noText;
    for (const event of events) text = joinWireText(text, this.#written(event));
    this.#keepGrown();
    return text;
  }

  /** Encodes a failure that occurs after the headers were sent: the last event, in place of `response.completed`. */
  fail(error: BridgeError): WireText {
    const response = this.#response("failed", { error: responseError(error) });
    return this.#event(wireText`response.failed`, wireText`"response":${response}`);
  }

  isToldInStream(error: BridgeError): boolean {
    return isToldInStream(error);
  }

  #written(event: TurnEvent): WireText {
    const grown = event.type === "text" ? this.#growTo("message") : noText;
    const cited = this.#web?.citations.take(event);
    const searched = this.#web?.searches.take(event);
    if (searched !== undefined) return this.#search(searched);
    switch (event.type) {
      case "text": return joinWireText(grown, this.#delta(event.text));
      case "block_stop": return cited === undefined ? noText : this.#annotate(cited);
      case "thinking": return joinWireText(this.#growTo("reasoning"), this.#delta(event.text));
      case "message_start":
        this.#model = event.model;
        return noText;
      case "signature": return this.#sign(decodeJsonText(event.signature));
      case "block_start":
        if (event.block.type === "redacted_thinking") return this.#hidden(event.block);
        if (event.block.type !== "tool_use") return noText;
        return joinWireText(this.#close("completed"), this.#openCall(event.index, event.block));
      // A tool that the API runs itself has no item for its input.
      case "input_json": return event.index === this.#open?.block ? this.#delta(event.text) : noText;
      case "message_stop": return this.#finish(event.stopReason, event.usage);
      default: return noText;
    }
  }

  #finish(reason: StopReason, usage: Usage): WireText {
    const incomplete = incompleteReasons[reason];
    const status = incomplete === undefined ? "completed" : "incomplete";
    // If the model said nothing, write an empty message: clients read the first item's text without a check.
    const empty = this.#output.length === 0 && this.#open === undefined ? this.#growTo("message") : noText;
    const closed = this.#close(status);
    const body = this.#response(
      status,
      { ...(incomplete === undefined ? {} : { incomplete: { reason: incomplete } }), usage: responseUsage(usage) },
    );
    const output = this.#output.map(({ stored }) => JSON.parse(decodeWireText(stored)) as Fields);
    this.#style.onFinish({ body, output });
    const type = status === "completed" ? wireText`response.completed` : wireText`response.incomplete`;
    return joinWireText(empty, closed, this.#event(type, wireText`"response":${body}`));
  }

  /**
   * Makes sure that the open item, which receives the deltas, is of this kind. Returns the events for that: `noText` if
   * it is already, else those that end the open item and begin another.
   */
  #growTo(kind: "message" | "reasoning"): WireText {
    if (this.#open?.kind === kind) return noText;
    const closed = this.#close("completed");
    const id = this.#newId(kind === "message" ? "msg" : "rs");
    const place = this.#place(id);
    if (kind === "message") this.#web?.citations.restart();
    const { open, item, part } = begunItem(kind, id, place);
    this.#open = open;
    const added = this.#added(item);
    return joinWireText(closed, added, this.#event(...part));
  }

  #openCall(block: number, call: Pick<ToolUseBlock, "id" | "name">): WireText {
    const { kind, name } = writtenCall(call.name, this.#style);
    const id = this.#newId(callIdPrefixes[kind]);
    const item: OpenItem = {
      kind, id, block, callId: jsonLatin1(call.id), name, text: new HeldText(), annotations: [],
      deltaHead: flatWireText(wireText`,${this.#place(id)},"delta":"`),
    };
    this.#open = item;
    return this.#added(callItem(item, "in_progress", noText));
  }

  #annotate(cited: readonly UrlCitation[]): WireText {
    const open = this.#open;
    if (open?.kind !== "message") return noText;
    return joinedWireText(cited.map((citation) => {
      const fields = noteCitation(open, citation, this.#place(open.id));
      return this.#event(wireText`response.output_text.annotation.added`, fields);
    }));
  }

  #search(made: MadeSearch): WireText {
    const closed = this.#close("completed");
    const id = this.#newId("ws");
    const forms = searchItem(id, made);
    const states = searchStates.map((state) => this.#event(state, this.#place(id)));
    return joinedWireText([closed, this.#added(searchBegun(id)), ...states, this.#done(forms)]);
  }

  #added(item: WireText): WireText {
    const fields = wireText`"output_index":${this.#output.length},"item":${item}`;
    return this.#event(wireText`response.output_item.added`, fields);
  }

  #delta(text: JsonText): WireText {
    const open = this.#open;
    if (open === undefined) return noText;
    this.#grown += text;
    // A custom tool's text is a string inside JSON that is still incomplete, and a search's arguments are an object:
    // `#close` sends them whole.
    if (open.kind === "custom_tool_call" || open.kind === "tool_search_call") return noText;
    const head = joinWireText(deltaEventHeads[open.kind], wireNumber(this.#sequence++), open.deltaHead);
    return joinWireText(head, text, deltaEventTail);
  }

  /** Copies the batch's text into the open item: a slice of the CLI's output would keep that whole read in memory. */
  #keepGrown(): void {
    if (this.#grown !== "") this.#open?.text.append(this.#grown);
    this.#grown = "";
  }

  /** Ends the open reasoning item, whose thinking this signature proves. */
  #sign(signature: string): WireText {
    if (this.#open?.kind !== "reasoning") return this.#hidden({ type: "thinking", thinking: "", signature });
    return this.#close("completed", { signature, model: this.#model });
  }

  /** An item for thinking whose text the API does not show: for clients that send it back. */
  #hidden(thought: Thought): WireText {
    if (!this.#style.includesThoughts) return noText;
    const closed = this.#close("completed");
    const id = this.#newId("rs");
    const added = this.#added(reasoningItem(id, "in_progress", noText));
    const item = reasoningItem(id, "completed", noText, packedThought({ ...thought, model: this.#model }));
    return joinWireText(closed, added, this.#done({ item, stored: item }));
  }

  /** Ends the open item, if there is one. The `done` events repeat the item's whole text. */
  #close(status: "completed" | "incomplete", proof?: Pick<ThinkingBlock, "signature" | "model">): WireText {
    const open = this.#open;
    if (open === undefined) return noText;
    this.#keepGrown();
    this.#open = undefined;
    const whole = open.text.text as JsonText;
    const { includesThoughts, isStored } = this.#style;
    const isKept = includesThoughts || isStored;
    const proven = isKept && proof !== undefined ? { proof } : {};
    const end = { whole, place: this.#place(open.id), includesThoughts, ...proven };
    const { events, ...forms } = finishedItem(open, status, end);
    const written = events.map(([type, fields]) => this.#event(type, fields));
    return joinWireText(joinedWireText(written), this.#done(forms));
  }

  #done(forms: FinishedForms): WireText {
    const fields = wireText`"output_index":${this.#output.length},"item":${forms.item}`;
    this.#output.push(forms);
    return this.#event(wireText`response.output_item.done`, fields);
  }

  #newId(prefix: string): WireText {
    return itemId(prefix, this.#style.id, this.#output.length);
  }

  /** The fields of an event that say which item it belongs to: the open one, which will be the last of the output. */
  #place(id: WireText): WireText {
    return wireText`"item_id":"${id}","output_index":${this.#output.length}`;
  }

  #response(status: Status, { output, error, incomplete, usage }: ResponseEnd = {}): WireText {
    const fields = jsonMembers({ status, error: error ?? null, incomplete_details: incomplete ?? null });
    const items = output ?? listed(this.#output.map(({ item }) => item));
    return wireText`{${this.#style.constant},${fields},"output":[${items}],"usage":${jsonLatin1(usage ?? null)}}`;
  }

  #event(type: WireText, fields?: WireText): WireText {
    return eventText(type, this.#sequence++, fields);
  }
}

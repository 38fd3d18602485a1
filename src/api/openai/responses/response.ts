import { BridgeError } from "../../../errors.ts";
import { jsonBytes } from "../../../json-text.ts";
import type { JsonText, StopReason, TurnEvent } from "../../../turn/event.ts";
import type { Usage } from "../../../turn/usage.ts";
import type { Fields } from "../../check.ts";
import type { WireStream } from "../../dialect.ts";
import { splitName, type ToolNames } from "../tool-names.ts";
import { responseError } from "./failure.ts";
import {
  callItem, customText, eventBytes, incompleteReasons, messageItem, newId, openAiUsage, openingEvents, type OpenItem,
  reasoningItem, type ResponseEnd, type Status, summaryPart, textPart,
} from "./output.ts";

/** The longest text of one response, in bytes; far above any model's answer. It is held: the last event repeats it. */
export const answerBytesMax = 16 * 1024 * 1024;

/** The values of a response that come neither from the request nor from the model. */
export interface ResponseIdentity {
  /** `resp_…` */
  readonly id: string;
  /** Epoch seconds. */
  readonly createdAt: number;
}

/** What the request determines about how its response is written. */
export interface ResponseStyle {
  readonly names: ToolNames;
  /** The custom tools, which take free text, by the names that the model sees. */
  readonly customTools: ReadonlySet<string>;
  /** The request's fields that the response repeats. */
  readonly echo: Fields;
}

/** A finished response, completed or incomplete. */
export interface FinishedResponse {
  /** The response object as JSON, latin1-held UTF-8. */
  readonly body: string;
  /** Its output items, parsed. */
  readonly output: readonly Fields[];
}

/**
 * Encodes an answer as the Responses API's events: latin1-held UTF-8, to be written as latin1. It does no I/O; the
 * items' ids are random. A delta is spliced between constant strings without being parsed or escaped again.
 */
export class ResponseStream implements WireStream {
  readonly #style: ResponseStyle;
  /** The fields that are the same in every state of the response, as JSON without braces. */
  readonly #constant: string;
  readonly #onFinish: (finished: FinishedResponse) => void;
  /** The finished output items, each as JSON. */
  readonly #output: string[] = [];
  #open: OpenItem | undefined;
  /** The text that this batch has added to the open item so far. */
  #grown = "";
  /** The next event's number. The first two are reserved for `open`, which may be called after the first `encode`. */
  #sequence = openingEvents.length;
  #answerBytes = 0;

  /** Calls `onFinish` with the whole response before `encode` returns the last event. */
  constructor(
    { id, createdAt }: ResponseIdentity, style: ResponseStyle, onFinish: (finished: FinishedResponse) => void,
  ) {
    this.#style = style;
    this.#constant = jsonBytes(
      { id, object: "response", created_at: createdAt, background: false, ...style.echo }
    ).slice(1, -1);
    this.#onFinish = onFinish;
  }

  open(): string {
    const response = `"response":${this.#response("in_progress", { output: "" })}`;
    return openingEvents.map((type, sequence) => eventBytes(type, sequence, response)).join("");
  }

  /** OpenAI's `keepalive` event. An SSE comment would not reset a client's own idle timer. */
  heartbeat(): string {
    return this.#event("keepalive");
  }

  /** Encodes one batch. Throws a BridgeError when the answer grows longer than `answerBytesMax`. */
  encode(events: readonly TurnEvent[]): string {
    // Check before any event gets its number: an event that is numbered but never written would leave a gap.
    for (const event of events) if ("text" in event) this.#answerBytes += event.text.length;
    if (this.#answerBytes > answerBytesMax) {
      throw new BridgeError("upstream_error", "The answer is longer than a response can hold.");
    }
    let bytes = "";
    for (const event of events) {
      switch (event.type) {
        case "text":
          bytes += this.#growTo("message") + this.#delta(event.text);
          break;
        case "thinking":
          bytes += this.#growTo("reasoning") + this.#delta(event.text);
          break;
        case "block_start":
          if (event.block.type === "tool_use") {
            bytes += this.#close("completed") + this.#openCall(event.block.id, event.block.name);
          }
          break;
        case "input_json":
          bytes += this.#delta(event.text);
          break;
        case "message_stop":
          bytes += this.#finish(event.stopReason, event.usage);
          break;
      }
    }
    this.#keepGrown();
    return bytes;
  }

  /** Encodes a failure that occurs after the headers were sent: the last event, in place of `response.completed`. */
  fail(error: BridgeError): string {
    return this.#event("response.failed", `"response":${this.#response("failed", { error: responseError(error) })}`);
  }

  #finish(reason: StopReason, usage: Usage): string {
    const incomplete = incompleteReasons[reason];
    const status: Status = incomplete === undefined ? "completed" : "incomplete";
    // If the model said nothing, write an empty message: clients read the first item's text without a check.
    const empty = this.#output.length === 0 && this.#open === undefined ? this.#growTo("message") : "";
    const closed = empty + this.#close(status);
    const body = this.#response(
      status,
      { ...(incomplete === undefined ? {} : { incomplete: { reason: incomplete } }), usage: openAiUsage(usage) },
    );
    this.#onFinish(
      { body, output: this.#output.map((item) => JSON.parse(Buffer.from(item, "latin1").toString("utf8")) as Fields) }
    );
    return closed + this.#event(`response.${status}`, `"response":${body}`);
  }

  /** Returns "" if the open item is of this kind. Otherwise ends it, and begins one of this kind. */
  #growTo(kind: "message" | "reasoning"): string {
    if (this.#open?.kind === kind) return "";
    const closed = this.#close("completed");
    const id = newId(kind === "message" ? "msg" : "rs");
    const place = this.#place(id);
    const isMessage = kind === "message";
    this.#open = {
      kind, id, pieces: [], callId: "", name: "",
      deltaHead: isMessage
        ? `${place},"content_index":0,"logprobs":[],"delta":"`
        : `${place},"summary_index":0,"delta":"`,
    };
    const item = isMessage ? messageItem(id, "in_progress", "") : reasoningItem(id, "in_progress", "");
    const added = this.#event("response.output_item.added", `"output_index":${this.#output.length},"item":${item}`);
    return closed + added + (isMessage
      ? this.#event("response.content_part.added", `${place},"content_index":0,"part":${textPart("")}`)
      : this.#event("response.reasoning_summary_part.added", `${place},"summary_index":0,"part":${summaryPart("")}`));
  }

  #openCall(callId: string, modelName: string): string {
    const isCustom = this.#style.customTools.has(modelName);
    const kind = isCustom ? "custom_tool_call" : "function_call";
    const id = newId(isCustom ? "ctc" : "fc");
    const { namespace, name } = splitName(this.#style.names.toClient(modelName));
    const item: OpenItem = {
      kind, id, callId: jsonBytes(callId),
      name: jsonBytes(name) + (namespace === undefined ? "" : `,"namespace":${jsonBytes(namespace)}`), pieces: [],
      deltaHead: `${this.#place(id)},"delta":"`,
    };
    this.#open = item;
    return this.#event(
      "response.output_item.added", `"output_index":${this.#output.length},"item":${callItem(item, "in_progress", "")}`,
    );
  }

  #delta(text: JsonText): string {
    const open = this.#open;
    if (open === undefined) return "";
    this.#grown += text;
    switch (open.kind) {
      case "message": return this.#event("response.output_text.delta", `${open.deltaHead}${text}"`);
      case "reasoning": return this.#event("response.reasoning_summary_text.delta", `${open.deltaHead}${text}"`);
      case "function_call": return this.#event("response.function_call_arguments.delta", `${open.deltaHead}${text}"`);
      // Nothing can be sent yet: the text is a string in JSON that is still incomplete. `#close` sends it.
      case "custom_tool_call": return "";
    }
  }

  /** Copies the batch's text into the open item: a slice of the CLI's output would keep that whole read in memory. */
  #keepGrown(): void {
    if (this.#grown !== "") this.#open?.pieces.push(Buffer.from(this.#grown, "latin1"));
    this.#grown = "";
  }

  /** Ends the open item: its `done` events repeat the item's whole text. */
  #close(status: "completed" | "incomplete"): string {
    const open = this.#open;
    if (open === undefined) return "";
    this.#keepGrown();
    this.#open = undefined;
    const whole = Buffer.concat(open.pieces).toString("latin1") as JsonText;
    const place = this.#place(open.id);
    let item: string;
    let bytes: string;
    switch (open.kind) {
      case "message":
        item = messageItem(open.id, status, textPart(whole));
        bytes = this.#event("response.output_text.done", `${place},"content_index":0,"logprobs":[],"text":"${whole}"`)
          + this.#event("response.content_part.done", `${place},"content_index":0,"part":${textPart(whole)}`);
        break;
      case "reasoning":
        item = reasoningItem(open.id, status, summaryPart(whole));
        bytes = this.#event("response.reasoning_summary_text.done", `${place},"summary_index":0,"text":"${whole}"`)
          + this.#event(
            "response.reasoning_summary_part.done", `${place},"summary_index":0,"part":${summaryPart(whole)}`,
          );
        break;
      case "function_call":
        item = callItem(open, status, whole);
        bytes = this.#event("response.function_call_arguments.done", `${place},"arguments":"${whole}"`);
        break;
      case "custom_tool_call": {
        // If the call was truncated inside its JSON, there is no text to extract.
        const input = customText(whole) ?? (status === "incomplete" ? "" as JsonText : whole);
        item = callItem(open, status, input);
        bytes = this.#event(
          "response.custom_tool_call_input.delta", `${open.deltaHead}${input}"`,
        ) + this.#event("response.custom_tool_call_input.done", `${place},"input":"${input}"`);
        break;
      }
    }
    const done = this.#event("response.output_item.done", `"output_index":${this.#output.length},"item":${item}`);
    this.#output.push(item);
    return bytes + done;
  }

  /** The fields of an event that say which item it belongs to: the open one, at the end of the output. */
  #place(id: string): string {
    return `"item_id":"${id}","output_index":${this.#output.length}`;
  }

  #response(status: Status, { output = this.#output.join(","), error, incomplete, usage }: ResponseEnd = {}): string {
    const head = `{${this.#constant},"status":"${status}","error":${jsonBytes(error ?? null)}`;
    const tail = `"output":[${output}],"usage":${jsonBytes(usage ?? null)}}`;
    return `${head},"incomplete_details":${jsonBytes(incomplete ?? null)},${tail}`;
  }

  #event(type: string, fields?: string): string {
    return eventBytes(type, this.#sequence++, fields);
  }
}

import type { BridgeError } from "../../../errors.ts";
import {
  encodeJsonText, flatWireText, joinWireText, jsonLatin1, jsonMembers, noText, type WireText, wireText,
} from "../../../json-text.ts";
import type { TurnEvent } from "../../../turn/event.ts";
import type { AnswerFold, AnswerIdentity, WireStream } from "../../dialect.ts";
import { type Body, bodyOfPieces } from "../../body.ts";
import { HeldText } from "../../../held-text.ts";
import { openAiError } from "../errors.ts";
import { finishReasons } from "../finish-reason.ts";
import { chatUsage, systemFingerprint } from "../usage.ts";
import type { CompletionRequest } from "./request.ts";

const choiceTail = wireText`","logprobs":null,"finish_reason":null}]}\n\n`;

/** The fields that are the same in every chunk of an answer, as JSON without braces. */
function identityMembers({ token, createdAt, cliVersion }: AnswerIdentity, { model }: CompletionRequest): WireText {
  return jsonMembers({
    id: `cmpl-${token}`, object: "text_completion", created: createdAt, model,
    system_fingerprint: systemFingerprint(cliVersion),
  });
}

/** Encodes an answer as OpenAI's `text_completion` chunks. They have no field for thinking, which is left out. */
export class CompletionStream implements WireStream {
  readonly #request: CompletionRequest;
  /** The start of every chunk, up to the first entry of `choices`. */
  readonly #head: WireText;
  readonly #usageHead: WireText;
  readonly #textHead: WireText;

  constructor(identity: AnswerIdentity, request: CompletionRequest) {
    const chunk = wireText`data: {${identityMembers(identity, request)}`;
    this.#request = request;
    // With `include_usage`, OpenAI writes `usage: null` into every chunk but the last.
    this.#head = wireText`${chunk}${request.includeUsage ? wireText`,"usage":null` : noText},"choices":[`;
    this.#usageHead = wireText`${chunk},"choices":[],"usage":`;
    this.#textHead = flatWireText(wireText`${this.#head}{"index":0,"text":"`);
  }

  /** A chunk with the prompt, if the client set `echo`, else without text. */
  open(): WireText {
    return joinWireText(this.#textHead, encodeJsonText(this.#request.echoed), choiceTail);
  }

  heartbeat(): WireText {
    return joinWireText(this.#textHead, choiceTail);
  }

  encode(events: readonly TurnEvent[]): WireText {
    let text = noText;
    for (const event of events) text = joinWireText(text, this.#written(event));
    return text;
  }

  /** The error is the last event; no `[DONE]` follows. */
  fail(error: BridgeError): WireText {
    return wireText`data: ${jsonLatin1({ error: openAiError(error) })}\n\n`;
  }

  #written(event: TurnEvent): WireText {
    if (event.type === "text") return joinWireText(this.#textHead, event.text, choiceTail);
    if (event.type !== "message_stop") return noText;
    const reason = jsonLatin1(finishReasons[event.stopReason]);
    const usage = this.#request.includeUsage
      ? wireText`${this.#usageHead}${jsonLatin1(chatUsage(event.usage))}}\n\n`
      : noText;
    const last = wireText`{"index":0,"text":"","logprobs":null,"finish_reason":${reason}}]}\n\n`;
    return wireText`${this.#head}${last}${usage}data: [DONE]\n\n`;
  }
}

/** Collects an answer's events into one `text_completion` object. */
export class WholeCompletion implements AnswerFold {
  readonly #head: WireText;
  readonly #text = new HeldText();
  #finish: Extract<TurnEvent, { type: "message_stop" }> | undefined;

  constructor(identity: AnswerIdentity, request: CompletionRequest) {
    this.#head = identityMembers(identity, request);
    this.#text.append(encodeJsonText(request.echoed));
  }

  take(events: readonly TurnEvent[]): void {
    for (const event of events) {
      if (event.type === "text") this.#text.append(event.text);
      else if (event.type === "message_stop") this.#finish = event;
    }
  }

  release(): Body {
    if (this.#finish === undefined) throw new Error("The turn ended without a finish.");
    const { stopReason, usage } = this.#finish;
    const tail = `"logprobs":null,"finish_reason":${JSON.stringify(finishReasons[stopReason])}}]`;
    return bodyOfPieces([
      Buffer.from(wireText`{${this.#head},"choices":[{"index":0,"text":"`, "latin1"), ...this.#text.release(),
      Buffer.from(`",${tail},"usage":${JSON.stringify(chatUsage(usage))}}`),
    ]);
  }
}

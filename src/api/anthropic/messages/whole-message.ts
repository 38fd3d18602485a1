import { BridgeError } from "../../../errors.ts";
import {
  decodeJsonText, encodeWireText, jsonLatin1, jsonMembers, noText, type WireText, wireText,
} from "../../../json-text.ts";
import type { JsonText, StartedBlock, TurnEvent } from "../../../turn/event.ts";
import type { Citation } from "../../../turn/message.ts";
import { HeldText } from "../../../held-text.ts";
import { isFields } from "../../check.ts";
import { type AnswerStyle, blockHead, ending, messageHead, messageUsage, noEnding } from "./wire.ts";

/** A block of the answer, while it is gathered. */
interface HeldBlock {
  readonly start: StartedBlock;
  /** The block's text, its thinking, or the JSON of its input. */
  readonly held: HeldText;
  readonly signature: HeldText;
  readonly citations: Citation[];
}

/** Collects an answer's events into one `message` object, for a request without `stream`. */
export class WholeMessage {
  readonly #style: AnswerStyle;
  /** The answer's blocks by their indexes, in their order. */
  readonly #blocks = new Map<number, HeldBlock>();
  #start: Extract<TurnEvent, { type: "message_start" }> | undefined;
  #finish: Extract<TurnEvent, { type: "message_stop" }> | undefined;

  constructor(style: AnswerStyle) {
    this.#style = style;
  }

  /** Throws `upstream_error` for a delta of a type that is not known here: the whole block would lack what it says. */
  take(events: readonly TurnEvent[]): void {
    for (const event of events) {
      switch (event.type) {
        case "message_start":
          this.#start = event;
          break;
        case "block_start":
          this.#blocks.set(
            event.index, { start: event.block, held: new HeldText(), signature: new HeldText(), citations: [] },
          );
          break;
        case "text": case "thinking": case "input_json":
          this.#blocks.get(event.index)?.held.append(event.text);
          break;
        case "signature":
          this.#blocks.get(event.index)?.signature.append(event.signature);
          break;
        case "citation":
          this.#blocks.get(event.index)?.citations.push(event.citation);
          break;
        case "message_stop":
          this.#finish = event;
          break;
        case "other_delta": {
          const words = "The API's answer has a part that this server can only pass on as it comes: ask with stream.";
          throw new BridgeError("upstream_error", words);
        }
        case "accepted": case "retry": case "block_stop":
          break;
      }
    }
  }

  /**
   * Returns the body's pieces, and keeps none of them: joining or keeping them would hold the answer in memory twice.
   * Throws if the turn had no `message_stop`.
   */
  release(): Buffer[] {
    const [start, finish] = [this.#start, this.#finish];
    if (start === undefined || finish === undefined) throw new Error("The turn ended without a finish.");
    const blocks = [...this.#blocks.values()];
    this.#blocks.clear();
    const end = jsonMembers({ ...noEnding, ...ending(finish), usage: messageUsage(finish.usage) });
    return [
      piece(wireText`{${jsonMembers(messageHead(start, this.#style))},"content":[`),
      ...blocks.flatMap((block, at) => [...(at === 0 ? [] : [piece(wireText`,`)]), ...this.#written(block)]),
      piece(wireText`],${end}}`),
    ];
  }

  #written({ start, held, signature, citations }: HeldBlock): Buffer[] {
    switch (start.type) {
      case "text": {
        const cited = citations.length === 0 ? noText : wireText`,"citations":${jsonLatin1(citations)}`;
        return [piece(wireText`{"type":"text","text":"`), ...held.release(), piece(wireText`"${cited}}`)];
      }
      case "thinking":
        return [
          piece(wireText`{"type":"thinking","thinking":"`), ...held.release(), piece(wireText`","signature":"`),
          ...signature.release(), piece(wireText`"}`),
        ];
      default: {
        const block = blockHead(start, this.#style);
        const json = Buffer.concat(held.release());
        if (json.length === 0) return [piece(jsonLatin1(block))];
        const { input: _empty, ...head } = { input: {}, ...block };
        return [piece(wireText`{${jsonMembers(head)},"input":`), inputOf(json), piece(wireText`}`)];
      }
    }
  }
}

/**
 * The input of a call as the model wrote it: if it were parsed and written anew, long numbers would be rounded. If the
 * answer ended inside of the input, it is `{}`: a tool that ran with a part of it would do something else than was
 * asked. JSON that is no object becomes `{}` too, as the API's inputs are objects.
 */
function inputOf(escaped: Buffer): Buffer {
  const json = decodeJsonText(escaped.toString("latin1") as JsonText);
  try {
    if (isFields(JSON.parse(json))) return piece(encodeWireText(json));
  } catch {
    // The answer ended inside of the JSON.
  }
  return piece(wireText`{}`);
}

function piece(text: WireText): Buffer {
  return Buffer.from(text, "latin1");
}

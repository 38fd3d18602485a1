import { decodeJsonText, encodeJsonText } from "../json-text.ts";
import { KeyRewriter } from "../schema/key-rewriter.ts";
import type { JsonText, TurnEvent } from "../turn/event.ts";
import type { AnswerFold, WireStream } from "./dialect.ts";
import type { ToolNames } from "./tool-names.ts";

/** A content block whose text is JSON, with properties that the client knows by other names than the model. */
interface RenamedBlock { readonly type: "input_json" | "text"; readonly rewriter: KeyRewriter }

/**
 * Renames the properties in an answer's JSON (calls' arguments, or a document that is the answer) to the client's
 * names.
 */
class ClientKeys {
  readonly #names: ToolNames;
  readonly #blocks = new Map<number, RenamedBlock>();

  constructor(names: ToolNames) {
    this.#names = names;
  }

  renamed(events: readonly TurnEvent[]): readonly TurnEvent[] {
    return events.flatMap((event) => this.#renamed(event));
  }

  #renamed(event: TurnEvent): readonly TurnEvent[] {
    switch (event.type) {
      case "block_start": {
        const { block, index } = event;
        const keys = block.type === "tool_use" ? this.#names.keysOf(block.name) : this.#names.answerKeys;
        if (keys === undefined || (block.type !== "tool_use" && block.type !== "text")) return [event];
        const type = block.type === "text" ? "text" : "input_json";
        this.#blocks.set(index, { type, rewriter: new KeyRewriter(keys, "toClient") });
        return [event];
      }
      case "text": case "input_json": {
        const known = this.#blocks.get(event.index);
        if (known?.type !== event.type) return [event];
        const text = encodeJsonText(known.rewriter.take(decodeJsonText(event.text)));
        return text === "" ? [] : [{ ...event, text }];
      }
      case "block_stop": {
        const known = this.#blocks.get(event.index);
        this.#blocks.delete(event.index);
        const rest = known === undefined ? "" as JsonText : encodeJsonText(known.rewriter.end());
        if (known === undefined || rest === "") return [event];
        return [{ type: known.type, index: event.index, text: rest }, event];
      }
      default:
        return [event];
    }
  }
}

/** The stream, written with the client's names of properties. The same object where no property has two names. */
export function streamWithClientKeys(stream: WireStream, names: ToolNames): WireStream {
  if (!names.haveKeys) return stream;
  const keys = new ClientKeys(names);
  return {
    open: () => stream.open(),
    heartbeat: () => stream.heartbeat(),
    encode: (events) => stream.encode(keys.renamed(events)),
    fail: (error) => stream.fail(error),
    isToldInStream: (error) => stream.isToldInStream?.(error) === true,
  };
}

/** Does as `streamWithClientKeys` for an answer that is sent in one piece. */
export function answerWithClientKeys(answer: AnswerFold, names: ToolNames): AnswerFold {
  if (!names.haveKeys) return answer;
  const keys = new ClientKeys(names);
  return { take: (events) => answer.take(keys.renamed(events)), release: () => answer.release() };
}

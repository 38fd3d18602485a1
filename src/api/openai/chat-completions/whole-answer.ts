import { jsonLatin1, type WireText, wireText } from "../../../json-text.ts";
import type { TurnEvent } from "../../../turn/event.ts";
import { HeldText } from "../../../held-text.ts";
import { Citations } from "../citations.ts";
import { chatUsage } from "../usage.ts";
import { annotation, type AnswerStyle, type ChatIdentity, finishWord, identityMembers } from "./response.ts";

interface WholeCall {
  readonly id: string;
  readonly name: string;
  readonly input: HeldText;
}

/** The pages that an answer cites. */
interface Sources {
  /** What collects the citations; undefined where the model cannot search the web. */
  readonly citations: Citations | undefined;
  readonly found: object[];
}

/** Collects an answer's events into one `chat.completion` object, for a request without `stream`. */
export class ChatAnswer {
  readonly #identity: ChatIdentity;
  readonly #style: AnswerStyle;
  readonly #text = new HeldText();
  /** The answer's thinking; undefined until there is some. */
  #thinking: HeldText | undefined;
  readonly #sources: Sources;
  /** The tool calls by the index of their content block, in the order in which the model made them. */
  readonly #calls = new Map<number, WholeCall>();
  #hasText = false;
  #finish: Extract<TurnEvent, { type: "message_stop" }> | undefined;

  constructor(identity: ChatIdentity, style: AnswerStyle) {
    this.#identity = identity;
    this.#style = style;
    this.#sources = { citations: style.hasSources ? new Citations() : undefined, found: [] };
  }

  take(events: readonly TurnEvent[]): void {
    for (const event of events) {
      const { citations, found } = this.#sources;
      for (const citation of citations?.take(event) ?? []) found.push(annotation(citation));
      switch (event.type) {
        case "text":
          this.#hasText = true;
          this.#text.append(event.text);
          break;
        case "thinking":
          this.#thinking ??= new HeldText();
          this.#thinking.append(event.text);
          break;
        case "block_start":
          if (event.block.type === "tool_use") this.#addCall(event.index, event.block.id, event.block.name);
          break;
        case "input_json":
          this.#calls.get(event.index)?.input.append(event.text);
          break;
        case "message_stop":
          this.#finish = event;
          break;
      }
    }
  }

  #addCall(index: number, id: string, name: string): void {
    this.#calls.set(index, { id, name, input: new HeldText() });
  }

  /**
   * Returns the body's pieces, and keeps none of them: joining or keeping them would hold the answer in memory twice.
   * Throws if the turn had no `message_stop`.
   */
  release(): Buffer[] {
    const finish = this.#finish;
    if (finish === undefined) throw new Error("The turn ended without a finish.");
    const { names, isLegacy } = this.#style;
    const made = [...this.#calls.values()];
    const hasContent = this.#hasText || made.length === 0;
    const quoted = (held: HeldText): Buffer[] => [piece(wireText`"`), ...held.release(), piece(wireText`"`)];
    const functionOf = ({ name, input }: WholeCall): Buffer[] =>
      [piece(wireText`{"name":${jsonLatin1(names.toClient(name))},"arguments":`), ...quoted(input), piece(wireText`}`)];
    const calls = isLegacy
      ? made.slice(0, 1).flatMap((call) => [piece(wireText`,"function_call":`), ...functionOf(call)])
      : made.flatMap((call, index) => [
        piece(index === 0 ? wireText`,"tool_calls":[` : wireText`,`),
        piece(wireText`{"id":${jsonLatin1(call.id)},"type":"function","function":`),
        ...functionOf(call), piece(index === made.length - 1 ? wireText`}]` : wireText`}`),
      ]);
    const head = wireText`{${identityMembers("chat.completion", this.#identity)},"choices":[{"index":0,"message":`;
    const reason = jsonLatin1(finishWord(finish.stopReason, this.#style));
    return [
      piece(wireText`${head}{"role":"assistant","content":`),
      ...(hasContent ? quoted(this.#text) : [piece(wireText`null`)]),
      piece(wireText`,"refusal":null,"annotations":${jsonLatin1(this.#sources.found)}`),
      ...(this.#thinking === undefined ? [] : [piece(wireText`,"reasoning_content":`), ...quoted(this.#thinking)]),
      ...calls,
      piece(wireText`},"logprobs":null,"finish_reason":${reason}}],"usage":${jsonLatin1(chatUsage(finish.usage))}}`),
    ];
  }
}

function piece(text: WireText): Buffer {
  return Buffer.from(text, "latin1");
}

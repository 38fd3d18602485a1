import { jsonBytes } from "../../json-text.ts";
import type { TurnEvent } from "../../turn.ts";
import { HeldText } from "../held-text.ts";
import { type AnswerIdentity, type AnswerStyle, finishWord, identityBytes, openAiUsage } from "./response.ts";

interface WholeCall {
  readonly id: string;
  readonly name: string;
  readonly input: HeldText;
}

/** The whole answer as OpenAI's one `chat.completion`, gathered as it comes. */
export class ChatAnswer {
  readonly #identity: AnswerIdentity;
  readonly #style: AnswerStyle;
  readonly #text = new HeldText();
  readonly #thinking = new HeldText();
  readonly #calls: WholeCall[] = [];
  #hasText = false;
  #hasThinking = false;
  #finish: Extract<TurnEvent, { type: "finish" }> | undefined;

  constructor(identity: AnswerIdentity, style: AnswerStyle) {
    this.#identity = identity;
    this.#style = style;
  }

  take(events: readonly TurnEvent[]): void {
    for (const event of events) {
      switch (event.type) {
        case "text":
          this.#hasText = true;
          this.#text.append(event.text);
          break;
        case "thinking":
          this.#hasThinking = true;
          this.#thinking.append(event.text);
          break;
        case "tool_call":
          this.#calls.push({ id: event.id, name: event.name, input: new HeldText() });
          break;
        case "tool_arguments":
          this.#calls[event.call]?.input.append(event.text);
          break;
        case "finish":
          this.#finish = event;
          break;
      }
    }
  }

  /**
   * The body, in order, given away: joined, or kept here too, it would be held twice. Throws for a turn that has no
   * finish.
   */
  release(): Buffer[] {
    const finish = this.#finish;
    if (finish === undefined) throw new Error("The turn ended without a finish.");
    const { names, isLegacy } = this.#style;
    const bytes = (latin1: string): Buffer => Buffer.from(latin1, "latin1");
    const hasContent = this.#hasText || this.#calls.length === 0;
    const quoted = (held: HeldText): Buffer[] => [bytes('"'), ...held.release(), bytes('"')];
    const functionOf = ({ name, input }: WholeCall): Buffer[] =>
      [bytes(`{"name":${jsonBytes(names.toClient(name))},"arguments":`), ...quoted(input), bytes("}")];
    const calls = isLegacy
      ? this.#calls.slice(0, 1).flatMap((call) => [bytes(',"function_call":'), ...functionOf(call)])
      : this.#calls.flatMap((call, index) => [
        bytes(`${index === 0 ? ',"tool_calls":[' : ","}{"id":${jsonBytes(call.id)},"type":"function","function":`),
        ...functionOf(call), bytes(index === this.#calls.length - 1 ? "}]" : "}"),
      ]);
    const head = `${identityBytes("chat.completion", this.#identity)},"choices":[{"index":0,"message":`;
    return [
      bytes(`${head}{"role":"assistant","content":`), ...(hasContent ? quoted(this.#text) : [bytes("null")]),
      bytes(',"refusal":null,"annotations":[]'),
      ...(this.#hasThinking ? [bytes(',"reasoning_content":'), ...quoted(this.#thinking)] : []),
      ...calls,
      bytes(`},"logprobs":null,"finish_reason":"${finishWord(finish.reason, this.#style)}"}]`),
      bytes(`,"usage":${JSON.stringify(openAiUsage(finish.usage))}}`),
    ];
  }
}

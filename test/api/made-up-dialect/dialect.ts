/**
 * An API that nobody has: a turn is asked for by `{say, tools, called}` and answered in lines, `start claude-x`,
 * `text é`, `call t1 look {}`, `end end_turn`. It is here to show what a dialect takes: this file, which
 * imports nothing but what the package exports, and a route. Beside it stand a lookup and one that is sent a body.
 */
import {
  type AnswerFold, arrayAt, type BodyLookup, bodyOfText, type BridgeError, decodeJsonText, type Dialect, encodeWireText, joinedWireText,
  joinWireText, jsonLatin1, type JsonText, type Lookup, type Message, noText, objectAt, optionalBoolean, stringAt, type TurnEvent, type TurnRequest, type WireStream, type WireText, wireText,
} from "../../../src/index.ts";

/** Every message is a string of the user's, `{said, call, id, input}`, or `{id, result}`. */
function parseMessage(entry: unknown, path: string): Message {
  if (typeof entry === "string") return { role: "user", content: [{ type: "text", text: entry }] };
  const { said, call, id, input, result } = objectAt(entry, path);
  if (result !== undefined) {
    const content = stringAt(result, `${path}.result`);
    return { role: "user", content: [{ type: "tool_result", tool_use_id: stringAt(id, `${path}.id`), content }] };
  }
  const use = { id: stringAt(id, `${path}.id`), name: stringAt(call, `${path}.call`), input: objectAt(input, `${path}.input`) };
  const text = said === undefined ? [] : [{ type: "text" as const, text: stringAt(said, `${path}.said`) }];
  return { role: "assistant", content: [...text, { type: "tool_use", ...use }] };
}

/** Answers line by line; a call's line is written when its input is whole. */
class Lines implements WireStream, AnswerFold {
  readonly #inputs = new Map<number, { readonly head: WireText; json: string }>();
  #body = noText;

  open(): WireText {
    return wireText`event: lines\n`;
  }

  heartbeat(): WireText {
    return wireText`: still here\n`;
  }

  encode(events: readonly TurnEvent[]): WireText {
    return joinedWireText(events.map((event) => this.#line(event)));
  }

  fail({ code }: BridgeError): WireText {
    return encodeWireText(`broken ${code}\n`);
  }

  take(events: readonly TurnEvent[]): void {
    this.#body = joinWireText(this.#body, this.encode(events));
  }

  release() {
    return bodyOfText(this.#body);
  }

  #line(event: TurnEvent): WireText {
    switch (event.type) {
      case "message_start": return encodeWireText(`start ${event.model}\n`);
      case "text": return wireText`text ${event.text}\n`;
      case "block_start":
        if (event.block.type === "tool_use") {
          this.#inputs.set(event.index, { head: encodeWireText(`call ${event.block.id} ${event.block.name}`), json: "" });
        }
        return noText;
      case "input_json": {
        const call = this.#inputs.get(event.index);
        if (call !== undefined) call.json += event.text;
        return noText;
      }
      case "block_stop": {
        const call = this.#inputs.get(event.index);
        return call === undefined ? noText : wireText`${call.head} ${encodeWireText(decodeJsonText(call.json as JsonText))}\n`;
      }
      case "message_stop": return encodeWireText(`end ${event.stopReason} ${event.usage.outputTokens}\n`);
      default: return noText;
    }
  }
}

export const madeUpDialect: Dialect<TurnRequest> = {
  parse: (body, { defaultModel, header }) => {
    const { say, tools, stream } = objectAt(body, "body");
    const names = tools === undefined ? [] : arrayAt(tools, "tools").map((name, index) => stringAt(name, `tools[${index}]`));
    return {
      model: header("x-lines-model") ?? defaultModel,
      stream: optionalBoolean(stream, "stream") ?? false,
      turn: {
        system: [], messages: arrayAt(say, "say").map((entry, index) => parseMessage(entry, `say[${index}]`)),
        tools: names.map((name) => ({ name, description: "", inputSchema: { type: "object", properties: {} } })),
        toolChoice: { type: "auto" }, disableParallelToolUse: false, stopSequences: [],
      },
    };
  },
  stream: () => new Lines(),
  whole: () => new Lines(),
  failure: ({ code, field, retryAfterSeconds }) => ({
    status: code === "invalid_api_key" ? 418 : 422,
    headers: { "x-made-up": "yes", ...(retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) }) },
    body: [code, field ?? null],
  }),
  windowHeaders: (window) => ({ "x-window": window === undefined ? "unknown" : `${window.rateLimitType} ${window.status} ${window.utilization}` }),
};

/** Counts the words that a request says, without asking a model. */
export const countWords: BodyLookup = (body) => {
  const said = arrayAt(objectAt(body, "body")["say"], "say").map((entry, index) => stringAt(entry, `say[${index}]`));
  return jsonLatin1({ words: said.flatMap((text) => text.split(/\s+/u)).length });
};

/** The names of the models, for a client of this API. */
export const listNames: Lookup = ({ header }) => jsonLatin1({ version: header("x-lines-version"), names: ["opus", "é"] });

/**
 * An API that nobody has: a turn is asked for by `{say, tools, all}` and answered in lines, `start claude-x`,
 * `text é`, `call t1 look {}`, `end end_turn`. With `all` there is a line for each event of the answer. It is here to show what a dialect takes: this file, which
 * imports nothing but what the package exports, and a route. Beside it stand a lookup and one that is sent a body.
 */
import {
  type AnswerFold, type AnswerIdentity, arrayAt, type BodyLookup, bodyOfText, type BridgeError, chooseTools, ConversationBuilder, decodeJsonText, type Dialect, encodeWireText, fieldAtFault,
  joinedWireText, joinWireText, jsonLatin1, type JsonText, type Lookup, type Message, noText, objectAt, optionalBoolean, type PartFields, stringAt, textBlocks, toolList,
  ToolNames, type TurnEvent, type TurnRequest, type WireStream, type WireText, wireText,
} from "../../../src/index.ts";

/** A request, and what its tools are called on the way to the model. */
interface LinesRequest extends TurnRequest {
  readonly names: ToolNames;
  /** Whether the client wants a line for each event. */
  readonly all: boolean;
}

/** What the parts of a turn are called in this API's requests. */
const partFields: PartFields = { model: "x-lines-model", messages: "say", tools: "tools", toolChoice: "tools", webSearch: "tools" };

/** Every message is a string of the user's, `{said, call, id, input}`, or `{id, result}`. */
function parseMessages(say: readonly unknown[], names: ToolNames): readonly Message[] {
  const conversation = new ConversationBuilder("say");
  for (const [index, entry] of say.entries()) {
    const path = `say[${index}]`;
    if (typeof entry === "string") {
      conversation.addUser(textBlocks(entry));
      continue;
    }
    const { said, call, id, input, result } = objectAt(entry, path);
    if (result !== undefined) {
      conversation.addResult(stringAt(id, `${path}.id`), { content: textBlocks(stringAt(result, `${path}.result`)) }, `${path}.id`);
      continue;
    }
    const text = said === undefined ? [] : textBlocks(stringAt(said, `${path}.said`));
    const calls = call === undefined ? [] : [{
      type: "tool_use" as const, id: stringAt(id, `${path}.id`), name: names.toModel(stringAt(call, `${path}.call`)), input: objectAt(input, `${path}.input`),
    }];
    conversation.addAssistant([...text, ...calls], path);
  }
  return conversation.close();
}

/** Answers line by line; a call's line is written when its input is whole. */
class Lines implements WireStream, AnswerFold {
  readonly #names: ToolNames;
  readonly #all: boolean;
  readonly #inputs = new Map<number, { readonly head: WireText; json: string }>();
  #body: WireText;

  constructor({ names, all }: LinesRequest, { requestId }: AnswerIdentity) {
    this.#body = all ? encodeWireText(`for ${requestId}\n`) : noText;
    this.#names = names;
    this.#all = all;
  }

  open(): WireText {
    return wireText`event: lines\n`;
  }

  heartbeat(): WireText {
    return wireText`: still here\n`;
  }

  encode(events: readonly TurnEvent[]): WireText {
    return joinedWireText(events.map((event) => (this.#all ? eachLine(event) : this.#line(event))));
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
          this.#inputs.set(event.index, { head: encodeWireText(`call ${event.block.id} ${this.#names.toClient(event.block.name)}`), json: "" });
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

/** The line of any event: nothing of an answer is lost on the way to a dialect. */
function eachLine(event: TurnEvent): WireText {
  switch (event.type) {
    case "accepted": case "retry": return noText;
    case "message_start": return encodeWireText(`start ${event.model}\n`);
    case "block_start": return wireText`begin ${event.index} ${jsonLatin1(event.block)}\n`;
    case "text": return wireText`text ${event.text}\n`;
    case "thinking": return wireText`thinking ${event.text}\n`;
    case "input_json": return wireText`input ${event.text}\n`;
    case "signature": return wireText`signature ${event.signature}\n`;
    case "citation": return wireText`citation ${jsonLatin1(event.citation)}\n`;
    case "other_delta": return wireText`other ${jsonLatin1(event.delta)}\n`;
    case "block_stop": return wireText`done ${event.index}\n`;
    case "message_stop":
      return wireText`end ${jsonLatin1([event.stopReason, event.stopSequence ?? null, event.stopDetails ?? null, event.usage.others])}\n`;
  }
}

export const madeUpDialect: Dialect<LinesRequest> = {
  numberFields: { objects: new Set(["input"]), values: new Set(), schemas: new Set() },
  parse: (body, { defaultModel, header }) => {
    const { say, tools, stream, all } = objectAt(body, "body");
    const names = new ToolNames();
    const messages = parseMessages(arrayAt(say, "say"), names);
    const offered = toolList(tools, "tools", (name, path) => [
      { name: names.toModel(stringAt(name, path)), description: "", inputSchema: { type: "object", properties: {} } },
    ]);
    return {
      names,
      all: optionalBoolean(all, "all") ?? false,
      model: header("x-lines-model") ?? defaultModel,
      stream: optionalBoolean(stream, "stream") ?? false,
      turn: {
        system: [], messages, ...chooseTools(offered, { choice: { type: "auto" } }, messages, "tools"),
        disableParallelToolUse: false, stopSequences: [],
      },
    };
  },
  stream: (request, identity) => new Lines(request, identity),
  whole: (request, identity) => new Lines(request, identity),
  failure: (error, { requestId }) => ({
    status: error.code === "invalid_api_key" ? 418 : 422,
    headers: { "x-made-up": "yes", "x-lines-request": requestId, ...(error.retryAfterSeconds === undefined ? {} : { "retry-after": String(error.retryAfterSeconds) }) },
    body: [error.code, fieldAtFault(error, partFields) ?? null],
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

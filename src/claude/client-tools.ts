import type { BridgeError } from "../errors.ts";
import type { ToolResultBlock } from "../turn/message.ts";
import type { Turn } from "../turn/turn.ts";
import { controlErrorLine, controlSuccessLine, isObject, type JsonObject, optionalString } from "./protocol.ts";
import { ServedTools } from "./served-tools.ts";
import { type MadeCall, ToolCalls } from "./tool-calls.ts";
import { serveTools, type ToolCall } from "./tool-server.ts";

/** The client's tools on one process: which the CLI was given, what its model called, and the results. */
export class ClientTools {
  readonly #write: (line: string) => void;
  readonly #calls: ToolCalls;
  #served = new ServedTools({ tools: [] });

  /** `write` takes a line for the CLI. */
  constructor(write: (line: string) => void) {
    this.#write = write;
    this.#calls = new ToolCalls(write);
  }

  /** The client has not answered every call that it was told of. */
  get isPending(): boolean {
    return this.#calls.isPending;
  }

  /** The tools that the CLI is to be given from now on. */
  serve(turn: Turn): void {
    this.#served = new ServedTools(turn);
  }

  has(name: string): boolean {
    return this.#served.has(name);
  }

  /** Holds the CLI's own list of its tools against what it was given; the fault, if there is one. */
  check(init: JsonObject): BridgeError | undefined {
    return this.#served.check(init);
  }

  /** The error of a turn that failed before it began, with the tool named that it may be about. */
  explain(error: BridgeError): BridgeError {
    return this.#served.explain(error);
  }

  /** The model made a call. */
  note(call: MadeCall): void {
    this.#calls.note(call);
  }

  /** The client's results, by the ids that the model gave the calls. */
  answer(results: ReadonlyMap<string, ToolResultBlock>): void {
    this.#calls.answer(results);
  }

  /** Answers a control request of the CLI's; what calls a tool goes to `onCall` first. */
  onControlRequest(message: JsonObject, onCall: (call: ToolCall) => void): void {
    const requestId = optionalString(message["request_id"]) ?? "";
    const request = isObject(message["request"]) ? message["request"] : {};
    if (request["subtype"] !== "mcp_message" || !isObject(request["message"])) {
      this.#write(controlErrorLine(requestId, "not supported"));
      return;
    }
    const step = serveTools(request["message"], this.#served.list);
    if (step.kind === "answer") {
      this.#write(controlSuccessLine(requestId, { mcp_response: step.response }));
      return;
    }
    onCall(step.call);
    this.#calls.ask(requestId, step.call);
  }
}

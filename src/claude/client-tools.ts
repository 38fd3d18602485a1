import type { BridgeError } from "../errors.ts";
import type { ToolResultBlock } from "../turn/message.ts";
import type { Turn } from "../turn/turn.ts";
import { controlErrorLine, controlSuccessLine, isObject, type JsonObject, optionalString } from "./protocol.ts";
import { ServedTools } from "./served-tools.ts";
import { type MadeCall, ToolCalls } from "./tool-calls.ts";
import { serveTools } from "./tool-server.ts";

/** The client's tools on one process: which tools the CLI was given, which calls its model made, their results. */
export class ClientTools {
  readonly #write: (line: string) => void;
  readonly #calls: ToolCalls;
  #served = new ServedTools({ tools: [] });

  /** `write` writes a line to the CLI. */
  constructor(write: (line: string) => void) {
    this.#write = write;
    this.#calls = new ToolCalls(write);
  }

  /** Whether a call that the client was told of has not been asked for by the CLI yet, or not been answered. */
  get isPending(): boolean {
    return this.#calls.isPending;
  }

  /** Sets the tools that the CLI is given in answer to its `tools/list` from now on. */
  serve(turn: Pick<Turn, "tools">): void {
    this.#served = new ServedTools(turn);
  }

  has(name: string): boolean {
    return this.#served.has(name);
  }

  /** Compares the CLI's own list of its tools with those that it was given. Returns an error if one is missing. */
  check(init: JsonObject): BridgeError | undefined {
    return this.#served.check(init);
  }

  /** The error of a turn that failed before it began. If a tool may be the cause, the returned error names it. */
  explain(error: BridgeError): BridgeError {
    return this.#served.explain(error);
  }

  /** Records a call that the model made. */
  note(call: MadeCall): void {
    this.#calls.note(call);
  }

  /** Accepts the client's results, by the ids that the model gave the calls. */
  answer(results: ReadonlyMap<string, ToolResultBlock>): void {
    this.#calls.answer(results);
  }

  /** Forgets all calls and results: the process was rewound to before them. */
  forgetCalls(): void {
    this.#calls.forget();
  }

  /**
   * Answers a control request of the CLI's. If it asks for the result of a call, `onCall` is called first. Without
   * `onCall`, where no turn runs or waits for results, such a request is not answered.
   */
  onControlRequest(message: JsonObject, onCall: (() => void) | undefined): void {
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
    if (onCall === undefined) return this.#calls.hold(requestId, step.call);
    onCall();
    this.#calls.ask(requestId, step.call);
  }
}

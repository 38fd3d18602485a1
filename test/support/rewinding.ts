/** A CLI, real or made up, driven by hand through a conversation of which parts are taken back. */
import { randomUUID } from "node:crypto";
import type { ClaudeStdio, CliMessage } from "./claude-stdio.ts";
import type { ToldBlock } from "./composed-request.ts";
import type { RewindRequest } from "./rewindable-history.ts";

type Content = string | readonly ToldBlock[];

export const weatherTool = { name: "get_weather", description: "The weather of a city", inputSchema: { type: "object" } };

const mcpResults: Readonly<Record<string, object>> = {
  initialize: { protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo: { name: "client", version: "1" } },
  "tools/list": { tools: [weatherTool] },
};

export class Rewinding {
  readonly #claude: ClaudeStdio;
  /** Calls that somebody has waited for. */
  readonly #met = new Set<CliMessage>();
  #requests = 0;
  #from = 0;

  constructor(claude: ClaudeStdio) {
    this.#claude = claude;
    claude.onMessage = (message) => {
      if (message.type !== "control_request" || isCall(message)) return;
      this.#reply(message, mcpResults[message.request.message.method as string] ?? {});
    };
  }

  /** With one tool where it is asked for. */
  async initialize(hasTool: boolean): Promise<void> {
    await this.#request({ subtype: "initialize", systemPrompt: ["S"], ...(hasTool ? { sdkMcpServers: ["client"] } : {}) });
  }

  /** Asks, gives each call the result "r", and waits for the turn's end. Gives the prompt's uuid. */
  async ask(content: Content): Promise<string> {
    const uuid = this.#write(content);
    for (;;) {
      const message = await this.#next((candidate) => candidate.type === "result" || isCall(candidate));
      if (message.type === "result") return uuid;
      this.#answer(message);
    }
  }

  /** Asks, and waits for what is named. A call waits for its result then. */
  async begin(content: Content, until: "nothing" | "text" | "call"): Promise<string> {
    const uuid = this.#write(content);
    if (until === "call") await this.#next(isCall);
    if (until === "text") await this.#next((message) => message.event?.delta?.text !== undefined);
    return uuid;
  }

  /** Gives the call that waits its result, and waits for the next. */
  async answerCall(): Promise<void> {
    this.#answer(this.#claude.messages.findLast(isCall));
    await this.#next(isCall);
  }

  /** Adds a user's message to the history. */
  async tell(content: Content): Promise<string> {
    const uuid = this.#write(content, { shouldQuery: false });
    await this.#next(({ type }) => type === "result");
    return uuid;
  }

  /** Adds an assistant's message to the history. */
  say(content: readonly ToldBlock[]): string {
    const uuid = randomUUID();
    this.#claude.write({
      type: "assistant", uuid, parent_tool_use_id: null, session_id: "",
      message: {
        id: `msg_${uuid}`, type: "message", role: "assistant", model: "claude", content,
        stop_reason: "end_turn", stop_sequence: null, usage: { input_tokens: 0, output_tokens: 0 },
      },
    });
    return uuid;
  }

  async interrupt(): Promise<void> {
    await this.#request({ subtype: "interrupt" });
    await this.#claude.waitFor((message) => message.type === "result" && this.#claude.messages.indexOf(message) >= this.#from);
  }

  /** The uuids of the lines of that type since the last message was written. */
  lines(type: "user" | "assistant"): readonly string[] {
    return this.#claude.messages.slice(this.#from).filter((message) => message.type === type).map(({ uuid }) => uuid as string);
  }

  /** The uuids of the first assistant line behind each of the results since the last message was written. */
  get behindResults(): readonly string[] {
    const lines = this.#claude.messages.slice(this.#from).filter(({ type }) => type === "user" || type === "assistant");
    return lines.filter(({ type }, index) => type === "assistant" && lines[index - 1]?.type === "user").map(({ uuid }) => uuid as string);
  }

  /** "rewound", the CLI's reason against it, or that it knows no such request. */
  async rewind(target: string, more: Partial<RewindRequest> = {}): Promise<string> {
    const { subtype, response } = await this.#request({ subtype: "rewind_conversation", target_message_uuid: target, ...more });
    if (subtype !== "success") return "unsupported";
    return response.rewound === true ? "rewound" : String(response.error);
  }

  #write(content: Content, more: object = {}): string {
    this.#from = this.#claude.messages.length;
    const uuid = randomUUID();
    this.#claude.write({ type: "user", message: { role: "user", content }, parent_tool_use_id: null, session_id: "", uuid, ...more });
    return uuid;
  }

  async #request(request: object): Promise<CliMessage> {
    const request_id = `host-${++this.#requests}`;
    this.#claude.write({ type: "control_request", request_id, request });
    const answer = await this.#next((message) => message.type === "control_response" && message.response.request_id === request_id);
    return answer.response;
  }

  /** The first that fits since the last message was written. A call is met once. */
  async #next(fits: (message: CliMessage) => boolean): Promise<CliMessage> {
    const isNew = (message: CliMessage): boolean => this.#claude.messages.indexOf(message) >= this.#from && !this.#met.has(message);
    const found = await this.#claude.waitFor((message) => isNew(message) && fits(message));
    if (isCall(found)) this.#met.add(found);
    return found;
  }

  #answer(call: CliMessage): void {
    this.#reply(call, { content: [{ type: "text", text: "r" }] });
  }

  #reply({ request_id, request }: CliMessage, result: object): void {
    const mcp_response = { jsonrpc: "2.0", id: request.message.id ?? 0, result };
    this.#claude.write({ type: "control_response", response: { subtype: "success", request_id, response: { mcp_response } } });
  }
}

function isCall(message: CliMessage): boolean {
  return message.request?.message?.method === "tools/call";
}

/**
 * What the model saw, in a line: the user's words, A for each text of the assistant's, C for each call and R for each
 * result; from the last message that is "start".
 */
export function seenSinceStart(messages: readonly { readonly role: string; readonly content: Content }[]): string {
  const parts = messages.map(({ role, content }) => {
    const blocks: readonly ToldBlock[] = typeof content === "string" ? [{ type: "text", text: content }] : content;
    return blocks.map(({ type, text }) => {
      if (type === "text") return role === "assistant" ? "A" : (text ?? "").trim();
      return { tool_use: "C", tool_result: "R" }[type] ?? type;
    }).join("+");
  });
  return parts.slice(Math.max(0, parts.lastIndexOf("start"))).join(" ");
}

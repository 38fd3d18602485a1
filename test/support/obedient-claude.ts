/**
 * A made-up CLI that does what a good model does with any request: it calls where a call is a must, gives a document where
 * there is a schema, and else answers in words. It keeps what each of its processes was told, so that a test can hold it
 * against what the client sent. Its processes only relay (fake-claude/relays), as those of `remembering-claude.ts`.
 */
import { randomBytes } from "node:crypto";
import { createServer, type AddressInfo, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { cleanUp } from "./cleanup.ts";
import type { Breach } from "./anthropic-rules/rules.ts";
import { faultOf, type ToldMessage, usersJoined } from "./composed-request.ts";
import { fakeClaudePath } from "./fake-claude.ts";
import { assertOnlyKnown, type KnownBreach } from "./known-breaches.ts";
import { compiledRelay, resolvedModel } from "./relays.ts";

/** All that a model is asked with. */
export interface ToldTurn {
  readonly system: string;
  /** As the tool server listed them. */
  readonly tools: readonly { readonly name: string; readonly description: string; readonly inputSchema: object }[];
  readonly schema: object | undefined;
  /** What it said itself among them, the question last. */
  readonly messages: readonly ToldMessage[];
}

export interface ObedientClaude {
  readonly path: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Whether a process costs a millisecond (compiled) or sixty (a script). */
  readonly isCheap: boolean;
  /** Pids of those that live. */
  readonly living: ReadonlySet<number>;
  /** How many turns there were. */
  readonly turns: number;
  /** What the API would have refused of all that it was asked with: each is a fault of the server. */
  readonly faults: readonly Breach[];
  /** Every turn is told here before it is answered. */
  onTurn: (told: ToldTurn) => void;
}

type Line = Readonly<Record<string, any>>;

/**
 * After the test it fails for each fault that is not `known`, and where a known one was not met. By a refusal of the
 * rules `learnt` the server learns what a model takes: one is no fault.
 */
export async function startObedientClaude(
  t: TestContext, known: readonly KnownBreach[] = [], learnt: readonly string[] = [],
): Promise<ObedientClaude> {
  const sockets = new Set<Socket>();
  const living = new Set<number>();
  const faults: Breach[] = [];
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    let pid = 0;
    attend(socket, (line) => {
      pid = line["pid"] as number;
      living.add(pid);
    }, (told) => {
      claude.turns++;
      claude.onTurn(told);
    }, (fault) => void faults.push(fault));
    socket.once("close", () => {
      sockets.delete(socket);
      living.delete(pid);
    });
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  cleanUp(t, async () => {
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
    assertOnlyKnown(faults.filter(({ rule }) => !learnt.includes(rule)), known);
  });
  const compiled = compiledRelay();
  const claude = {
    path: compiled ?? fakeClaudePath("relays"),
    environment: { RELAYS_PORT: String((server.address() as AddressInfo).port) },
    isCheap: compiled !== undefined,
    living, faults, turns: 0,
    onTurn: (_told: ToldTurn): void => {},
  };
  return claude;
}

/** One process, from its first word to its end. */
function attend(
  socket: Socket, onStart: (line: Line) => void, onTurn: (told: ToldTurn) => void, onFault: (fault: Breach) => void,
): void {
  const messages: ToldMessage[] = [];
  const waiting = new Map<string, (response: Line) => void>();
  let told: Line = {};
  let model = "";
  let outputTokensMax: string | undefined;
  let thinkingTokens: number | null | undefined;
  let isThinkingOff = false;
  let parameters: Line = {};
  let isStarted = false;
  let requests = 0;
  let answers = 0;
  const say = (...lines: object[]): void => {
    if (socket.writable) socket.write(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  };
  const event = (inner: object): object => ({ type: "stream_event", event: inner, session_id: "fake", parent_tool_use_id: null });
  const result = (turns: number): object => ({ type: "result", subtype: "success", is_error: false, num_turns: turns, result: "" });
  const ask = (method: string, params: object): Promise<Line> => new Promise((resolve) => {
    const request_id = `claude-${++requests}`;
    waiting.set(request_id, resolve);
    say({ type: "control_request", request_id, request: { subtype: "mcp_message", server_name: "client", message: { jsonrpc: "2.0", id: requests, method, params } } });
  });
  const answer = (block: object, deltas: readonly object[], stopReason: string): object[] => [
    event({ type: "message_start", message: { id: `msg_${++answers}`, type: "message", role: "assistant", model: "claude-fake-1", content: [], usage: { input_tokens: 1, output_tokens: 1 } } }),
    event({ type: "content_block_start", index: 0, content_block: block }),
    ...deltas.map((delta) => event({ type: "content_block_delta", index: 0, delta })),
    event({ type: "content_block_stop", index: 0 }),
    event({ type: "message_delta", delta: { stop_reason: stopReason }, usage: { output_tokens: 2 } }),
    event({ type: "message_stop" }),
  ];
  const sayWords = (...words: readonly string[]): void => {
    messages.push({ role: "assistant", content: [{ type: "text", text: words.join("") }] });
    say(...answer({ type: "text", text: "" }, words.map((text) => ({ type: "text_delta", text })), "end_turn"), result(1));
  };
  const call = (id: string, name: string): object[] => answer({ type: "tool_use", id, name, input: {} }, [{ type: "input_json_delta", partial_json: "{}" }], "tool_use");

  /** What the API is asked with now is held against its rules. */
  const judge = (system: string, tools: ToldTurn["tools"]): void => {
    const schema: ToldTurn["tools"] = told["jsonSchema"] === undefined ? [] : [{ name: "StructuredOutput", description: "", inputSchema: told["jsonSchema"] as object }];
    const fault = faultOf({ model: resolvedModel(model), system, tools: [...tools, ...schema], messages, outputTokensMax, thinkingTokens: isThinkingOff ? 0 : thinkingTokens, parameters });
    if (fault !== null) onFault(fault);
  };

  const turn = async (): Promise<void> => {
    const system = ((told["systemPrompt"] ?? []) as string[]).join("\n\n");
    const tools = told["sdkMcpServers"] === undefined ? [] : (await ask("tools/list", {}))["result"].tools as ToldTurn["tools"];
    judge(system, tools);
    onTurn({ system, tools: tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema })), schema: told["jsonSchema"] ?? parameters["output_config"]?.format.schema, messages: usersJoined(messages) });
    const must = /(?:^|\n)Your answer must be a call of (?:the tool (\S+)|one of your tools)\.(?:\n|$)/u.exec(system);
    if (must !== null) {
      const id = `toolu_${randomBytes(8).toString("hex")}`;
      const name = must[1] ?? tools[0]?.name ?? "";
      messages.push({ role: "assistant", content: [{ type: "tool_use", id, name, input: {} }] });
      say(...call(id, name));
      const answered = await ask("tools/call", { name, arguments: {}, _meta: { "claudecode/toolUseId": id } });
      messages.push({ role: "user", content: [{ type: "tool_result", tool_use_id: id, content: answered["result"].content }] });
      judge(system, tools);
      return sayWords("as ", "you wish");
    }
    if (parameters["output_config"] !== undefined) sayWords("{", "}");
    else if (told["jsonSchema"] === undefined) sayWords("as ", "you wish");
    else say(...call(`toolu_${answers}`, "StructuredOutput"), result(1));
  };

  const take = (line: Line): void => {
    if (!isStarted) {
      isStarted = true;
      model = line["model"] as string;
      return onStart(line);
    }
    switch (line["type"]) {
      case "control_request": {
        const { request_id, request } = line;
        if (request.subtype === "initialize") told = request as Line;
        if (request.subtype === "apply_flag_settings") {
          const { CLAUDE_CODE_MAX_OUTPUT_TOKENS: bound, CLAUDE_CODE_EXTRA_BODY: extraBody, CLAUDE_CODE_DISABLE_THINKING: off } = request.settings.env ?? {};
          if (off !== undefined) isThinkingOff = off === "1";
          outputTokensMax = bound ?? outputTokensMax;
          if (extraBody !== undefined) parameters = JSON.parse(extraBody) as Line;
        }
        if (request.subtype === "set_max_thinking_tokens") thinkingTokens = request.max_thinking_tokens as number | null;
        return say({ type: "control_response", response: { subtype: "success", request_id, response: { models: [{ value: "fake", resolvedModel: "claude-fake-1", displayName: "Fake" }], account: { tokenSource: "fake" } } } });
      }
      case "control_response":
        waiting.get(line["response"].request_id)?.(line["response"].response.mcp_response as Line);
        return void waiting.delete(line["response"].request_id);
      default:
        messages.push({ role: line["type"] as "user" | "assistant", content: line["message"].content });
        if (line["type"] === "user" && line["shouldQuery"] !== false) void turn();
        else if (line["type"] === "user") say(result(0));
    }
  };
  let rest = "";
  socket.setEncoding("utf8").on("error", () => {}).on("end", () => socket.end()).on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(JSON.parse(line) as Line);
  });
}

/** What the stub upstream can be told to answer: small values, made by the functions below. */

export interface StubUsage {
  readonly input_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly output_tokens: number;
}

export type StopReason = "end_turn" | "max_tokens" | "stop_sequence" | "tool_use" | "refusal" | "pause_turn" | "model_context_window_exceeded";

export type StubBlock =
  | { readonly type: "thinking"; readonly deltas: readonly string[] }
  | { readonly type: "text"; readonly deltas: readonly string[]; readonly citations?: readonly object[] }
  /** A search of the API's own, whose query is streamed, and what it found. */
  | { readonly type: "server_tool_use"; readonly id: string; readonly query: string }
  | { readonly type: "web_search_tool_result"; readonly id: string; readonly found: readonly object[] }
  /** `fragments` are the input's JSON as it streams. Without an `id` the stub gives one that is unique among its answers. */
  | { readonly type: "tool_use"; readonly id?: string; readonly name: string; readonly input: Readonly<Record<string, unknown>>; readonly fragments: readonly string[] };

/** How a message ends: whole, with its socket destroyed, with its last events missing, with an error event, or never. */
export type StubEnding = "complete" | "cut" | "unfinished" | "silence" | { readonly type: string; readonly message: string };

export interface StubMessage {
  readonly kind: "message";
  readonly blocks: readonly StubBlock[];
  readonly ending: StubEnding;
  readonly stopReason: StopReason;
  readonly usage: StubUsage;
  /** Without it the model of the request. */
  readonly model?: string;
  /** Milliseconds before each delta. */
  readonly everyMs: number;
  readonly headers: Readonly<Record<string, string>>;
}

export type StubAnswer =
  | StubMessage
  | { readonly kind: "error"; readonly status: number; readonly type: string; readonly message: string; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: "hang" };

export interface TextAnswerOptions {
  readonly stopReason?: StopReason;
  readonly usage?: Partial<StubUsage>;
  readonly model?: string;
  /** Deltas of a thinking block before the text. */
  readonly thinking?: readonly string[];
  /** Milliseconds before each delta; 0 writes them as fast as they are read. */
  readonly everyMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One text block in these deltas. */
export function textAnswer(deltas: readonly string[], options: TextAnswerOptions = {}): StubMessage {
  return message([...thinkingBlocks(options.thinking), { type: "text", deltas }], options);
}

export interface StubToolUse {
  readonly id?: string;
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** The input's JSON in the pieces in which it streams; without them in one. */
  readonly fragments?: readonly string[];
}

/** Tool calls, after some text where `textBefore` is given. */
export function toolUseAnswer(calls: readonly StubToolUse[], options: TextAnswerOptions & { readonly textBefore?: string } = {}): StubMessage {
  const text: StubBlock[] = options.textBefore === undefined ? [] : [{ type: "text", deltas: [options.textBefore] }];
  const uses = calls.map((call): StubBlock => ({ type: "tool_use", ...call, fragments: call.fragments ?? [JSON.stringify(call.input)] }));
  return message([...thinkingBlocks(options.thinking), ...text, ...uses], { stopReason: "tool_use", ...options });
}

/** An HTTP error in Anthropic's form: `errorAnswer(529, "overloaded_error", "Overloaded")`. */
export function errorAnswer(status: number, type: string, text: string, headers: Readonly<Record<string, string>> = {}): StubAnswer {
  return { kind: "error", status, type, message: text, headers };
}

/** The windows as they stand while nothing of them is used up. */
const allowed = { status: "allowed", utilization: 0.2, resetsAt: 2_000_000_000 } as const;

/**
 * A context longer than the plan has. The windows are open, and waiting does not help. No window is claimed: where one
 * is, both CLIs take it for used up and say so in place of the API's words.
 */
export function longContextAnswer(): StubAnswer {
  const words = "Extra usage is required for long context requests.";
  return errorAnswer(429, "rate_limit_error", words, { "anthropic-ratelimit-unified-status": "allowed" });
}

/** Extra usage is spent, or what a third party's program uses is drawn from it: nothing is wrong with the request. */
export function extraUsageSpentAnswer(): StubAnswer {
  const words = "You are out of extra usage. Add more at claude.ai/settings/usage and keep going.";
  return errorAnswer(400, "invalid_request_error", words, subscriptionHeaders(allowed));
}

/** The request is taken and never answered. */
export function hangingAnswer(): StubAnswer {
  return { kind: "hang" };
}

/** Some deltas, then the socket is destroyed. */
export function brokenAnswer(deltas: readonly string[], options: TextAnswerOptions = {}): StubMessage {
  return { ...textAnswer(deltas, options), ending: "cut" };
}

/** Some deltas, then the end of the response, as if that were all. */
export function unfinishedAnswer(deltas: readonly string[], options: TextAnswerOptions = {}): StubMessage {
  return { ...textAnswer(deltas, options), ending: "unfinished" };
}

/** Some deltas, then an SSE `error` event. */
export function midStreamErrorAnswer(deltas: readonly string[], type: string, text: string, options: TextAnswerOptions = {}): StubMessage {
  return { ...textAnswer(deltas, options), ending: { type, message: text } };
}

/** Some deltas, then silence on an open connection. */
export function stallAnswer(deltas: readonly string[], options: TextAnswerOptions = {}): StubMessage {
  return { ...textAnswer(deltas, options), ending: "silence" };
}

export interface SubscriptionWindow {
  readonly status?: "allowed" | "allowed_warning" | "rejected";
  /** 0 to 1. */
  readonly utilization: number;
  /** Epoch seconds. */
  readonly resetsAt: number;
}

/** The subscription's windows as response headers. The claim is the window that decides; its status and reset stand for the whole. */
export function subscriptionHeaders(window: SubscriptionWindow & { readonly claim?: "five_hour" | "seven_day"; readonly other?: SubscriptionWindow }): Record<string, string> {
  const claim = window.claim ?? "five_hour";
  const prefix = "anthropic-ratelimit-unified";
  const own = claim === "five_hour" ? "5h" : "7d";
  const describe = (name: string, { status = "allowed", utilization, resetsAt }: SubscriptionWindow) => ({
    [`${prefix}-${name}-status`]: status,
    [`${prefix}-${name}-utilization`]: String(utilization),
    [`${prefix}-${name}-reset`]: String(resetsAt),
  });
  return {
    [`${prefix}-status`]: window.status ?? "allowed",
    [`${prefix}-reset`]: String(window.resetsAt),
    [`${prefix}-representative-claim`]: claim,
    ...describe(own, window),
    ...(window.other === undefined ? {} : describe(own === "5h" ? "7d" : "5h", window.other)),
  };
}

export interface StubPage { readonly url: string; readonly title: string }

/** One search, then words, then words that are from the page that it found. */
export function searchAnswer(query: string, page: StubPage, said: readonly string[], cited: readonly string[], options: TextAnswerOptions = {}): StubMessage {
  const id = "srvtoolu_1";
  const found = [{ type: "web_search_result", ...page, encrypted_content: "sealed", page_age: null }];
  const citation = { type: "web_search_result_location", ...page, encrypted_index: "sealed", cited_text: cited.join("") };
  return message([
    ...thinkingBlocks(options.thinking), { type: "server_tool_use", id, query }, { type: "web_search_tool_result", id, found },
    { type: "text", deltas: said }, { type: "text", deltas: cited, citations: [citation] },
  ], options);
}

function thinkingBlocks(deltas: readonly string[] | undefined): StubBlock[] {
  return deltas === undefined ? [] : [{ type: "thinking", deltas }];
}

function message(blocks: readonly StubBlock[], options: TextAnswerOptions): StubMessage {
  const deltas = blocks.reduce((count, block) => count + ("deltas" in block ? block.deltas : "fragments" in block ? block.fragments : []).length, 0);
  return {
    kind: "message",
    blocks,
    ending: "complete",
    stopReason: options.stopReason ?? "end_turn",
    usage: { input_tokens: 10, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: deltas, ...options.usage },
    ...(options.model === undefined ? {} : { model: options.model }),
    everyMs: options.everyMs ?? 0,
    headers: options.headers ?? {},
  };
}

/**
 * What the API refuses, when it does so, and what a client of each API is told of it. The table in
 * test/README.md is made from here; test/end-to-end/refusals.test.ts plays it on a made-up CLI, test/real/refusals.test.ts
 * its first moment on the real ones.
 */
import { brokenAnswer, errorAnswer, extraUsageSpentAnswer, hangingAnswer, longContextAnswer, type StubAnswer, subscriptionHeaders } from "./anthropic-answers.ts";

export const apis = ["chat", "responses", "messages"] as const;
export type Api = (typeof apis)[number];

export const moments = ["at once", "after 1.5 s", "after 5 s", "mid-stream"] as const;
export type Moment = (typeof moments)[number];

/** How long after the question the API refuses, in milliseconds; mid-stream behind the first words of the answer. */
export const momentMs: Readonly<Record<Moment, number>> = { "at once": 0, "after 1.5 s": 1_500, "after 5 s": 5_000, "mid-stream": 0 };

/** What the client is told. */
export interface Told {
  readonly status: number;
  /** The error's, wherever it stands; of Anthropic's its type. */
  readonly code: string | null;
  readonly retryAfter: string | null;
  readonly shouldRetry: "false" | null;
  /** With these bytes the body ends, but for what is another each time (`withoutChance`). */
  readonly last: string;
}

/** In how many seconds a window that is used up begins anew. */
export const resetsInSeconds = 7_200;

export interface Refusal {
  /** The API's status, and what it means. */
  readonly name: string;
  /** What the stub answers in the API's place; `nowSeconds` is since the epoch. */
  readonly upstream: (nowSeconds: number) => StubAnswer;
  /** What the CLI says of it: its word, the status and its text, and whether it calls the window rejected; undefined where it says nothing. */
  readonly said: { readonly error: string; readonly status: number | null; readonly text: string; readonly hasRejected?: true } | undefined;
  /** The error as a status, by its code in chat completions. */
  readonly told: Pick<Told, "status" | "code"> & Partial<Pick<Told, "retryAfter" | "shouldRetry">>;
  /** The code in the Responses API, where it is another. */
  readonly responsesCode?: string;
  /** The Responses API streamed has it in a `response.failed` even if nothing was sent before. */
  readonly isToldInStream?: true;
  /** The moments at which it cannot be, with why. */
  readonly never: Partial<Record<Moment, string>>;
}

const decided = { "mid-stream": "the API has decided by then: it refuses before it begins to answer" } as const;
const error = (status: number, type: string, message: string) => (): StubAnswer => errorAnswer(status, type, message);

export const refusals: readonly Refusal[] = [
  {
    name: "400, the prompt is too long",
    upstream: error(400, "invalid_request_error", "prompt is too long: 300000 tokens > 200000 maximum"),
    said: { error: "invalid_request", status: 400, text: "Prompt is too long" },
    told: { status: 400, code: "context_length_exceeded", shouldRetry: "false" }, isToldInStream: true, never: decided,
  },
  {
    name: "400, extra usage is spent",
    upstream: () => extraUsageSpentAnswer(),
    said: { error: "unknown", status: 400, text: "API Error: 400 You are out of extra usage. Add more at claude.ai/settings/usage and keep going." },
    told: { status: 429, code: "insufficient_quota", shouldRetry: "false" }, never: decided,
  },
  {
    name: "401, the login is refused",
    upstream: error(401, "authentication_error", "OAuth token has expired."),
    said: { error: "authentication_failed", status: 401, text: "Failed to authenticate. API Error: 401 OAuth token has expired." },
    told: { status: 401, code: "not_logged_in" }, never: decided,
  },
  {
    name: "403, the account may not",
    upstream: error(403, "permission_error", "This organization has been disabled."),
    said: { error: "unknown", status: 403, text: "API Error: 403 This organization has been disabled." },
    told: { status: 403, code: "account_refused" }, never: decided,
  },
  {
    name: "404, there is no such model",
    upstream: error(404, "not_found_error", "model: sonnet"),
    said: { error: "model_not_found", status: 404, text: "There's an issue with the selected model (sonnet)." },
    told: { status: 404, code: "model_not_found" }, never: decided,
  },
  {
    name: "413, the request is too large",
    upstream: error(413, "request_too_large", "Request exceeds the maximum size"),
    said: { error: "invalid_request", status: 413, text: "Request too large (max 32MB)." },
    told: { status: 400, code: "context_length_exceeded", shouldRetry: "false" }, isToldInStream: true, never: decided,
  },
  {
    name: "429, too many at once",
    upstream: error(429, "rate_limit_error", "Number of concurrent connections has exceeded your rate limit."),
    said: { error: "rate_limit", status: 429, text: "API Error: Request rejected (429) · Number of concurrent connections has exceeded your rate limit." },
    told: { status: 429, code: "rate_limit_exceeded", retryAfter: "20" }, never: decided,
  },
  {
    name: "429, longer than the plan has without extra usage",
    upstream: () => longContextAnswer(),
    said: { error: "rate_limit", status: 429, text: "API Error: Usage credits required for 1M context · turn on usage credits at claude.ai/settings/usage", hasRejected: true },
    told: { status: 400, code: "context_length_exceeded", shouldRetry: "false" }, isToldInStream: true, never: decided,
  },
  {
    name: "500, the API failed",
    upstream: error(500, "api_error", "Internal server error"),
    said: { error: "server_error", status: 500, text: "API Error: 500 Internal server error" },
    told: { status: 502, code: "upstream_error" }, never: {},
  },
  {
    name: "529, the API is overloaded",
    upstream: error(529, "overloaded_error", "Overloaded"),
    said: { error: "server_error", status: 529, text: "API Error: 529 Overloaded" },
    told: { status: 503, code: "overloaded", retryAfter: "10" }, responsesCode: "server_is_overloaded", isToldInStream: true, never: {},
  },
  {
    name: "503, the API cannot be reached",
    upstream: error(503, "api_error", "Service unavailable"),
    said: { error: "server_error", status: 503, text: "API Error: 503 Service unavailable" },
    told: { status: 503, code: "overloaded", retryAfter: "10" }, responsesCode: "server_is_overloaded", isToldInStream: true,
    never: { "mid-stream": "an event has a type and no status: it is that of a 500 or a 529" },
  },
  {
    name: "the stream is cut",
    upstream: () => brokenAnswer([]),
    said: { error: "server_error", status: null, text: "API Error: Connection closed mid-response." },
    told: { status: 502, code: "upstream_error" }, never: {},
  },
  {
    name: "silence",
    upstream: () => hangingAnswer(),
    said: undefined,
    told: { status: 504, code: "turn_timeout" },
    never: Object.fromEntries(["after 1.5 s", "after 5 s"].map((moment) => [moment, "a silence that is broken is none"])),
  },
  {
    name: "429, the window is used up",
    upstream: (nowSeconds) => errorAnswer(429, "rate_limit_error", "This request would exceed your account's rate limit.", subscriptionHeaders({ status: "rejected", utilization: 1, resetsAt: nowSeconds + resetsInSeconds })),
    said: { error: "rate_limit", status: 429, text: "You've hit your limit · resets 5:04pm (UTC)", hasRejected: true },
    told: { status: 429, code: "usage_limit_reached", retryAfter: String(resetsInSeconds), shouldRetry: "false" }, never: decided,
  },
];

/** How Anthropic's form writes OpenAI's codes. */
const anthropicForms: Readonly<Record<string, readonly [status: number, type: string]>> = {
  context_length_exceeded: [400, "invalid_request_error"], insufficient_quota: [402, "billing_error"], not_logged_in: [401, "authentication_error"],
  account_refused: [403, "permission_error"], model_not_found: [404, "not_found_error"], rate_limit_exceeded: [429, "rate_limit_error"],
  usage_limit_reached: [429, "rate_limit_error"], upstream_error: [500, "api_error"], overloaded: [529, "overloaded_error"], turn_timeout: [504, "timeout_error"],
};

function toldByMessages({ status: _status, code, retryAfter = null, shouldRetry = null }: Refusal["told"], isInStream: boolean): Told {
  const [status, type] = anthropicForms[code ?? ""] ?? [0, ""];
  const last = '"request_id":"…"}';
  if (isInStream) return { status: 200, code: type, retryAfter: null, shouldRetry: null, last: `${last}\n\n` };
  // Their SDKs ask again after no other refusal than 408, 409, 429 and 500 on.
  return { status, code: type, retryAfter, shouldRetry: status === 429 ? shouldRetry : null, last };
}

/** A body's text without what is another each time. */
export function withoutChance(text: string): string {
  return text.replace(/"resets_at":\d+/u, '"resets_at":…').replace(/"request_id":"[^"]+"/u, '"request_id":"…"');
}

/** What a client is told of a refusal; a sentence where it cannot be. */
export function toldOf({ told, responsesCode, isToldInStream, said, never }: Refusal, moment: Moment, api: Api, isStreamed: boolean): Told | string {
  const reason = never[moment];
  if (reason !== undefined) return reason;
  if (api === "messages") return toldByMessages(told, isStreamed && (moment === "mid-stream" || said === undefined));
  const code = api === "responses" ? responsesCode ?? told.code : told.code;
  // A silence ends long after the head has gone out.
  const isBegun = moment === "mid-stream" || said === undefined;
  const isInStream = isStreamed && (isBegun || (api === "responses" && isToldInStream === true));
  const { retryAfter = null, shouldRetry = null } = told;
  if (!isInStream) {
    const isDated = api === "responses" && code === "usage_limit_reached";
    return { status: told.status, code, retryAfter, shouldRetry, last: isDated ? '"resets_at":…}}' : `"code":"${code}"}}` };
  }
  const last = api === "chat" ? `"code":"${code}"}}\n\n` : '"usage":null}}\n\n';
  return { status: 200, code, retryAfter: null, shouldRetry: null, last };
}

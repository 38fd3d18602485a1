import { BridgeError, type ErrorCode } from "../errors.ts";
import type { RateLimitInfo } from "./protocol.ts";

/** How long a client is told to wait before a retry when the CLI names no time, in seconds. */
const overloadRetrySeconds = 10;
const rateLimitRetrySeconds = 20;

/**
 * What is known of a turn that the CLI gave up: its synthetic message, its `result`, and the last `rate_limit_event`.
 */
export interface CliFailure {
  /** The synthetic message's `error`: one of a list that grows with the CLI's versions. */
  readonly error: string | undefined;
  /** The upstream HTTP status, where there was one. */
  readonly status: number | undefined;
  /** The CLI's words. They are an error's message, never an answer. */
  readonly text: string;
  readonly rateLimit: RateLimitInfo | undefined;
}

const codesByError: Readonly<Record<string, ErrorCode>> = {
  authentication_failed: "not_logged_in",
  oauth_org_not_allowed: "account_refused",
  account_on_hold: "account_refused",
  verification_required: "account_refused",
  billing_error: "billing_error",
  rate_limit: "rate_limited",
  overloaded: "overloaded",
  invalid_request: "invalid_request",
  model_not_found: "model_not_found",
  server_error: "upstream_error",
  cloud_credential_error: "not_logged_in",
};

/**
 * Words of the API for a bill: the plan does not cover the request. Though the status is 400 or 429, the request itself
 * is sound, and waiting does not help.
 */
const billWords = new RegExp([
  "\\bout of (?:extra usage|(?:usage )?credits?)\\b", "(?:extra usage|usage credits?) (?:(?:is|are) )?required",
  "draws? (?:from|on) (?:your )?extra usage", "credit balance is too low", "spend(?:ing)? limit",
].join("|"), "iu");
/**
 * The CLI's words where the plan does not pay for a context of a million tokens, such as "Usage credits required for 1M
 * context". A shorter conversation needs no credits. The CLI then also reports its rate limit window as `rejected`,
 * even where the API did not say so.
 */
const longContextWords = /(?:extra usage|usage credits?) (?:(?:is|are) )?required for .*context/iu;
const tooLongWords = /prompt is too long|context (?:window|limit)/iu;
/** The CLI's words for a used-up rate limit window, needed where it wrote no `rate_limit_event` for it. */
const usedUpWords = /hit your .{0,40}limit|usage limit reached/iu;
/** The statuses under which the API speaks of a bill; undefined: the CLI does so by itself, without a request. */
const billStatuses: ReadonlySet<number | undefined> = new Set([undefined, 400, 402, 403, 429]);

/**
 * Whether a rate limit window is used up. It resets by itself, so this is no bill, whatever the CLI says of extra
 * usage.
 */
function isUsedUp({ status, rateLimit }: CliFailure): boolean {
  return (status === undefined || status === 429) && rateLimit?.status === "rejected";
}

function codeByWords(failure: CliFailure): ErrorCode | undefined {
  const { status, text } = failure;
  if (!billStatuses.has(status)) return undefined;
  if (longContextWords.test(text)) return "prompt_too_long";
  return billWords.test(text) && !isUsedUp(failure) ? "billing_error" : undefined;
}

function codeByStatus(status: number): ErrorCode | undefined {
  switch (status) {
    case 400: return "invalid_request";
    case 401: return "not_logged_in";
    case 402: return "billing_error";
    case 403: return "account_refused";
    case 404: return "model_not_found";
    case 408: case 504: return "turn_timeout";
    case 413: return "prompt_too_long";
    case 429: return "rate_limited";
    case 503: case 529: return "overloaded";
    default: return status >= 500 ? "upstream_error" : undefined;
  }
}

/** Converts a failed turn into the error for the client. `nowMs` is the clock that reset times are compared with. */
export function failureToError(failure: CliFailure, nowMs: number): BridgeError {
  const { status, text, rateLimit } = failure;
  const byStatus = status === undefined ? undefined : codeByStatus(status);
  const code = codeByWords(failure) ?? byStatus ?? codesByError[failure.error ?? ""] ?? "upstream_error";
  const words = text === "" ? "The claude process gave up the turn without saying why." : text;
  switch (code) {
    case "invalid_request":
      return tooLongWords.test(text)
        ? new BridgeError("prompt_too_long", words, { part: "messages" })
        : new BridgeError(code, words);
    case "not_logged_in":
      return new BridgeError(
        code, `${words} (The claude CLI has no valid login: run \`claude\`, type /login, and ask again.)`,
      );
    case "prompt_too_long":
      return new BridgeError(code, words, { part: "messages" });
    case "model_not_found":
      return new BridgeError(code, words, { part: "model" });
    case "rate_limited":
      // The CLI reports a short throttle upstream as "rejected" too, but only an exhausted window has a reset time.
      if (rateLimit?.status === "rejected" && rateLimit.resetsAt !== undefined) {
        return usageLimit(words, rateLimit.resetsAt, nowMs);
      }
      return usedUpWords.test(text)
        ? new BridgeError("usage_limit_reached", words)
        : new BridgeError(code, words, { retryAfterSeconds: rateLimitRetrySeconds });
    case "overloaded":
      return new BridgeError(code, words, { retryAfterSeconds: overloadRetrySeconds });
    case "upstream_error":
      return /timed? ?out/iu.test(text) ? new BridgeError("turn_timeout", words) : new BridgeError(code, words);
    default:
      return new BridgeError(code, words);
  }
}

function usageLimit(words: string, resetsAt: number, nowMs: number): BridgeError {
  const retryAfterSeconds = Math.max(1, Math.ceil(resetsAt - nowMs / 1000));
  return new BridgeError("usage_limit_reached", words, { retryAfterSeconds });
}

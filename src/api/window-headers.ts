import type { RateLimitWindow } from "./dialect.ts";

/**
 * Headers that tell of the subscription's rate limit window, the same for every API. The `x-ratelimit-…` of OpenAI and
 * the `anthropic-ratelimit-requests-…` of Anthropic count requests and tokens, by which clients pace themselves. The
 * CLI reports neither, only the used share of a window. So these headers have names of this server's own.
 */
export function windowHeaders(window: RateLimitWindow | undefined, nowMs: number): Record<string, string> {
  if (window === undefined) return {};
  const { rateLimitType, resetsAt, utilization } = window;
  const isName = rateLimitType !== undefined && /^\w{1,64}$/.test(rateLimitType);
  return {
    ...(isName ? { "x-claude-window": rateLimitType } : {}),
    ...(utilization === undefined ? {} : { "x-claude-window-used-percent": String(Math.round(utilization * 100)) }),
    ...(resetsAt === undefined ? {} : {
      "x-claude-window-resets-in-seconds": String(Math.max(0, Math.ceil(resetsAt - nowMs / 1000))),
    }),
  };
}

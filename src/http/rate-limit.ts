/** The subscription's window as far as the CLI has told of it; `resetsAt` in epoch seconds, `utilization` from 0 to 1. */
export interface RateLimitState {
  readonly resetsAt: number | undefined;
  readonly utilization: number | undefined;
}

/** OpenAI's rate limit headers, in percent of the window: the subscription tells no number of requests. */
export function rateLimitHeaders(state: RateLimitState | undefined, nowMs: number): Record<string, string> {
  if (state === undefined) return {};
  const { resetsAt, utilization } = state;
  return {
    ...(utilization === undefined ? {} : {
      "x-ratelimit-limit-requests": "100",
      "x-ratelimit-remaining-requests": String(Math.max(0, Math.round((1 - utilization) * 100))),
    }),
    ...(resetsAt === undefined ? {} : { "x-ratelimit-reset-requests": `${Math.max(0, Math.ceil(resetsAt - nowMs / 1000))}s` }),
  };
}

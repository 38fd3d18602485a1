/** The subscription's window as far as the CLI has told of it; `resetsAt` in epoch seconds, `utilization` from 0 to 1. */
export interface RateLimitState {
  readonly resetsAt: number | undefined;
  readonly utilization: number | undefined;
}

/** What the CLI told of a window says nothing any more once the window has been reset. */
export function currentWindow<State extends { readonly resetsAt?: number | undefined }>(state: State | undefined, nowMs: number): State | undefined {
  return state?.resetsAt !== undefined && state.resetsAt * 1000 <= nowMs ? undefined : state;
}

/** OpenAI's rate limit headers, in percent of the window: the subscription tells no number of requests. */
export function rateLimitHeaders(state: RateLimitState | undefined, nowMs: number): Record<string, string> {
  const window = currentWindow(state, nowMs);
  if (window === undefined) return {};
  const { resetsAt, utilization } = window;
  return {
    ...(utilization === undefined ? {} : {
      "x-ratelimit-limit-requests": "100",
      "x-ratelimit-remaining-requests": String(Math.max(0, Math.round((1 - utilization) * 100))),
    }),
    ...(resetsAt === undefined ? {} : { "x-ratelimit-reset-requests": `${Math.ceil(resetsAt - nowMs / 1000)}s` }),
  };
}

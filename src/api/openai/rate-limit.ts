import type { RateLimitWindow } from "../dialect.ts";

/** OpenAI's rate limit headers. The counts are percent of the window: the CLI reports no number of requests. */
export function rateLimitHeaders(
  window: Pick<RateLimitWindow, "resetsAt" | "utilization"> | undefined, nowMs: number,
): Record<string, string> {
  if (window === undefined) return {};
  const { resetsAt, utilization } = window;
  return {
    ...(utilization === undefined ? {} : {
      "x-ratelimit-limit-requests": "100",
      "x-ratelimit-remaining-requests": String(Math.max(0, Math.round((1 - utilization) * 100))),
    }),
    ...(resetsAt === undefined ? {} : {
      "x-ratelimit-reset-requests": `${Math.max(0, Math.ceil(resetsAt - nowMs / 1000))}s`,
    }),
  };
}

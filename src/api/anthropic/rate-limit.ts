import type { RateLimitWindow } from "../dialect.ts";
import { windowHeaders } from "../window-headers.ts";

/** How Anthropic's headers call a subscription's windows. */
const shortNames: ReadonlyMap<string | undefined, string> = new Map([["five_hour", "5h"], ["seven_day", "7d"]]);
const prefix = "anthropic-ratelimit-unified";
/** What a header can hold of the CLI's words. */
const isWord = (word: string | undefined): word is string => word !== undefined && /^\w{1,64}$/.test(word);

/**
 * Headers that tell of the subscription's window: those that the API itself sends a subscriber, as far as the CLI has
 * told what is in them, and this server's own.
 */
export function anthropicWindowHeaders(window: RateLimitWindow | undefined, nowMs: number): Record<string, string> {
  if (window === undefined) return {};
  const { status, rateLimitType, resetsAt, utilization } = window;
  const short = shortNames.get(rateLimitType);
  const values: readonly (readonly [name: string, value: string | number | undefined])[] = [
    ["status", isWord(status) ? status : undefined],
    ["reset", resetsAt],
    ["representative-claim", isWord(rateLimitType) ? rateLimitType : undefined],
    ...(short === undefined ? [] : [[`${short}-utilization`, utilization], [`${short}-reset`, resetsAt]] as const),
  ];
  const told = values.filter(([, value]) => value !== undefined);
  const headers = Object.fromEntries(told.map(([name, value]) => [`${prefix}-${name}`, String(value)]));
  return { ...windowHeaders(window, nowMs), ...headers };
}

/** The names of all these headers but those of this server's own, for the web pages that may read them. */
export const windowHeaderNames: readonly string[] = [
  `${prefix}-status`, `${prefix}-reset`, `${prefix}-representative-claim`,
  ...[...shortNames.values()].flatMap((short) => [`${prefix}-${short}-utilization`, `${prefix}-${short}-reset`]),
];

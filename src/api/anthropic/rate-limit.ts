import type { RateLimitWindow } from "../dialect.ts";
import { windowHeaders } from "../window-headers.ts";

/** The names that Anthropic's headers have for the windows, by the CLI's names. */
const shortNames: ReadonlyMap<string | undefined, string> = new Map([["five_hour", "5h"], ["seven_day", "7d"]]);
const prefix = "anthropic-ratelimit-unified";
/** Whether a word of the CLI's can be put into a header as it is. */
const isWord = (word: string | undefined): word is string => word !== undefined && /^\w{1,64}$/.test(word);

/**
 * Headers that report the subscription's rate limit window: those that the API itself sends a subscriber, as far as the
 * CLI has reported their values, and this server's own.
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

/** The names of the API's headers among those of `anthropicWindowHeaders`: a web page may read them (CORS). */
export const windowHeaderNames: readonly string[] = [
  `${prefix}-status`, `${prefix}-reset`, `${prefix}-representative-claim`,
  ...[...shortNames.values()].flatMap((short) => [`${prefix}-${short}-utilization`, `${prefix}-${short}-reset`]),
];

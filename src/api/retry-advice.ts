import type { BridgeError, ErrorCode } from "../errors.ts";

/**
 * The longest `Retry-After`, in seconds, that the SDKs of OpenAI and of Anthropic wait out. A longer one they ignore,
 * and retry soon.
 */
const retryAfterSecondsMax = 60;

/**
 * The retry headers. Both families' SDKs retry every status from 500 on, and 408, 409 and 429. `x-should-retry: false`
 * keeps them from it where a retry is in vain: on an endpoint that is not served, on a used-up rate limit window whose
 * end is not known or later than they wait for, and on the `vain` codes of the family.
 */
export function retryAdvice(
  { code, retryAfterSeconds }: BridgeError, vain: ReadonlySet<ErrorCode> = new Set(),
): Record<string, string> {
  const isTooLate = code === "usage_limit_reached" && (retryAfterSeconds ?? Infinity) > retryAfterSecondsMax;
  const isVain = code === "not_implemented" || vain.has(code) || isTooLate;
  return {
    ...(retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) }),
    ...(isVain ? { "x-should-retry": "false" } : {}),
  };
}

import type { BridgeError, ErrorCode } from "../errors.ts";

/** The longest `Retry-After` that the SDKs of OpenAI and of Anthropic wait out, in seconds. Beyond, they retry soon. */
const retryAfterSecondsMax = 60;

/**
 * The retry headers. Both families' SDKs retry every status from 500 on, and 408, 409 and 429. `x-should-retry: false`
 * keeps them from it where that is in vain: on an endpoint that is not served, on a rate limit window whose end they
 * would not wait for, or is not known, and on the `vain` codes of the family.
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

import {
  type ModelLimits, parseModelLimits, parseRateLimitInfo, type JsonObject, type RateLimitInfo,
} from "./protocol.ts";

/** Who is told what the CLI says beside its answers. */
export interface NewsOptions {
  /** Called when the CLI reports the state of the subscription's usage windows. */
  readonly onRateLimit: (info: RateLimitInfo) => void;
  /** Called when the CLI reports what models can take and give: with the end of each turn. */
  readonly onModelLimits: (limits: readonly ModelLimits[]) => void;
}

/** Passes on what a line of a turn says that is no part of the answer. */
export function passNews(message: JsonObject, { onRateLimit, onModelLimits }: NewsOptions): void {
  switch (message["type"]) {
    case "rate_limit_event": {
      const info = parseRateLimitInfo(message["rate_limit_info"]);
      if (info !== undefined) onRateLimit(info);
      return;
    }
    case "result": {
      const limits = parseModelLimits(message["modelUsage"]);
      if (limits.length > 0) onModelLimits(limits);
      return;
    }
  }
}

import type { Turn } from "../turn/turn.ts";
import { type Fields, optionalNumber, optionalWholeNumber } from "./check.ts";

/**
 * Reads `temperature`, up to `temperatureMax`, `top_p` and `top_k`. A temperature above 1 counts as 1, the most that
 * the Messages API takes. A value that is that API's default is left out, and so is a `top_k` of 0.
 */
export function samplingSettings(fields: Fields, temperatureMax: number): Pick<Turn, "sampling"> {
  const temperature = optionalNumber(fields["temperature"], "temperature", 0, temperatureMax);
  const topP = optionalNumber(fields["top_p"], "top_p", 0, 1);
  const topK = optionalWholeNumber(fields["top_k"], "top_k", 0);
  const sampling = {
    ...(temperature === undefined || temperature >= 1 ? {} : { temperature }),
    ...(topP === undefined || topP === 1 ? {} : { topP }),
    ...(topK === undefined || topK === 0 ? {} : { topK }),
  };
  return Object.keys(sampling).length === 0 ? {} : { sampling };
}

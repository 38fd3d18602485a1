import { BridgeError } from "../../errors.ts";
import { jsonLatin1 } from "../../json-text.ts";
import type { ModelEntry } from "../../turn/model.ts";
import type { Lookup } from "../dialect.ts";
import { modelInPath, type ModelSource } from "../model-source.ts";

/** The header by which requests of Anthropic's clients are known where two APIs share a path. */
export const versionHeader = "anthropic-version";

/** How many models a page of the list has by default, and at most, as in Anthropic's API. */
const pageModels = 20;
const pageModelsMax = 1_000;

/** What the API says of a model whose release it does not date. */
const undated = "1970-01-01T00:00:00Z";

/**
 * Makes Anthropic's `ModelInfo`. The CLI dates no model, and does not say what it can do. It tells a model's limits
 * with the end of a turn: they are null before.
 */
function modelInfo({ id, description, contextWindow, outputTokensMax }: ModelEntry): object {
  return {
    type: "model", id, display_name: description ?? id, created_at: undated,
    max_input_tokens: contextWindow ?? null, max_tokens: outputTokensMax ?? null, capabilities: null,
  };
}

/** `GET /v1/models`, page by page. */
export function listModels(models: ModelSource): Lookup {
  return async ({ query }) => {
    const all = await models.listModels();
    const limit = limitOf(query.get("limit"));
    const [after, before] = [placeOf(query, "after_id", all), placeOf(query, "before_id", all)];
    if (after !== undefined && before !== undefined) {
      throw new BridgeError("invalid_value", "before_id: none is taken beside after_id.", { field: "before_id" });
    }
    const [start, end] = before === undefined
      ? [(after ?? -1) + 1, (after ?? -1) + 1 + limit]
      : [Math.max(0, before - limit), before];
    const page = all.slice(start, end);
    return jsonLatin1({
      data: page.map(modelInfo), has_more: before === undefined ? end < all.length : start > 0,
      first_id: page[0]?.id ?? null, last_id: page.at(-1)?.id ?? null,
    });
  };
}

/** `GET /v1/models/{id}`. Also answers for names that are served but not listed, such as full model ids. */
export function getModel(models: ModelSource): Lookup {
  return async ({ parameter }) => jsonLatin1(modelInfo(await modelInPath(parameter, models)));
}

function limitOf(written: string | null): number {
  const limit = written === null || written === "" ? pageModels : Number(written);
  if (Number.isInteger(limit) && limit >= 1 && limit <= pageModelsMax) return limit;
  const words = `expected a whole number from 1 to ${pageModelsMax}.`;
  throw new BridgeError("invalid_value", `limit: ${words}`, { field: "limit" });
}

function placeOf(query: URLSearchParams, field: string, models: readonly ModelEntry[]): number | undefined {
  const name = query.get(field);
  if (name === null || name === "") return undefined;
  const place = models.findIndex(({ id }) => id === name);
  if (place >= 0) return place;
  throw new BridgeError("invalid_value", `${field}: it names no model of the list.`, { field });
}

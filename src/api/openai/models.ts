import { jsonLatin1 } from "../../json-text.ts";
import type { ModelEntry } from "../../turn/model.ts";
import type { Lookup } from "../dialect.ts";
import { modelInPath, type ModelSource } from "../model-source.ts";

/**
 * Makes OpenAI's `Model` object; `created` is in epoch seconds. OpenAI's has no fields for a model's limits: they have
 * the names that clients look for, of other servers (`context_length` of OpenRouter's and others, `max_model_len` of
 * vLLM's), and are left out until the CLI has told the limits.
 */
export function modelObject(
  { id, description, contextWindow, outputTokensMax }: ModelEntry, created: number,
): object {
  return {
    id, object: "model", created, owned_by: "anthropic", ...(description === undefined ? {} : { description }),
    ...(contextWindow === undefined
      ? {}
      : { context_length: contextWindow, context_window: contextWindow, max_model_len: contextWindow }),
    ...(outputTokensMax === undefined ? {} : { max_output_tokens: outputTokensMax }),
  };
}

/** Makes OpenAI's `ListModelsResponse`; `created` is in epoch seconds. */
export function modelList(models: readonly ModelEntry[], created: number): object {
  return { object: "list", data: models.map((model) => modelObject(model, created)) };
}

/** `GET /v1/models`. */
export function listModels(models: ModelSource, created: number): Lookup {
  return async () => jsonLatin1(modelList(await models.listModels(), created));
}

/** `GET /v1/models/{id}`. Also answers for names that are served but not listed, such as full model ids. */
export function getModel(models: ModelSource, created: number): Lookup {
  return async ({ parameter }) => jsonLatin1(modelObject(await modelInPath(parameter, models), created));
}

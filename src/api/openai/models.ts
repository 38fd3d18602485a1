import { jsonLatin1 } from "../../json-text.ts";
import type { ModelEntry } from "../../turn/model.ts";
import type { Lookup } from "../dialect.ts";
import { modelInPath, type ModelSource } from "../model-source.ts";

/** Makes OpenAI's `Model` object; `created` is in epoch seconds. */
export function modelObject({ id, description }: ModelEntry, created: number): object {
  return { id, object: "model", created, owned_by: "anthropic", ...(description === undefined ? {} : { description }) };
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

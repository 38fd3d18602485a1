import { BridgeError } from "../../errors.ts";
import { jsonLatin1 } from "../../json-text.ts";
import type { ModelEntry } from "../../turn/model.ts";
import type { Lookup } from "../dialect.ts";

/** What is asked about the served models. The engine implements it. */
export interface ModelSource {
  listModels(): Promise<readonly ModelEntry[]>;
  /** Rejects with `model_not_found` for a name that is not served. */
  resolveModel(name: string): Promise<unknown>;
}

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
  return async ({ parameter }) => {
    const id = decodeModelId(parameter);
    await models.resolveModel(id);
    const entry = (await models.listModels()).find((model) => model.id === id) ?? { id, description: undefined };
    return jsonLatin1(modelObject(entry, created));
  };
}

function decodeModelId(parameter: string): string {
  try {
    return decodeURIComponent(parameter);
  } catch {
    const message = "The model's name in the path is not valid percent-encoding.";
    throw new BridgeError("invalid_value", message, { field: "model" });
  }
}

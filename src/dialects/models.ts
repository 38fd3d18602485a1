import type { ModelEntry } from "../turn.ts";

/** OpenAI's `Model`; `created` in epoch seconds. */
export function modelObject({ id, description }: ModelEntry, created: number): object {
  return { id, object: "model", created, owned_by: "anthropic", ...(description === undefined ? {} : { description }) };
}

/** OpenAI's `ListModelsResponse`. */
export function modelList(models: readonly ModelEntry[], created: number): object {
  return { object: "list", data: models.map((model) => modelObject(model, created)) };
}

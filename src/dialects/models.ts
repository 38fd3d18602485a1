/** A model as a client may name it. */
export interface NamedModel {
  readonly id: string;
  readonly description: string | undefined;
}

/** OpenAI's `Model`; `created` in epoch seconds. */
export function modelObject({ id, description }: NamedModel, created: number): object {
  return { id, object: "model", created, owned_by: "anthropic", ...(description === undefined ? {} : { description }) };
}

/** OpenAI's `ListModelsResponse`. */
export function modelList(models: readonly NamedModel[], created: number): object {
  return { object: "list", data: models.map((model) => modelObject(model, created)) };
}

import { BridgeError } from "../errors.ts";
import type { ModelEntry } from "../turn/model.ts";

/** Answers questions about the served models. The engine implements it. */
export interface ModelSource {
  listModels(): Promise<readonly ModelEntry[]>;
  /** Rejects with `model_not_found` for a name that is not served. */
  resolveModel(name: string): Promise<unknown>;
}

/**
 * The model that a path names. One that is served but not listed, such as a full model id, has no description. Rejects
 * with `model_not_found`, and with `invalid_value` for a path that is no percent-encoding.
 */
export async function modelInPath(parameter: string, models: ModelSource): Promise<ModelEntry> {
  const id = decodedId(parameter);
  await models.resolveModel(id);
  return (await models.listModels()).find((model) => model.id === id) ?? { id, description: undefined };
}

function decodedId(parameter: string): string {
  try {
    return decodeURIComponent(parameter);
  } catch {
    const message = "The model's name in the path is not valid percent-encoding.";
    throw new BridgeError("invalid_value", message, { field: "model" });
  }
}

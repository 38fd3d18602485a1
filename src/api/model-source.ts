import { BridgeError } from "../errors.ts";
import type { ModelEntry } from "../turn/model.ts";

/** Answers questions about the served models. The engine implements it. */
export interface ModelSource {
  listModels(): Promise<readonly ModelEntry[]>;
  /**
   * The entry of a name that is served, be it listed or not, such as a full model id, which may have no description.
   * Rejects with `model_not_found` for a name that is not served.
   */
  describeModel(name: string): Promise<ModelEntry>;
}

/** The model that a path names. Rejects as `describeModel` does, or with `invalid_value` for no percent-encoding. */
export async function modelInPath(parameter: string, models: ModelSource): Promise<ModelEntry> {
  return await models.describeModel(decodedId(parameter));
}

function decodedId(parameter: string): string {
  try {
    return decodeURIComponent(parameter);
  } catch {
    const message = "The model's name in the path is not valid percent-encoding.";
    throw new BridgeError("invalid_value", message, { field: "model" });
  }
}

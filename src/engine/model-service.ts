import { BridgeError } from "../errors.ts";
import type { ModelEntry } from "../turn/model.ts";
import type { ModelCatalog, ResolvedModel } from "./model-catalog.ts";

/**
 * How long a request waits for the first look for the CLI, in milliseconds; some clients give the list of models 5 s.
 */
const discoveryWaitMs = 3_000;
const modelNameCharsShown = 200;

/** The models that are served, once the CLI was asked for them or has been looked for too long. */
export class ModelService {
  readonly #catalog: ModelCatalog;
  #discovered: Promise<void> = Promise.resolve();

  constructor(catalog: ModelCatalog) {
    this.#catalog = catalog;
  }

  /** Requests wait for `discovery` to settle, for a named time at most. */
  waitFor(discovery: Promise<unknown>): void {
    let timer: NodeJS.Timeout | undefined;
    const waited = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, discoveryWaitMs);
    });
    this.#discovered = Promise.race([discovery, waited]).then(() => clearTimeout(timer));
  }

  async list(): Promise<readonly ModelEntry[]> {
    await this.#discovered;
    return this.#catalog.list();
  }

  /** What a client's model name stands for. Rejects with `model_not_found`, which lists what is served. */
  async resolve(name: string): Promise<ResolvedModel> {
    const model = this.#catalog.resolve(name);
    if (model !== undefined) return model;
    // The CLI may serve names that it has not been asked for yet.
    await this.#discovered;
    const late = this.#catalog.resolve(name);
    if (late !== undefined) return late;
    const shown = JSON.stringify(name.slice(0, modelNameCharsShown));
    const served = this.#catalog.list().map(({ id }) => id).join(", ");
    const message = `The model ${shown} is not served. There are: ${served}, and any full claude-… id.`;
    throw new BridgeError("model_not_found", message, { field: "model" });
  }
}

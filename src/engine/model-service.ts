import { orLate } from "../claude/late.ts";
import { BridgeError } from "../errors.ts";
import type { ModelEntry } from "../turn/model.ts";
import type { ModelCatalog, ResolvedModel } from "./model-catalog.ts";
import type { Clock } from "./world.ts";

/**
 * How long a request that names or lists models waits at the server's start, until the CLI has told which models it
 * serves, in milliseconds. Some clients give up the list of models after 5 s, so it is less.
 */
const discoveryWaitMs = 3_000;
const modelNameCharsShown = 200;

/**
 * Lists the served models, and resolves the names that clients have for them. What is asked before the CLI has told
 * which models it serves waits for that, for `discoveryWaitMs` at most.
 */
export class ModelService {
  readonly #catalog: ModelCatalog;
  readonly #clock: Clock;
  #discovered: Promise<void> = Promise.resolve();

  constructor(catalog: ModelCatalog, clock: Clock) {
    this.#catalog = catalog;
    this.#clock = clock;
  }

  /** From now on requests wait for `discovery` to settle, until `discoveryWaitMs` from now at most. */
  waitFor(discovery: Promise<unknown>): void {
    this.#discovered = orLate(discovery, discoveryWaitMs, () => {}, this.#clock.after).then(() => {});
  }

  async list(): Promise<readonly ModelEntry[]> {
    await this.#discovered;
    return this.#catalog.list();
  }

  /** The entry of a name that is served, be it listed or not. Rejects as `resolve` does. */
  async describe(name: string): Promise<ModelEntry> {
    await this.resolve(name);
    // What a listed model is called may not be known yet.
    await this.#discovered;
    return this.#catalog.entry(name);
  }

  /** Resolves a client's model name. Rejects with `model_not_found`, whose message lists the served models. */
  async resolve(name: string): Promise<ResolvedModel> {
    const model = this.#catalog.resolve(name);
    if (model !== undefined) return model;
    // The CLI may not have reported its models yet, and the name may be one of them.
    await this.#discovered;
    const late = this.#catalog.resolve(name);
    if (late !== undefined) return late;
    const shown = JSON.stringify(name.slice(0, modelNameCharsShown));
    const served = this.#catalog.list().map(({ id }) => id).join(", ");
    const message = `The model ${shown} is not served. There are: ${served}, and any full claude-… id.`;
    throw new BridgeError("model_not_found", message, { part: "model" });
  }
}

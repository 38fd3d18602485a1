import type { CliModel, ModelLimits } from "../claude/protocol.ts";
import type { ModelAlias } from "../config/settings.ts";
import type { ModelEntry } from "../turn/model.ts";
import type { Turn } from "../turn/turn.ts";
import { lastReading, readings } from "./model-names.ts";

/** The settings that a client's model name stands for. `model` is the CLI's own name, for `--model`. */
export type ResolvedModel = Pick<Turn, "model" | "effort" | "thinking">;

/** Names that work with every CLI, and the CLI's alias for each. The first three are those of claude-max-api-proxy. */
const knownNames: ReadonlyMap<string, string> = new Map([
  ["claude-opus-4", "opus"],
  ["claude-sonnet-4", "sonnet"],
  ["claude-haiku-4", "haiku"],
  ["opus", "opus"],
  ["sonnet", "sonnet"],
  ["haiku", "haiku"],
]);

/** Of how many models the limits are kept: of those that were reported last. */
const limitsMax = 64;

/** Names that are safe as the argument of `--model`: none can be taken for a flag. */
const safeName = /^[A-Za-z0-9][A-Za-z0-9._:@[\]-]{0,127}$/u;
const claudeId = /^claude-/u;
const date = /^-\d{8}$/u;

/** The model names that are served, and the CLI's name for each. The CLI's own list of models is added to it. */
export class ModelCatalog {
  readonly #aliases: ReadonlyMap<string, ModelAlias>;
  #entries: readonly ModelEntry[];
  #reported: ReadonlySet<string> = new Set();
  /** For each name that the CLI reported for a model, the id under which it asks for that. */
  #ids: ReadonlyMap<string, string> = new Map();
  /** By the id. */
  readonly #limits = new Map<string, ModelLimits>();

  constructor(aliases: readonly ModelAlias[] = []) {
    this.#aliases = new Map(aliases.map((alias) => [alias.name, alias]));
    this.#entries = this.#ownNames().map((id) => ({ id, description: undefined }));
  }

  /** Adds the models that the CLI reported, in place of those that it reported before. */
  learn(models: readonly CliModel[]): void {
    const descriptions = new Map<string, string | undefined>(this.#ownNames().map((id) => [id, undefined]));
    const reported = new Set<string>();
    const ids = new Map<string, string>();
    for (const { value, resolvedModel, displayName } of models) {
      for (const id of [value, resolvedModel]) {
        if (id === undefined || !safeName.test(id)) continue;
        reported.add(id);
        if (resolvedModel !== undefined) ids.set(id, resolvedModel);
        if (descriptions.get(id) === undefined) descriptions.set(id, displayName);
      }
    }
    this.#reported = reported;
    this.#ids = ids;
    this.#entries = [...descriptions].map(([id, description]) => ({ id, description }));
  }

  /** Notes what the CLI reports of models' limits, with the end of a turn of theirs. */
  noteLimits(told: readonly ModelLimits[]): void {
    for (const limits of told) {
      this.#limits.delete(limits.id);
      this.#limits.set(limits.id, limits);
      const [oldest] = this.#limits.keys();
      if (this.#limits.size > limitsMax && oldest !== undefined) this.#limits.delete(oldest);
    }
  }

  list(): readonly ModelEntry[] {
    return this.#entries.map((entry) => ({ ...entry, ...this.#limitsOf(entry.id) }));
  }

  /** The entry of a name that is served, be it listed or not. */
  entry(id: string): ModelEntry {
    const listed = this.#entries.find((entry) => entry.id === id);
    return { id, description: listed?.description, ...this.#limitsOf(id) };
  }

  /**
   * Resolves a client's model name; undefined if the model is unknown. A name that is not known as it stands is read as
   * other programs write it (`model-names.ts`).
   */
  resolve(name: string): ResolvedModel | undefined {
    const isAlias = (reading: string): boolean => this.#aliases.has(reading);
    const read = this.#read(name, isAlias);
    const alias = this.#aliases.get(read);
    const model = this.#cliName(alias === undefined ? read : this.#read(alias.model));
    if (model === undefined) return undefined;
    const { effort, thinking } = alias ?? {};
    return { model, ...(effort === undefined ? {} : { effort }), ...(thinking === undefined ? {} : { thinking }) };
  }

  #limitsOf(name: string): Pick<ModelEntry, "contextWindow" | "outputTokensMax"> {
    const model = this.resolve(name)?.model ?? name;
    const { contextWindow, outputTokensMax } = this.#limits.get(this.#ids.get(model) ?? model) ?? {};
    return {
      ...(contextWindow === undefined ? {} : { contextWindow }),
      ...(outputTokensMax === undefined ? {} : { outputTokensMax }),
    };
  }

  #ownNames(): string[] {
    return [...this.#aliases.keys(), ...knownNames.keys()];
  }

  /** The first reading of a name that is known here, or that the CLI has reported; else the last. */
  #read(name: string, isKnownToo: (reading: string) => boolean = () => false): string {
    const isKnown = (reading: string): boolean =>
      knownNames.has(reading) || this.#isReported(reading) || isKnownToo(reading);
    return readings(name).find(isKnown) ?? lastReading(name);
  }

  /** Whether the CLI lists a model under this very name: then `set_model` takes it without asking the API. */
  isListed(name: string): boolean {
    return this.#reported.has(name);
  }

  /** Whether the CLI has reported a name, or that name with a date behind it. */
  #isReported(name: string): boolean {
    return this.#reported.has(name)
      || [...this.#reported].some((id) => id.startsWith(`${name}-`) && date.test(id.slice(name.length)));
  }

  #cliName(name: string): string | undefined {
    const alias = knownNames.get(name);
    if (alias !== undefined) return alias;
    if (!safeName.test(name)) return undefined;
    return this.#reported.has(name) || claudeId.test(name) ? name : undefined;
  }
}

/** A model as a client may name it. */
export interface ModelEntry {
  readonly id: string;
  readonly description: string | undefined;
}

/** What the CLI reports of a model. */
export interface ReportedModel {
  readonly value: string;
  readonly resolvedModel: string | undefined;
  readonly displayName: string | undefined;
}

/** Names that work with every CLI; the first three as claude-max-api-proxy has them. Each maps to the CLI's alias. */
const knownNames: ReadonlyMap<string, string> = new Map([
  ["claude-opus-4", "opus"],
  ["claude-sonnet-4", "sonnet"],
  ["claude-haiku-4", "haiku"],
  ["opus", "opus"],
  ["sonnet", "sonnet"],
  ["haiku", "haiku"],
]);

const prefix = "claude-code-cli/";
/** What may stand behind `--model`: it never begins like a flag. */
const safeName = /^[A-Za-z0-9][A-Za-z0-9._:@[\]-]{0,127}$/u;
const claudeId = /^claude-/u;

/** Which model names are served, and what each is to the CLI. It grows by what the CLI reports of itself. */
export class ModelCatalog {
  #entries: readonly ModelEntry[] = [...knownNames.keys()].map((id) => ({ id, description: undefined }));
  #reported: ReadonlySet<string> = new Set();

  /** Takes what the CLI reported, in place of what it reported before. */
  learn(models: readonly ReportedModel[]): void {
    const descriptions = new Map<string, string | undefined>([...knownNames.keys()].map((id) => [id, undefined]));
    const reported = new Set<string>();
    for (const { value, resolvedModel, displayName } of models) {
      for (const id of [value, resolvedModel]) {
        if (id === undefined || !safeName.test(id)) continue;
        reported.add(id);
        if (descriptions.get(id) === undefined) descriptions.set(id, displayName);
      }
    }
    this.#reported = reported;
    this.#entries = [...descriptions].map(([id, description]) => ({ id, description }));
  }

  list(): readonly ModelEntry[] {
    return this.#entries;
  }

  /** The CLI's name for a client's, or undefined for a model that nobody knows. */
  resolve(name: string): string | undefined {
    const bare = name.startsWith(prefix) ? name.slice(prefix.length) : name;
    const alias = knownNames.get(bare);
    if (alias !== undefined) return alias;
    if (!safeName.test(bare)) return undefined;
    return this.#reported.has(bare) || claudeId.test(bare) ? bare : undefined;
  }
}

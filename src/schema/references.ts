import { isSchema } from "./keywords.ts";
import { pointerOf, stepOf, stepsOf, valueAt } from "./pointer.ts";

/** Keywords whose values are data, even where they look like schemas. */
const plainValues: ReadonlySet<string> = new Set(["const", "enum", "default", "examples", "example"]);

/** The base URI for relative ids, in a domain that cannot exist. */
const baseUri = "schema://client.invalid/";

/** Finds what the references in a schema lead to: by JSON Pointers, by anchors, and by the ids of schemas in it. */
export class References {
  readonly #root: unknown;
  /** Pointers to the schemas that have an id, by the id both as written and as an absolute URI. */
  readonly #ids = new Map<string, string>();
  readonly #anchors = new Map<string, string>();
  /** Pointers to the schemas with an id, without the root. */
  readonly #resources: string[] = [];

  #isIndexed = false;

  constructor(root: unknown) {
    this.#root = root;
  }

  /** True if a subschema has an id: then a dynamic reference may lead to several places. */
  get hasResources(): boolean {
    this.#indexOnce();
    return this.#resources.length > 0;
  }

  /**
   * The pointer to the target of a reference in the schema at `at`. Undefined if it leads out of the document, or
   * nowhere.
   */
  target(reference: string, at: string): string | undefined {
    this.#indexOnce();
    const hash = reference.indexOf("#");
    const uri = hash === -1 ? reference : reference.slice(0, hash);
    const fragment = hash === -1 ? "" : reference.slice(hash + 1);
    const resource = uri === ""
      ? this.#resources.findLast((pointer) => at === pointer || at.startsWith(`${pointer}/`)) ?? ""
      : this.#ids.get(uri) ?? this.#ids.get(absolute(uri, baseUri)) ?? this.#ids.get(absolute(uri, this.#rootUri()));
    if (resource === undefined) return undefined;
    if (fragment !== "" && !fragment.startsWith("/")) return this.#anchors.get(fragment);
    const pointer = pointerOf(stepsOf(fragment));
    return [`${resource}${pointer}`, pointer].find((place) => {
      const value = valueAt(this.#root, place);
      return isSchema(value) || typeof value === "boolean";
    });
  }

  #rootUri(): string {
    const id = isSchema(this.#root) ? this.#root["$id"] ?? this.#root["id"] : undefined;
    return typeof id === "string" ? absolute(id, baseUri) : baseUri;
  }

  /** Makes the index when it is first needed: most schemas have no references. */
  #indexOnce(): void {
    if (!this.#isIndexed) this.#index(this.#root, "", baseUri);
    this.#isIndexed = true;
  }

  #index(value: unknown, at: string, base: string): void {
    if (Array.isArray(value)) {
      for (const [index, entry] of value.entries()) this.#index(entry, `${at}/${index}`, base);
      return;
    }
    if (!isSchema(value)) return;
    const id = value["$id"] ?? value["id"];
    let inner = base;
    if (typeof id === "string" && id.startsWith("#")) this.#anchors.set(id.slice(1), at);
    else if (typeof id === "string" && id !== "") {
      inner = absolute(id, base);
      for (const known of [id, inner]) this.#ids.set(known.replace(/#$/u, ""), at);
      if (at !== "") this.#resources.push(at);
    }
    for (const name of [value["$anchor"], value["$dynamicAnchor"]]) {
      if (typeof name === "string") this.#anchors.set(name, at);
    }
    for (const [key, entry] of Object.entries(value)) {
      if (!plainValues.has(key)) this.#index(entry, `${at}${stepOf(key)}`, inner);
    }
  }
}

function absolute(uri: string, base: string): string {
  try {
    return new URL(uri, base).href;
  } catch {
    return uri;
  }
}

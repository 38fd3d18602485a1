/** What the Messages API accepts as a tool's name and as a call's id. The id's length limit is this server's own. */
const nameThatFits = /^[a-zA-Z0-9_-]{1,128}$/u;
const idThatFits = /^[a-zA-Z0-9_-]{1,256}$/u;
const nameCharsMax = 120;

/** Maps a client's tool names to names that the Messages API accepts, and back. */
export class ToolNames {
  readonly #toModel = new Map<string, string>();
  readonly #toClient = new Map<string, string>();
  readonly #numbers = new Numbers();

  /** Returns the model's name for a client's, always the same one. Different client names get different names. */
  toModel(name: string): string {
    const known = this.#toModel.get(name);
    if (known !== undefined) return known;
    let fitting = nameThatFits.test(name)
      ? name
      : name.replace(/[^a-zA-Z0-9_-]/gu, "_").slice(0, nameCharsMax) || "tool";
    const taken = fitting.slice(0, nameCharsMax);
    while (this.#toClient.has(fitting)) fitting = `${taken}_${this.#numbers.next(taken)}`;
    this.#toModel.set(name, fitting);
    this.#toClient.set(fitting, name);
    return fitting;
  }

  /** Returns the client's name for the model's. A name that the model made up is returned as it is. */
  toClient(name: string): string {
    return this.#toClient.get(name) ?? name;
  }
}

/** Separates a namespace from a name. Client names that contain it are refused (`nameAt`). */
export const namespaceSeparator = "\0";

/** Joins a tool's namespace, if it has one, and its name into one string. */
export function qualifiedName(namespace: string | undefined, name: string): string {
  return namespace === undefined ? name : `${namespace}${namespaceSeparator}${name}`;
}

/** Splits what `qualifiedName` joined. */
export function splitName(qualified: string): { readonly namespace: string | undefined; readonly name: string } {
  const at = qualified.indexOf(namespaceSeparator);
  return at === -1
    ? { namespace: undefined, name: qualified }
    : { namespace: qualified.slice(0, at), name: qualified.slice(at + 1) };
}

/** Matches an id with a number at its end. CLI 2.1.330 takes `b_2` for a repeated `b`, and loses the result of one. */
const numberedId = /^(.+)_\d+$/u;

/** Makes call ids for a history: valid for the Messages API, and each used once in the conversation. */
export class CallIds {
  readonly #used = new Set<string>();
  /** The used ids that end in a number, without the number. */
  readonly #numbered = new Set<string>();
  readonly #numbers = new Numbers();

  /** Returns a unique id for a call: the client's if possible, else one made from it. */
  claim(id: string): string {
    const fitting = idThatFits.test(id) ? id : id.replace(/[^a-zA-Z0-9_-]/gu, "_").slice(0, nameCharsMax) || "call";
    let unique = fitting;
    while (this.#isTaken(unique)) unique = `${fitting}-${this.#numbers.next(fitting)}`;
    this.#used.add(unique);
    const [, unnumbered] = numberedId.exec(unique) ?? [];
    if (unnumbered !== undefined) this.#numbered.add(unnumbered);
    return unique;
  }

  /** True when the id is used, or when the CLI would confuse it with a used one (see `numberedId`). */
  #isTaken(id: string): boolean {
    const [, unnumbered = id] = numberedId.exec(id) ?? [];
    return this.#used.has(id) || this.#used.has(unnumbered) || this.#numbered.has(id);
  }
}

/**
 * Counts from 2, separately for each text. Without it, a client that gives every call the same id would make each
 * search for a free number start over.
 */
class Numbers {
  readonly #last = new Map<string, number>();

  next(text: string): number {
    const number = (this.#last.get(text) ?? 1) + 1;
    this.#last.set(text, number);
    return number;
  }
}

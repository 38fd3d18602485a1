/** What the Messages API takes as a tool's name, and as the id of a call (where the length is free). */
const nameThatFits = /^[a-zA-Z0-9_-]{1,128}$/u;
const idThatFits = /^[a-zA-Z0-9_-]{1,256}$/u;
const nameCharsMax = 120;

/** Tool names of a client's as the model sees them, and back: a name that does not fit gets one that does. */
export class ToolNames {
  readonly #toModel = new Map<string, string>();
  readonly #toClient = new Map<string, string>();
  readonly #numbers = new Numbers();

  /** The model's name for a client's; the same name always gets the same. */
  toModel(name: string): string {
    const known = this.#toModel.get(name);
    if (known !== undefined) return known;
    let fitting = nameThatFits.test(name)
      ? name
      : name.replace(/[^a-zA-Z0-9_-]/gu, "_").slice(0, nameCharsMax) || "tool";
    for (
      const taken = fitting.slice(0, nameCharsMax); this.#toClient.has(fitting);
    ) fitting = `${taken}_${this.#numbers.next(taken)}`;
    this.#toModel.set(name, fitting);
    this.#toClient.set(fitting, name);
    return fitting;
  }

  /** The client's name for the model's; one that the model made up stays as it is. */
  toClient(name: string): string {
    return this.#toClient.get(name) ?? name;
  }
}

/** Stands between a namespace and a name; no tool of a client's has it in its own. */
export const namespaceSeparator = "\0";

/** A tool's name within the namespace that the client put it in, if any, as one name. */
export function qualifiedName(namespace: string | undefined, name: string): string {
  return namespace === undefined ? name : `${namespace}${namespaceSeparator}${name}`;
}

/** The two again. */
export function splitName(qualified: string): { readonly namespace: string | undefined; readonly name: string } {
  const at = qualified.indexOf(namespaceSeparator);
  return at === -1
    ? { namespace: undefined, name: qualified }
    : { namespace: qualified.slice(0, at), name: qualified.slice(at + 1) };
}

/** An id that another is with a number behind it: CLI 2.1.330 takes `b_2` for `b` said again, and loses a result. */
const numberedId = /^(.+)_\d+$/u;

/** Ids of calls in a history as the Messages API takes them: fitting, and each used once in a conversation. */
export class CallIds {
  readonly #used = new Set<string>();
  /** What stands before the number in those that have one. */
  readonly #numbered = new Set<string>();
  readonly #numbers = new Numbers();

  /** An id of its own for a call. */
  claim(id: string): string {
    const fitting = idThatFits.test(id) ? id : id.replace(/[^a-zA-Z0-9_-]/gu, "_").slice(0, nameCharsMax) || "call";
    let unique = fitting;
    while (this.#isTaken(unique)) unique = `${fitting}-${this.#numbers.next(fitting)}`;
    this.#used.add(unique);
    const [, unnumbered] = numberedId.exec(unique) ?? [];
    if (unnumbered !== undefined) this.#numbered.add(unnumbered);
    return unique;
  }

  /** Whether it is another's, or would be to the CLI. */
  #isTaken(id: string): boolean {
    const [, unnumbered = id] = numberedId.exec(id) ?? [];
    return this.#used.has(id) || this.#used.has(unnumbered) || this.#numbered.has(id);
  }
}

/**
 * Counts from 2 for each text apart: a client that names every call alike would otherwise have each search from the
 * start.
 */
class Numbers {
  readonly #last = new Map<string, number>();

  next(text: string): number {
    const number = (this.#last.get(text) ?? 1) + 1;
    this.#last.set(text, number);
    return number;
  }
}

import { Numbers } from "./numbers.ts";

/** What the Messages API accepts as a call's id. The length limit is this server's own. */
const idThatFits = /^[a-zA-Z0-9_-]{1,256}$/u;
/** How many characters are kept of a client's id that the Messages API would refuse. */
const keptCharsMax = 120;

/** Makes call ids for a history: valid for the Messages API, and each used once in the conversation. */
export class CallIds {
  readonly #used = new Set<string>();
  readonly #numbers = new Numbers();

  /** Returns a unique id for a call: the client's if possible, else one made from it. */
  claim(id: string): string {
    const fitting = idThatFits.test(id) ? id : id.replace(/[^a-zA-Z0-9_-]/gu, "_").slice(0, keptCharsMax) || "call";
    let unique = fitting;
    while (this.#used.has(unique)) unique = `${fitting}-${this.#numbers.next(fitting)}`;
    this.#used.add(unique);
    return unique;
  }
}

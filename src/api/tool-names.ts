import { Numbers } from "./numbers.ts";

/** What the Messages API accepts as a tool's name. */
const nameThatFits = /^[a-zA-Z0-9_-]{1,128}$/u;
/** How many characters are kept of a name that does not fit, or that needs a number behind it. */
const keptCharsMax = 120;

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
      : name.replace(/[^a-zA-Z0-9_-]/gu, "_").slice(0, keptCharsMax) || "tool";
    const taken = fitting.slice(0, keptCharsMax);
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

/** Maps a client's tool name to the model's. */
export type ModelNames = Pick<ToolNames, "toModel">;

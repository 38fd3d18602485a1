import type { SchemaPlace } from "../schema/schema-place.ts";
import { Numbers } from "./numbers.ts";

/** What the Messages API accepts as a tool's name. */
const nameThatFits = /^[a-zA-Z0-9_-]{1,128}$/u;
/** How many characters are kept of a name that does not fit, or that needs a number behind it. */
const keptCharsMax = 120;

/**
 * Names that the CLI uses for tools of its own (2.1.197, 2.1.330). It lists a client's tool named as one of the first
 * two, but does not give it to the model. With one named as the third it tells the model of agents that do not exist.
 */
const keptNames: ReadonlySet<string> = new Set(["ToolSearch", "StructuredOutput", "Agent"]);
/** Appended to a client's tool name that the CLI has a use of its own for. */
const ownSuffix = "_tool";

/**
 * Maps a client's tool names to names that the Messages API accepts and the CLI has no use of its own for, and back. It
 * also notes in which tools' arguments the model knows properties by other names.
 */
export class ToolNames {
  readonly #toModel = new Map<string, string>();
  readonly #toClient = new Map<string, string>();
  readonly #numbers = new Numbers();
  /** The renamed properties of tools' arguments, by the model's name of the tool. */
  readonly #keys = new Map<string, SchemaPlace>();
  #answerKeys: SchemaPlace | undefined;

  /** Gives this name to no client's tool: a tool that the API runs itself has it. */
  reserve(modelName: string): void {
    this.#toClient.set(modelName, modelName);
  }

  /** Returns the model's name for a client's, always the same one. Different client names get different names. */
  toModel(name: string): string {
    const known = this.#toModel.get(name);
    if (known !== undefined) return known;
    let fitting = nameThatFits.test(name)
      ? servedName(name)
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

  /** Notes where in a tool's arguments properties have other names; `keys` is undefined where none has. */
  noteKeys(modelName: string, keys: SchemaPlace | undefined): void {
    if (keys === undefined) this.#keys.delete(modelName);
    else this.#keys.set(modelName, keys);
  }

  /** Notes where in the JSON document that is the answer properties have other names. */
  noteAnswerKeys(keys: SchemaPlace | undefined): void {
    this.#answerKeys = keys;
  }

  /** Where in the tool's arguments properties have other names. */
  keysOf(modelName: string): SchemaPlace | undefined {
    return this.#keys.get(modelName);
  }

  get answerKeys(): SchemaPlace | undefined {
    return this.#answerKeys;
  }

  /** Whether any property has another name for the model than for the client. */
  get haveKeys(): boolean {
    return this.#keys.size > 0 || this.#answerKeys !== undefined;
  }
}

/** CLI 2.1.197 fails for a tool that is named like a property which every JavaScript object has (`constructor`). */
function servedName(name: string): string {
  return keptNames.has(name) || name in Object.prototype ? `${name.slice(0, keptCharsMax)}${ownSuffix}` : name;
}

/** Maps a client's tool name to the model's, and notes the tool's keys. */
export type ModelNames = Pick<ToolNames, "toModel" | "noteKeys">;

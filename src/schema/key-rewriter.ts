import { type Direction, renamedMember, type SchemaPlace } from "./schema-place.ts";

/** What the next character belongs to. `passed`: the text is no JSON object, so the rest is passed on as it is. */
type State = "value" | "element" | "member" | "key" | "colon" | "string" | "scalar" | "after" | "passed";

/** An object or an array that is not closed yet. */
interface OpenValue {
  readonly isObject: boolean;
  readonly place: SchemaPlace;
  /** The place of the value that comes next: of the property whose key has just come, or of any element. */
  next: SchemaPlace;
}

/** How deep a value may be nested. In a deeper one no key is renamed any more. */
const depthMax = 1_000;

const space = /[ \t\r\n]/u;

/**
 * Renames keys in the text of a JSON object that comes piece by piece. A piece may end anywhere. Only a key is held
 * back, until all of it has come; everything else is passed on at once and unchanged.
 */
export class KeyRewriter {
  readonly #direction: Direction;
  readonly #root: SchemaPlace;
  readonly #open: OpenValue[] = [];
  #state: State = "value";
  /** The beginning of a key, with its quote. */
  #key = "";
  #isEscaped = false;

  constructor(root: SchemaPlace, direction: Direction) {
    this.#root = root;
    this.#direction = direction;
  }

  /** Takes the next piece. Returns the text that is certain by now, with its keys renamed. */
  take(piece: string): string {
    let given = "";
    let from = 0;
    for (let at = 0; at < piece.length && this.#state !== "passed"; at++) {
      const character = piece.charAt(at);
      if (this.#state === "key") {
        if (!this.#endsString(character)) continue;
        this.#key += piece.slice(from, at + 1);
        given += this.#renamed();
        from = at + 1;
      } else if (this.#state === "string") {
        if (this.#endsString(character)) this.#state = "after";
      } else if (this.#state === "member" && character === '"') {
        given += piece.slice(from, at);
        from = at;
        this.#key = "";
        this.#state = "key";
      } else this.#step(character);
    }
    if (this.#state === "key") {
      this.#key += piece.slice(from);
      return given;
    }
    return given + piece.slice(from);
  }

  /** Returns the text that is still held back, if the text ended inside of a key. */
  end(): string {
    const rest = this.#state === "key" ? this.#key : "";
    this.#state = "passed";
    return rest;
  }

  /** Whether the character is the quote that ends the string. */
  #endsString(character: string): boolean {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (character === "\\") this.#isEscaped = true;
    else return character === '"';
    return false;
  }

  #step(character: string): void {
    if (space.test(character)) {
      if (this.#state === "scalar") this.#state = "after";
      return;
    }
    const last = this.#open.at(-1);
    switch (this.#state) {
      case "value": return this.#begin(character);
      case "element": return character === "]" ? this.#close(character) : this.#begin(character);
      case "member": return this.#close(character);
      case "colon":
        this.#state = character === ":" ? "value" : "passed";
        return;
      case "scalar": case "after":
        if (character !== ",") {
          if (this.#state === "after" || character === "]" || character === "}") this.#close(character);
        } else this.#state = last === undefined ? "passed" : last.isObject ? "member" : "value";
    }
  }

  #begin(character: string): void {
    const place = this.#open.at(-1)?.next ?? this.#root;
    if (character === "{" || (character === "[" && this.#open.length > 0)) {
      const isObject = character === "{";
      this.#open.push({ isObject, place, next: isObject ? place : place.element() });
      this.#state = this.#open.length > depthMax ? "passed" : isObject ? "member" : "element";
    } else if (this.#open.length === 0 || /[\]},:]/u.test(character)) this.#state = "passed";
    else this.#state = character === '"' ? "string" : "scalar";
  }

  #close(character: string): void {
    const closed = this.#open.pop();
    const isRight = closed !== undefined && character === (closed.isObject ? "}" : "]");
    this.#state = isRight && this.#open.length > 0 ? "after" : "passed";
  }

  /** Returns the key whose last character has just come, renamed. */
  #renamed(): string {
    const held = this.#key;
    const last = this.#open.at(-1);
    const key = keyIn(held);
    if (last === undefined || key === undefined) {
      this.#state = "passed";
      return held;
    }
    const [name, within] = renamedMember(last.place, key, this.#direction);
    last.next = within;
    this.#state = "colon";
    return name === key ? held : JSON.stringify(name);
  }
}

function keyIn(text: string): string | undefined {
  try {
    return JSON.parse(text) as string;
  } catch {
    return undefined;
  }
}

/** The text of a JSON object with its keys renamed. */
export function renamedText(text: string, root: SchemaPlace, direction: Direction): string {
  const rewriter = new KeyRewriter(root, direction);
  return rewriter.take(text) + rewriter.end();
}

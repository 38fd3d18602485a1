import { childrenOf, isSchema, type Schema, withChildren } from "./keywords.ts";
import { pointerOf } from "./pointer.ts";

/** A reference whose pointer is known once the whole schema stands. */
export class OpenReference {
  /** The pointer to what it leads to, in the client's schema. */
  readonly target: string;

  constructor(target: string) {
    this.target = target;
  }
}

/** Writes the open references of a schema; `link` gives the text for a target. */
export function linked(schema: Schema, link: (target: string) => string): Schema {
  const { $ref: reference } = schema;
  const whole = withChildren(schema, (child) => (isSchema(child) ? linked(child, link) : child));
  return reference instanceof OpenReference ? { ...whole, $ref: link(reference.target) } : whole;
}

/** The pointers to all schemas in one. */
export function placesIn(root: Schema): ReadonlyMap<Schema, string> {
  const places = new Map<Schema, string>();
  const visit = (schema: Schema, at: string): void => {
    places.set(schema, at);
    for (const [steps, child] of childrenOf(schema)) visit(child, `${at}${pointerOf(steps)}`);
  };
  visit(root, "");
  return places;
}

/** Definitions by names that need no escape in a pointer, and that differ. */
export function named(entries: readonly (readonly [string, unknown])[]): Schema {
  const taken = new Map<string, unknown>();
  for (const [name, schema] of entries) {
    const plain = name.replaceAll(/[^\w.-]/gu, "_") || "schema";
    let own = plain;
    for (let number = 2; taken.has(own); number++) own = `${plain}_${number}`;
    taken.set(own, schema);
  }
  return Object.fromEntries(taken);
}

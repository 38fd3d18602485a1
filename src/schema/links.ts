import { childrenOf, isSchema, type Schema, withChildren } from "./keywords.ts";
import { pointerOf } from "./pointer.ts";

/** A reference whose pointer in the repaired schema is not known until all of that is made. */
export class OpenReference {
  /** The pointer to the reference's target in the client's schema. */
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

/** The pointers to a schema and to all schemas in it. */
export function placesIn(root: Schema): ReadonlyMap<Schema, string> {
  const places = new Map<Schema, string>();
  const visit = (schema: Schema, at: string): void => {
    places.set(schema, at);
    for (const [steps, child] of childrenOf(schema)) visit(child, `${at}${pointerOf(steps)}`);
  };
  visit(root, "");
  return places;
}

/** Makes `$defs` of named schemas: each gets a name of its own that needs no escape in a pointer. */
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

/** JSON Pointers as they stand behind the `#` of references: `/properties/a~1b`, percent-encoded. */

const plainStep = /^[\w$.-]+$/u;

/** One step of a pointer, with the slash before it. */
export function stepOf(name: string): string {
  if (plainStep.test(name)) return `/${name}`;
  const escaped = name.replaceAll("~", "~0").replaceAll("/", "~1");
  // `encodeURI` throws for a lone surrogate, which no reference can have.
  return `/${encodeURI(escaped.replaceAll(/\p{Surrogate}/gu, "\ufffd")).replaceAll("#", "%23")}`;
}

/** The steps to a pointer's target. */
export function stepsOf(pointer: string): string[] {
  return pointer.split("/").slice(1).map((step) => decoded(step).replaceAll("~1", "/").replaceAll("~0", "~"));
}

export function pointerOf(steps: readonly string[]): string {
  return steps.map(stepOf).join("");
}

/** The value at a pointer; undefined if there is none. */
export function valueAt(root: unknown, pointer: string): unknown {
  let place = root;
  for (const step of stepsOf(pointer)) {
    if (typeof place !== "object" || place === null || !Object.hasOwn(place, step)) return undefined;
    place = (place as Readonly<Record<string, unknown>>)[step];
  }
  return place;
}

function decoded(step: string): string {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
}

/** No model sees a lone surrogate: the API takes none, so what a client sent is U+FFFD there. */

export function wellFormed(text: string): string {
  return text.replaceAll(/\p{Surrogate}/gu, "\ufffd");
}

/** A JSON value with all its texts and keys so. */
export function wellFormedJson<Value>(value: Value): Value {
  // A lone surrogate is written as an escape, and is to be told from a text that only looks like one.
  const isLone = /\\(?:ud[89a-f][\da-f]{2}|.)/gu;
  return JSON.parse(
    JSON.stringify(value).replaceAll(isLone, (escape) => (escape.length > 2 ? "\ufffd" : escape)),
  ) as Value;
}

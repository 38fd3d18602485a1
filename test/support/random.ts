/** Random values that are the same on every run: a property that fails can be looked at. */

export interface Random {
  /** A whole number from 0 to below `bound`. */
  below(bound: number): number;
  pick<T>(choices: readonly T[]): T;
  /** A string of up to `lengthMax` pieces out of those that break parsers: quotes, backslashes, controls, separators, lone surrogates. */
  nastyText(lengthMax: number): string;
}

const nastyPieces = [
  '"', "\\", '\\"', "\\\\", '"}}', "\n", "\r", "\t", "\0", "\u001f", "\u007f", "\u0085", "\u00a0", "\u2028", "\u2029", "\ufeff", "\ufffd",
  "\ud83d", "\ude00", "😀", "é", "日本", "a", "b ", "0", "{", "}", "data: ", "\n\n", "\\n", "\\u0041", "$&", "$1", "</script>",
];

/** Mulberry32. */
export function seededRandom(seed: number): Random {
  let state = seed;
  const below = (bound: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
  const pick = <T>(choices: readonly T[]): T => choices[below(choices.length)] as T;
  const piece = (): string => (below(4) === 0 ? String.fromCharCode(below(0x10000)) : pick(nastyPieces));
  return { below, pick, nastyText: (lengthMax) => Array.from({ length: below(lengthMax + 1) }, piece).join("") };
}

import { BridgeError } from "../../errors.ts";
import { arrayAt, isAbsent, stringAt } from "../check.ts";

/** OpenAI's own limit on the number of `stop` sequences. */
const stopSequencesMax = 4;
const stopCharsMax = 1_000;

/** Parses `stop`, which is a string or a list of them; empty ones are left out. */
export function parseStop(value: unknown): string[] {
  if (isAbsent(value)) return [];
  const sequences = typeof value === "string" ? [value] : arrayAt(value, "stop");
  if (sequences.length > stopSequencesMax) {
    throw new BridgeError(
      "invalid_value", `stop: expected at most ${stopSequencesMax} sequences, got ${sequences.length}.`,
      { field: "stop" },
    );
  }
  return sequences.map((sequence, index) => {
    const path = typeof value === "string" ? "stop" : `stop[${index}]`;
    const text = stringAt(sequence, path);
    if (text.length > stopCharsMax) {
      throw new BridgeError(
        "invalid_value", `${path}: expected at most ${stopCharsMax} characters, got ${text.length}.`, { field: path },
      );
    }
    return text;
  }).filter((sequence) => sequence !== "");
}

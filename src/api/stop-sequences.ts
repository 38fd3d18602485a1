/**
 * Reads stop sequences: strings before which an answer ends, in the form that every API's clients write. Empty ones are
 * left out.
 */

import { BridgeError } from "../errors.ts";
import { arrayAt, isAbsent, stringAt } from "./check.ts";

const charsMax = 1_000;

/** Reads a list of at most `sequencesMax` stop sequences; none where it is absent. */
export function stopSequencesAt(value: unknown, field: string, sequencesMax: number): readonly string[] {
  const entries = isAbsent(value) ? [] : arrayAt(value, field);
  if (entries.length > sequencesMax) {
    throw new BridgeError(
      "invalid_value", `${field}: expected at most ${sequencesMax} sequences, got ${entries.length}.`, { field },
    );
  }
  return entries.flatMap((entry, index) => stopSequenceAt(entry, `${field}[${index}]`));
}

/** Reads one stop sequence; none where it is empty. */
export function stopSequenceAt(value: unknown, field: string): readonly string[] {
  const text = stringAt(value, field);
  if (text.length > charsMax) {
    throw new BridgeError(
      "invalid_value", `${field}: expected at most ${charsMax} characters, got ${text.length}.`, { field },
    );
  }
  return text === "" ? [] : [text];
}

import { stopSequenceAt, stopSequencesAt } from "../stop-sequences.ts";

/** OpenAI's own limit on the number of `stop` sequences. */
const sequencesMax = 4;

/** Parses `stop`, which is a string or a list of them; empty ones are left out. */
export function parseStop(value: unknown): readonly string[] {
  return typeof value === "string" ? stopSequenceAt(value, "stop") : stopSequencesAt(value, "stop", sequencesMax);
}

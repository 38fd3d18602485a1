import { BridgeError } from "../errors.ts";
import type { Lookup } from "./dialect.ts";

/** An endpoint of an API's that has nothing to be served with here. */
export interface AbsentEndpoint {
  readonly path: string;
  readonly methods: readonly string[];
  /** What is not there, and what people use instead. */
  readonly words: string;
}

/** Refuses each request to an endpoint that is not there, by its HTTP methods. */
export function refuseAbsent({ methods, words }: AbsentEndpoint): Readonly<Record<string, Lookup>> {
  const refuse: Lookup = () => {
    throw new BridgeError("not_implemented", words);
  };
  return Object.fromEntries(methods.map((method) => [method, refuse]));
}

/** The words for an API's batches. */
export const noBatches = "Requests are not answered in batches here: send them one by one; those that must wait do.";

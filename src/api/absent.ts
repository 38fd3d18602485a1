import { BridgeError } from "../errors.ts";
import type { Lookup } from "./dialect.ts";

/** An endpoint that an API has, and that nothing here can serve. */
export interface AbsentEndpoint {
  readonly path: string;
  readonly methods: readonly string[];
  /** The error's message: what is not served, and what to use instead. */
  readonly words: string;
}

/** Makes the lookups that refuse each request to an endpoint that is not served, by HTTP method. */
export function refuseAbsent({ methods, words }: AbsentEndpoint): Readonly<Record<string, Lookup>> {
  const refuse: Lookup = () => {
    throw new BridgeError("not_implemented", words);
  };
  return Object.fromEntries(methods.map((method) => [method, refuse]));
}

/** The error's message at an API's endpoint for batches. */
export const noBatches = "Requests are not answered in batches here: send them one by one; those that must wait do.";

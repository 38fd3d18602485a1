import type { BridgeError, TurnPart } from "../errors.ts";

/** The names that an API's requests have for the parts of a turn. */
export type PartFields = Readonly<Record<TurnPart, string>>;

/**
 * The path of the request's field that an error is about; undefined where it is about none. An error of the API's own
 * parser has the path already. An error of the engine or of the CLI names a part of the turn, whose path is in `names`.
 */
export function fieldAtFault({ field, part }: BridgeError, names: PartFields): string | undefined {
  return field ?? (part === undefined ? undefined : names[part]);
}

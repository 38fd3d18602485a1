/** A tool as its client defines it: a name, a description, and the schema of its input. */

import { BridgeError } from "../errors.ts";
import { clientSchema } from "../schema/client-schema.ts";
import { compiledSchema } from "../schema/compiled.ts";
import type { Tool } from "../turn/turn.ts";
import { type Fields, isAbsent, stringAt } from "./check.ts";
import type { ModelNames } from "./tool-names.ts";

const nameCharsMax = 512;

/** A tool whose schema is not read yet. */
export type NamedTool = Omit<Tool, "inputSchema"> & Required<Pick<Tool, "source">>;

/** Reads a tool's name. Throws `invalid_value` for one that is empty or too long. */
export function toolNameAt(value: unknown, path: string): string {
  const name = stringAt(value, path);
  if (name !== "" && name.length <= nameCharsMax) return name;
  throw new BridgeError("invalid_value", `${path}: expected 1 to ${nameCharsMax} characters.`, { field: path });
}

/**
 * Makes a tool from its name and its definition at `path`, without the schema. `name` is the client's name for it,
 * which `names` maps to the model's.
 */
export function namedTool(name: string, definition: Fields, path: string, names: ModelNames): NamedTool {
  const { description } = definition;
  const told = isAbsent(description) ? "" : stringAt(description, `${path}.description`);
  return { name: names.toModel(name), description: told, source: { name, path } };
}

/**
 * Completes a tool with the schema of its input, which stands at `path`. `isStrict`: the client asks that calls fit it
 * by construction.
 */
export function toolOfSchema(
  named: NamedTool, value: unknown, path: string, isStrict: boolean, names: ModelNames,
): Tool {
  const { schema, keys } = clientSchema(value, { path, whose: `tool ${JSON.stringify(named.source.name)}` });
  names.noteKeys(named.name, keys);
  const strictSchema = isStrict ? compiledSchema(schema) : undefined;
  return { ...named, inputSchema: schema, ...(strictSchema === undefined ? {} : { strictSchema }) };
}

import { clientAnswerSchema } from "../schema/client-schema.ts";
import type { Turn } from "../turn/turn.ts";
import type { ToolNames } from "./tool-names.ts";

/**
 * Makes the settings by which an answer fits the client's schema, which stands at `path`. `names` notes the properties
 * that the model is told by other names. Throws a BridgeError that names the place in the schema that cannot be told.
 */
export function answerSchemaSettings(
  value: unknown, path: string, names: ToolNames,
): Required<Pick<Turn, "responseSchema">> & Pick<Turn, "outputFormat"> {
  const { schema, keys, compiled } = clientAnswerSchema(value, { path });
  names.noteAnswerKeys(keys);
  return { responseSchema: schema, ...(compiled === undefined ? {} : { outputFormat: compiled }) };
}

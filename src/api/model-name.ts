import { BridgeError } from "../errors.ts";
import { isAbsent, stringAt } from "./check.ts";

/** The longest model name that a client may send, in characters. */
const modelNameCharsMax = 256;

/** Returns the client's model name, or the default. Throws `invalid_value` for a name that is too long. */
export function modelName(value: unknown, defaultModel: string): string {
  if (isAbsent(value) || value === "") return defaultModel;
  const name = stringAt(value, "model");
  if (name.length > modelNameCharsMax) {
    throw new BridgeError(
      "invalid_value", `model: expected at most ${modelNameCharsMax} characters, got ${name.length}.`,
      { field: "model" },
    );
  }
  return name;
}

import type { ToolUseBlock } from "../../turn/message.ts";
import { arrayAt, type Fields, isAbsent, objectAt, stringAt } from "../check.ts";
import type { ModelNames } from "../tool-names.ts";
import { parseArguments } from "./arguments.ts";

/** The id given to a deprecated `function_call`, which has none. One is enough: a message has at most one such call. */
export const legacyCallId = "function_call";

/** The calls that stand beside a message's content, and the path of the field that holds them. */
interface PlacedCalls { readonly calls: readonly ToolUseBlock[]; readonly path: string }

/** Reads the calls beside a chat message's content: `tool_calls`, or the deprecated `function_call`. */
export function callsBeside(message: Fields, path: string, names: ModelNames): PlacedCalls {
  const { tool_calls: toolCalls, function_call: functionCall } = message;
  const entries = isAbsent(toolCalls) ? [] : arrayAt(toolCalls, `${path}.tool_calls`);
  if (entries.length > 0) {
    const calls = entries.map((entry, index) => {
      const callPath = `${path}.tool_calls[${index}]`;
      const call = objectAt(entry, callPath);
      const id = stringAt(call["id"], `${callPath}.id`);
      // Some clients write a call like a flat tool.
      const isFlat = isAbsent(call["function"]) && typeof call["name"] === "string";
      return isFlat
        ? parseCall(id, call, callPath, names)
        : parseCall(id, call["function"], `${callPath}.function`, names);
    });
    return { calls, path: `${path}.tool_calls` };
  }
  if (isAbsent(functionCall)) return { calls: [], path };
  const callPath = `${path}.function_call`;
  return { calls: [parseCall(legacyCallId, functionCall, callPath, names)], path: callPath };
}

function parseCall(id: string, value: unknown, path: string, names: ModelNames): ToolUseBlock {
  const definition = objectAt(value, path);
  const name = stringAt(definition["name"], `${path}.name`);
  const input = parseArguments(definition["arguments"], `${path}.arguments`);
  return { type: "tool_use", id, name: names.toModel(name), input };
}

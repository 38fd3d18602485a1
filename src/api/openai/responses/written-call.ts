import { joinWireText, jsonLatin1, noText, type WireText, wireText } from "../../../json-text.ts";
import { splitName } from "../namespaces.ts";
import type { ResponseStyle } from "./response-style.ts";

/** How the ids of calls begin, by the type of their item. */
export const callIdPrefixes = { function_call: "fc", custom_tool_call: "ctc", tool_search_call: "tsc" } as const;

type CallKind = keyof typeof callIdPrefixes;

/** The type of a call's item, and its name, as JSON, followed by its `namespace` field if it has one. */
export function writtenCall(tool: string, style: ResponseStyle): { readonly kind: CallKind; readonly name: WireText } {
  const { namespace, name } = splitName(style.names.toClient(tool));
  const within = namespace === undefined ? noText : wireText`,"namespace":${jsonLatin1(namespace)}`;
  return { kind: kindOf(tool, style), name: joinWireText(jsonLatin1(name), within) };
}

function kindOf(tool: string, { searchTool, customTools }: ResponseStyle): CallKind {
  if (tool === searchTool) return "tool_search_call";
  return customTools.has(tool) ? "custom_tool_call" : "function_call";
}

import { BridgeError } from "../errors.ts";
import type { Tool } from "../turn/turn.ts";
import { arrayAt, isAbsent } from "./check.ts";

/** The most tools that one request may define. */
export const toolsMax = 1_000;

/**
 * Parses a list of tools. A tool that is listed twice counts once; two different ones of the same name are refused.
 * `parse` may return several tools for an entry, or none.
 */
export function toolList(
  value: unknown, path: string, parse: (entry: unknown, path: string) => readonly Tool[],
): Tool[] {
  if (isAbsent(value)) return [];
  const entries = arrayAt(value, path);
  refuseTooMany(entries.length, path);
  const tools: Tool[] = [];
  const seen = new Map<string, Tool>();
  for (const [index, entry] of entries.entries()) {
    for (const tool of parse(entry, `${path}[${index}]`)) {
      const before = seen.get(tool.name);
      if (before !== undefined && isSameTool(before, tool)) continue;
      if (before !== undefined) {
        throw new BridgeError(
          "invalid_value", `${path}[${index}]: another tool has the same name.`, { field: `${path}[${index}]` },
        );
      }
      seen.set(tool.name, tool);
      tools.push(tool);
    }
  }
  refuseTooMany(tools.length, path);
  return tools;
}

function isSameTool(one: Tool, other: Tool): boolean {
  const shownOf = ({ source: _source, ...shown }: Tool): string => JSON.stringify(shown);
  return shownOf(one) === shownOf(other);
}

/** Throws `invalid_value` for more than `toolsMax` tools. */
export function refuseTooMany(count: number, path: string): void {
  if (count > toolsMax) {
    throw new BridgeError(
      "invalid_value", `${path}: expected at most ${toolsMax} tools, got ${count}.`, { field: path },
    );
  }
}

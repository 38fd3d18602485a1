/** What versions of the CLI can do, as a table for a terminal and for Markdown. Pure. */
import { type Capabilities, capabilityRows } from "../../src/claude/capabilities.ts";

export interface CompatRow {
  readonly version: string;
  /** Undefined where the CLI fell silent before all was tried. */
  readonly capabilities: Capabilities | undefined;
  /** Why it could not be asked at all. */
  readonly failure?: string;
  /** Requests to the API: there should be none. */
  readonly requests: number;
  /** From the start of the process to its last answer. */
  readonly probedMs: number;
}

export function compatTable(rows: readonly CompatRow[]): string {
  const head = ["CLI", ...capabilityRows.map(({ name }) => name), "requests", "ms"];
  const cells = rows.map((row) => [row.version, ...answers(row), ...figures(row)]);
  const widthOf = (column: number): number => Math.max(...[head, ...cells].map((line) => line[column]?.length ?? 0));
  const widths = head.map((_title, column) => widthOf(column));
  const drawn = (line: readonly string[]): string =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const failures = rows.flatMap(({ version, failure }) => (failure === undefined ? [] : [`${version}: ${failure}`]));
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`;
  return [drawn(head), rule, ...cells.map(drawn), ...failures].join("\n");
}

function answers({ capabilities }: CompatRow): string[] {
  return capabilityRows.map(({ name }) => (capabilities === undefined ? "?" : capabilities[name] ? "yes" : "no"));
}

function figures({ failure, requests, probedMs }: CompatRow): string[] {
  return failure === undefined ? [String(requests), String(Math.round(probedMs))] : ["?", "?"];
}

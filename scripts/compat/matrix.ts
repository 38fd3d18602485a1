/** What was found of each version of the CLI, as `matrix.json` has it. Pure but for reading and writing that file. */
import { readFileSync, writeFileSync } from "node:fs";
import { capabilityRows, furtherRows, needRows, reportName } from "../../src/claude/capability-rows.ts";
import { table } from "../readme-table.ts";
import { compareVersions } from "./npm-versions.ts";
import type { TurnRow } from "./turn.ts";

export interface MatrixRow {
  readonly version: string;
  /** The day on which npm got it; empty where npm was not asked. */
  readonly published: string;
  /** What the server's probe found, by the names of `capability-rows.ts`. */
  readonly probe: Readonly<Record<string, boolean>>;
  /** Requests to the API while it was probed: there should be none. */
  readonly probeRequests: number;
  readonly turns: readonly TurnRow[];
  /** Of the request that "Hello" became, with a system prompt of two words. */
  readonly helloBytes: number;
  /** From that request to the answer's first words, on a warm process, in milliseconds. */
  readonly firstContentMs: number;
}

const path = new URL("./matrix.json", import.meta.url);

/** The oldest version first. */
export function readMatrix(): readonly MatrixRow[] {
  return JSON.parse(readFileSync(path, "utf8")) as readonly MatrixRow[];
}

export function writeMatrix(rows: readonly MatrixRow[]): void {
  writeFileSync(path, `${JSON.stringify(rows, null, 1)}\n`);
}

/** The matrix with these rows in the place of older ones. */
export function merged(before: readonly MatrixRow[], rows: readonly MatrixRow[]): readonly MatrixRow[] {
  const kept = before.filter(({ version }) => !rows.some((row) => row.version === version));
  return [...kept, ...rows].sort((one, other) => compareVersions(one.version, other.version));
}

/** The rows of `capability-rows.ts` that a version does not have, in their order. */
export function lacksOf({ probe, turns }: MatrixRow): readonly string[] {
  const wrong = new Set(turns.flatMap(({ shows, findings }) => (findings.length > 0 ? shows : [])));
  const names = [...needRows, ...capabilityRows, ...furtherRows].map(({ name }) => name);
  return names.filter((name) => probe[name] === false || wrong.has(name));
}

/** What of a version is other than of an earlier one; bytes and times are not compared. */
export function changesBetween(before: MatrixRow, row: MatrixRow): readonly string[] {
  const [had, has] = [lacksOf(before), lacksOf(row)];
  const gained = had.filter((name) => !has.includes(name)).map((name) => `can ${reportName(name)}`);
  const lost = has.filter((name) => !had.includes(name)).map((name) => `cannot ${reportName(name)}`);
  const turns = row.turns.flatMap(({ name, findings }) => {
    const earlier = before.turns.find((turn) => turn.name === name);
    if (earlier === undefined || (earlier.findings.length > 0) === (findings.length > 0)) return [];
    return [`${name}: ${findings.length > 0 ? "not as it should be" : "now as it should be"}`];
  });
  return [...gained, ...lost, ...turns];
}

/** The table of src/claude/README.md. */
export function matrixText(rows: readonly MatrixRow[]): string {
  const lines = rows.map((row, index) => {
    const before = rows[index - 1];
    const fine = row.turns.filter(({ findings }) => findings.length === 0).length;
    return [
      row.version, row.published, listed(lacksOf(row).map((name) => `\`${reportName(name)}\``)),
      String(row.helloBytes), String(row.firstContentMs), `${fine} of ${row.turns.length}`,
      before === undefined ? "" : listed(changesBetween(before, row)),
    ];
  });
  const figures = ["bytes of “Hello”", "first words, ms", "turns"];
  return table(["CLI", "published", "lacks", ...figures, "changed since the row above"], lines);
}

/** What could not be done as it should be, a line each, for a terminal. */
export function findingLines({ version, turns }: MatrixRow): readonly string[] {
  return turns.flatMap(({ name, way, findings }) => (
    findings.map((finding) => `${version}: ${name} (${way || "no process"}): ${finding}`)
  ));
}

function listed(words: readonly string[]): string {
  return words.length === 0 ? "nothing" : words.join("; ");
}

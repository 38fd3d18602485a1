/** The tables of src/claude/README.md: what the server uses of the CLI, and what its versions can do. Pure. */
import { capabilityRows, type FeatureRow, furtherRows, needRows, reportName } from "../src/claude/capability-rows.ts";
import { type MatrixRow, matrixText } from "./compat/matrix.ts";
import { table } from "./readme-table.ts";

export function claudeSections(matrix: readonly MatrixRow[]): Readonly<Record<string, string>> {
  return {
    needs: featureTable(needRows), capabilities: featureTable(capabilityRows), further: featureTable(furtherRows),
    versions: matrixText(matrix), turns: turnsText(matrix),
  };
}

function featureTable(rows: readonly FeatureRow<string>[]): string {
  const lines = rows.map(({ name, purpose, learnt, without }) => [`\`${reportName(name)}\``, purpose, learnt, without]);
  return table(["", "what for", "how it is learnt", "without it"], lines);
}

/** The turns of the newest version, with the versions on which one is not as it should be. */
function turnsText(matrix: readonly MatrixRow[]): string {
  const lines = (matrix.at(-1)?.turns ?? []).map(({ name, shows, way }) => {
    const wrong = matrix.filter(({ turns }) => turns.some((turn) => turn.name === name && turn.findings.length > 0));
    return [
      name, shows.map((feature) => `\`${reportName(feature)}\``).join(", "), way.replaceAll("_", " "),
      wrong.length === 0 ? "" : wrong.map(({ version }) => version).join(", "),
    ];
  });
  return table(["turn", "depends on", "process on the newest", "not as it should be on"], lines);
}

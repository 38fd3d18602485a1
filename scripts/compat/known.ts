/** What versions of the CLI can do. `scripts/compat.ts` tries it again, and tells of a difference. */
import { type Capabilities, capabilityRows, noCapabilities } from "../../src/claude/capabilities.ts";
import { table } from "../readme-table.ts";

const steps: Capabilities = { ...noCapabilities, rewindSteps: true };
const empty: Capabilities = { ...steps, rewindMany: true, rewindToEmpty: true, setModel: true };
const answers: Capabilities = { ...empty, answerTarget: true };

/** Versions where something changed, and the newest that was seen. */
export const knownCapabilities: Readonly<Record<string, Capabilities>> = {
  "2.1.120": noCapabilities,
  "2.1.160": noCapabilities,
  "2.1.197": steps,
  "2.1.260": empty,
  "2.1.280": empty,
  "2.1.300": answers,
  "2.1.330": answers,
  "2.1.332": answers,
};

/** The abilities of a version that were found to be other than known; none for a version that is not known. */
export function differences(version: string, found: Capabilities): readonly string[] {
  const known = knownCapabilities[version];
  if (known === undefined) return [];
  return capabilityRows.flatMap(({ name }) => (known[name] === found[name] ? [] : [name]));
}

/** The table of test/README.md. */
export function knownCapabilitiesText(): string {
  const names = capabilityRows.map(({ name }) => name);
  const rows = Object.entries(knownCapabilities).map(([version, capabilities]) => (
    [version, ...names.map((name) => (capabilities[name] ? "yes" : "no"))]
  ));
  return table(["CLI", ...names], rows);
}

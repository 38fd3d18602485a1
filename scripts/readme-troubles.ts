/** The table in test/README.md of what was reported of programs like this one, and of the tests that hold it. Pure. */
import { reportedTroubles, type ReportedTrouble } from "../test/support/reported-troubles.ts";
import { table } from "./readme-table.ts";

export function troublesText(): string {
  const rows = Object.entries(reportedTroubles).flatMap(([kind, troubles]) => (
    troubles.map((trouble) => [kind, trouble.reported, trouble.right, testsText(trouble)])
  ));
  return table(["", "reported", "here", "held by"], rows);
}

/** A file once, with the names of its tests as their source has them. */
function testsText({ heldBy }: ReportedTrouble): string {
  return Object.entries(heldBy).map(([file, names]) => (
    `\`${file.replace(/^test\//u, "")}\`: ${names.map((name) => `“${name}”`).join(", ")}`
  )).join("; ");
}

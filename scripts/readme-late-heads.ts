/** The table in test/README.md of how long the pinned clients wait for a head, from test/interop/clients.ts. Pure. */
import { type Client, clients, headWaits, type HeadWait } from "../test/interop/clients.ts";
import { table } from "./readme-table.ts";

export function lateHeadsText(): string {
  const waits: Readonly<Record<string, HeadWait | undefined>> = headWaits;
  const rows = Object.entries<Client>(clients).map(([key, { name }]) => [name, waitText(waits[key])]);
  return table(["client", "a head that does not come"], rows);
}

function waitText(wait: HeadWait | undefined): string {
  if (wait === undefined) return "not measured";
  if ("heldSeconds" in wait) return `is waited for: held back for ${wait.heldSeconds} s, and the answer then read`;
  const { givesUpAfterSeconds, asksAgain } = wait;
  return `is given up after ${givesUpAfterSeconds} s, and ${asksAgain ? "" : "not "}asked for again`;
}

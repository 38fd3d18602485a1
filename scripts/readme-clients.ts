/**
 * Writes the README's section of tested clients, from what test/interop tests and pins. With `--check` it writes
 * nothing, and exits with 1 when the README says something else.
 *
 *     npx tsx scripts/readme-clients.ts [--check]
 */
import { readFileSync } from "node:fs";
import { type Client, type ConfigurationPart, clients } from "../test/interop/clients.ts";
import { updateReadme } from "./readme-file.ts";

const pinsPath = new URL("../test/interop/package.json", import.meta.url);

/** Names to versions, as a package.json has them. */
export type Pins = Readonly<Record<string, string>>;

/** A table of the clients, then the configuration of each. Throws an Error for a client that is not pinned. Pure. */
export function clientsText(described: readonly Client[], pins: Pins): string {
  const rows = described.map((client) => {
    const needs = client.needs === undefined ? "" : `; it needs ${client.needs}`;
    return `| ${client.name} | \`${client.package}\` ${versionOf(client, pins)} | ${client.verified}${needs} |`;
  });
  const table = ["| client | package | tested |", "| --- | --- | --- |", ...rows];
  return [...table, "", ...groupsOf(described).map(details)].join("\n");
}

/** The pinned version. An alias's `npm:name@` and the platform at the end of Codex's versions are left out. */
function versionOf({ name, package: packageName, installedAs = packageName }: Client, pins: Pins): string {
  const pin = pins[installedAs];
  if (pin === undefined) throw new Error(`${name} is described, but test/interop/package.json pins no ${installedAs}`);
  return pin.replace(/^npm:.*@/u, "").replace(/-linux-x64$/u, "");
}

interface Group {
  readonly names: string[];
  readonly configuration: readonly ConfigurationPart[];
}

/** Clients that stand next to each other and have the same configuration: it is shown once for the group. */
function groupsOf(described: readonly Client[]): Group[] {
  const groups: Group[] = [];
  for (const { name, configuration } of described) {
    const last = groups.at(-1);
    if (last?.configuration === configuration) last.names.push(name);
    else groups.push({ names: [name], configuration });
  }
  return groups;
}

function details({ names, configuration }: Group): string {
  const parts = configuration.flatMap(({ where, language, text }) => [
    ...(where.startsWith("~") ? [`\`${where}\``, ""] : []),
    `\`\`\`${language}`,
    where === "shell" ? `${text} "…"` : text,
    "```",
    "",
  ]);
  return ["<details>", `<summary>${names.join(", ")}</summary>`, "", ...parts, "</details>"].join("\n");
}

function readPins(): Pins {
  const manifest: unknown = JSON.parse(readFileSync(pinsPath, "utf8"));
  const { dependencies, optionalDependencies } = manifest as Record<"dependencies" | "optionalDependencies", Pins>;
  return { ...dependencies, ...optionalDependencies };
}

if (process.argv[1]?.endsWith("readme-clients.ts") === true) {
  const complaint = "README.md does not say which clients are tested: run npx tsx scripts/readme-clients.ts";
  const text = clientsText(Object.values(clients), readPins());
  process.exitCode = updateReadme(process.argv.slice(2), { clients: text }, complaint);
}

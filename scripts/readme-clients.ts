/**
 * Writes the README's section of tested clients, from what test/interop tests and pins; with `--check` it writes nothing and
 * fails when the README says something else.
 *
 *     npx tsx scripts/readme-clients.ts [--check]
 */
import { readFileSync, writeFileSync } from "node:fs";
import { type Client, type ConfigurationPart, clients } from "../test/interop/clients.ts";
import { fillIn } from "./readme.ts";

const readmePath = new URL("../README.md", import.meta.url);
const pinsPath = new URL("../test/interop/package.json", import.meta.url);

/** Names to versions, as a package.json has them. */
export type Pins = Readonly<Record<string, string>>;

/** A table of the clients, then the configuration of each. Throws an Error for a client that is not pinned. Pure. */
export function clientsText(described: readonly Client[], pins: Pins): string {
  const rows = described.map((client) => `| ${client.name} | \`${client.package}\` ${versionOf(client, pins)} | ${client.verified}${client.needs === undefined ? "" : `; it needs ${client.needs}`} |`);
  return ["| client | package | tested |", "| --- | --- | --- |", ...rows, "", ...grouped(described).map(details)].join("\n");
}

/** The pinned version, without the name that an alias stands for, and without the platform that Codex's binaries have in theirs. */
function versionOf({ name, package: packageName, installedAs = packageName }: Client, pins: Pins): string {
  const pin = pins[installedAs];
  if (pin === undefined) throw new Error(`${name} is described, but test/interop/package.json pins no ${installedAs}`);
  return pin.replace(/^npm:.*@/u, "").replace(/-linux-x64$/u, "");
}

/** Neighbours that are configured alike are told of once. */
function grouped(described: readonly Client[]): { readonly names: string[]; readonly configuration: readonly ConfigurationPart[] }[] {
  const groups: { names: string[]; configuration: readonly ConfigurationPart[] }[] = [];
  for (const { name, configuration } of described) {
    const last = groups.at(-1);
    if (last?.configuration === configuration) last.names.push(name);
    else groups.push({ names: [name], configuration });
  }
  return groups;
}

function details({ names, configuration }: { readonly names: readonly string[]; readonly configuration: readonly ConfigurationPart[] }): string {
  const parts = configuration.flatMap(({ where, language, text }) => [
    ...(where.startsWith("~") ? [`\`${where}\``, ""] : []),
    `\`\`\`${language}`, where === "shell" ? `${text} "…"` : text, "```", "",
  ]);
  return ["<details>", `<summary>${names.join(", ")}</summary>`, "", ...parts, "</details>"].join("\n");
}

function main(args: readonly string[]): number {
  const unknown = args.find((argument) => argument !== "--check");
  if (unknown !== undefined) throw new Error(`unknown argument ${unknown}; known is --check`);
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync(pinsPath, "utf8")) as { dependencies: Pins; optionalDependencies: Pins };
  const before = readFileSync(readmePath, "utf8");
  const after = fillIn(before, { clients: clientsText(Object.values(clients), { ...dependencies, ...optionalDependencies }) });
  if (!args.includes("--check")) {
    writeFileSync(readmePath, after);
    return 0;
  }
  if (before === after) return 0;
  console.error("README.md does not say which clients are tested: run npx tsx scripts/readme-clients.ts");
  return 1;
}

if (process.argv[1]?.endsWith("readme-clients.ts") === true) process.exitCode = main(process.argv.slice(2));

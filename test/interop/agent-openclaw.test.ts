/** OpenClaw, which wants a newer Node than these tests: it has one of its own. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { clients, installedFile, missing } from "./clients.ts";
import { testAgent } from "./agent-suite.ts";
import { openClaw as openClawAgent } from "./agents.ts";

const { openClaw } = clients;

test(`${openClaw.name} says itself that it needs ${openClaw.needs}`, { skip: missing(openClaw.package) }, () => {
  const { engines } = JSON.parse(readFileSync(installedFile(`${openClaw.package}/package.json`), "utf8")) as { engines: { node: string } };
  assert.ok(engines.node.startsWith(`>=${/[\d.]+/u.exec(openClaw.needs)?.[0]}`), engines.node);
});

testAgent(openClawAgent);

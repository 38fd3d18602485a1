/** What the server's probe finds of a version, against a stub of the API. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "../../src/claude/launch.ts";
import { probe } from "../../src/claude/probe.ts";
import { ClaudeProcess } from "../../src/claude/process.ts";
import { startAnthropicStub } from "../../test/support/anthropic-stub.ts";
import { subscriptionEnvironment } from "../../test/support/real-claude.ts";

export interface Probed {
  readonly found: Readonly<Record<string, boolean>>;
  /** Requests to the API. */
  readonly requests: number;
}

/** Rejects where the CLI does not come up, takes no history, or falls silent too early. `folder` is empty. */
export async function probed(command: Command, folder: string): Promise<Probed> {
  const stub = await startAnthropicStub();
  try {
    const cwd = join(folder, "work");
    mkdirSync(cwd);
    const claude = new ClaudeProcess({
      command, model: "sonnet", cwd, environment: subscriptionEnvironment(stub.url, folder),
    });
    const { capabilities, needs } = await probe(claude).finally(() => claude.end());
    if (needs.history === false) throw new Error("it takes a history for questions");
    if (capabilities === undefined) throw new Error("it fell silent before all was tried");
    // A request that it sent when its stdin was closed counts too.
    return { found: { ...needs, ...capabilities }, requests: stub.requests.length };
  } finally {
    await stub.close();
  }
}

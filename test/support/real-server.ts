/** A server as a process of its own on the real CLI, with the stub in place of Anthropic, and OpenAI's SDK to ask it. */
import { createRequire } from "node:module";
import type { TestContext } from "node:test";
import type { AnthropicStub } from "./anthropic-stub.ts";
import { type BridgeProcess, startBridge } from "./bridge-process.ts";
import { waitForHealth } from "./health.ts";
import { listProcesses } from "./processes.ts";
import { claudePath, type ClaudeVersion, subscriptionEnvironment } from "./real-claude.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { startStub } from "./watched-stub.ts";

/** The SDK is not this project's: it is asked as a plain object. */
const { OpenAI } = createRequire(new URL("../interop/package.json", import.meta.url))("openai") as { OpenAI: new (options: object) => any };

export interface RealScene {
  readonly stub: AnthropicStub;
  /** A server of its own in front of the same stub; further arguments win over those that it has. */
  readonly startServer: (args?: readonly string[]) => Promise<RealServer>;
}

export interface RealServer {
  readonly bridge: BridgeProcess;
  readonly client: any;
}

/** The stub, and any number of servers in front of it. Without warm processes, so that those there are are those of the conversations. */
export async function startReal(
  t: TestContext, version: ClaudeVersion, maxRetries = 0, { isRefusalFine = false, mayCount = false } = {},
): Promise<RealScene> {
  const folder = await temporaryFolder(t);
  const stub = await startStub(t, { mayRefuse: isRefusalFine, mayCount });
  const startServer = async (args: readonly string[] = []): Promise<RealServer> => {
    const bridge = await startBridge(t, {
      args: ["--claude", claudePath(version), "--pass-env", "ANTHROPIC_BASE_URL,DISABLE_TELEMETRY", "--warm", "0", "--head-wait", "600", "--turn-timeout", "60", "--max-retries", String(maxRetries), ...args],
      env: subscriptionEnvironment(stub.url, folder),
    });
    // The one that was asked at the start what it serves is gone by then; all others are warm.
    await waitForHealth(bridge.url, ({ claude, processes }) => claude.logged_in !== null && processes.all === processes.warm);
    return { bridge, client: new OpenAI({ baseURL: `${bridge.url}/v1`, apiKey: "anything", maxRetries: 0 }) };
  };
  return { stub, startServer };
}

/** The pids of its CLI processes. */
export const claudesOf = ({ child }: BridgeProcess): number[] => listProcesses("stream-json", child.pid).map(({ pid }) => pid);

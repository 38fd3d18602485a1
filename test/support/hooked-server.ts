/** A server on the real CLI under a managed policy, whose hook keeps the environment that it gets. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { AnthropicStub } from "./anthropic-stub.ts";
import { type BridgeProcess, startBridge } from "./bridge-process.ts";
import { waitForHealth } from "./health.ts";
import { hookSettings, policyOf, settingsPlaces } from "./managed-policy.ts";
import { claudePath, type ClaudeVersion, subscriptionEnvironment, temporaryFolder } from "./real-claude.ts";
import { startReal } from "./real-server.ts";

export interface HookedServer {
  readonly stub: AnthropicStub;
  readonly bridge: BridgeProcess;
  /** What the hook was given. Throws where it did not run. */
  readonly environmentOfHook: () => string;
}

/** `place`: where the settings stand with the hook, which are all of the policy. */
export async function startHooked(t: TestContext, version: ClaudeVersion, place: (typeof settingsPlaces)[number] = settingsPlaces[0]): Promise<HookedServer> {
  const { stub } = await startReal(t, version);
  const folder = await temporaryFolder(t);
  const seen = join(folder, "environment");
  const bridge = await startBridge(t, {
    args: ["--claude", claudePath(version), "--pass-env", "ANTHROPIC_BASE_URL", "--warm", "0"],
    env: subscriptionEnvironment(stub.url, folder), before: policyOf(folder, { [place]: hookSettings(`env >> ${seen}`) }),
  });
  await waitForHealth(bridge.url, ({ claude }) => claude.logged_in === true);
  return { stub, bridge, environmentOfHook: () => readFileSync(seen, "utf8") };
}

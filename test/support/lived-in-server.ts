/** A server as a user has it: started with the default options, on the real CLI, in a home that was lived in. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Known } from "./added-words-reader.ts";
import type { AnthropicStub } from "./anthropic-stub.ts";
import { type BridgeProcess, startBridge } from "./bridge-process.ts";
import { cleanUp } from "./cleanup.ts";
import { waitForHealth } from "./health.ts";
import { emailAddress } from "./lived-in-account.ts";
import { homeWord, type LivedInHome, makeLivedInHome } from "./lived-in-home.ts";
import { managedPolicy, policyHookWords, policyMark, policyWords } from "./managed-policy.ts";
import { claudePath, type ClaudeVersion } from "./real-claude.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { startWatchedProxy } from "./watched-proxy.ts";
import { startStub, type WatchedStubOptions } from "./watched-stub.ts";

/** Of the fields that ask for the prompt cache. */
export const subscribersCacheTime = ',"ttl":"1h"';

export interface LivedInServer {
  readonly stub: AnthropicStub;
  readonly home: LivedInHome;
  readonly bridge: BridgeProcess;
  /** The words of the policy that it runs under. */
  readonly policy: string | undefined;
  /** The day on which it was started: a process tells the model the day of its boot. */
  readonly startedOn: string;
}

export interface LivedInOptions {
  /** Under a policy in `/etc/claude-code`: see `policyUnavailable`. */
  readonly hasPolicy?: boolean;
  /** Further files of that policy, by name. */
  readonly policyFiles?: Readonly<Record<string, string>>;
  readonly stub?: WatchedStubOptions;
}

/**
 * Started, and with its first processes warm. When it ends, no program of the home may have run, and no word of the
 * home may have gone up.
 */
export async function startLivedIn(
  t: TestContext, version: ClaudeVersion, options: LivedInOptions = {},
): Promise<LivedInServer> {
  const { hasPolicy = false } = options;
  const folder = await temporaryFolder(t);
  const proxy = await startWatchedProxy(t);
  const stub = await startStub(t, options.stub);
  const home = makeLivedInHome(stub.url, folder);
  cleanUp(t, () => {
    assert.deepEqual(proxy.wanted, [], "somebody was asked who is not the stub");
    assert.deepEqual(home.marks(), hasPolicy ? [policyMark] : [], "a program of the home has run");
    const telling = stub.requests.filter(mentionsHome).map(({ bodyText }) => bodyText);
    assert.deepEqual(telling, [], "a word of the home went up");
  });
  const startedOn = today();
  const bridge = await startBridge(t, {
    // The stub stands where Anthropic does; all else is as the README's first command starts it.
    args: ["--claude", claudePath(version), "--pass-env", "ANTHROPIC_BASE_URL"],
    env: { ...home.environment, ...proxy.environment },
    before: hasPolicy ? managedPolicy(folder, home.markCommand, options.policyFiles) : [],
  });
  await waitForHealth(bridge.url, ({ claude, processes }) => claude.logged_in === true && processes.warm > 0);
  return { stub, home, bridge, policy: hasPolicy ? policyWords : undefined, startedOn };
}

/** As the CLI writes the day. */
export function today(): string {
  return new Date().toLocaleDateString("sv");
}

/** A word of its files, or the address of its account. */
function mentionsHome({ bodyText, headers }: AnthropicStub["requests"][number]): boolean {
  const text = `${bodyText}${JSON.stringify(headers)}`;
  return text.includes(homeWord) || text.includes(emailAddress);
}

/** What a reader of its requests knows of the machine. The e-mail address may not go up, so it is not known. */
export function knownOf({ home, policy, startedOn }: LivedInServer): Known {
  const date = today();
  const workingFolder = workingFolderIn(home);
  const config = readFileSync(join(workingFolder, "..", "config", ".claude.json"), "utf8");
  const { userID } = JSON.parse(config) as { readonly userID: string };
  return {
    // Neither is the user's.
    device: userID, account: "", "cache time": subscribersCacheTime,
    "working folder": workingFolder, date: [startedOn, date],
    ...(date === startedOn ? {} : { "new date": date }),
    ...(policy === undefined ? {} : { policy, hook: policyHookWords }),
  };
}

/** Where the server's processes run. */
export function workingFolderIn({ environment }: LivedInHome): string {
  const temporary = environment["TMPDIR"] ?? "";
  const roots = readdirSync(temporary).filter((name) => name.startsWith("claude-max-api-"));
  const folders = roots.flatMap((root) => (
    readdirSync(join(temporary, root)).map((port) => join(temporary, root, port, "empty"))
  )).filter((path) => existsSync(path));
  assert.equal(folders.length, 1, `one working folder, not ${folders.join(", ")}`);
  return folders[0] ?? "";
}

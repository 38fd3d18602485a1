/** The real CLI, at the versions that test/interop pins, and the environments in which it talks to a stub. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sampleOf } from "./sample.ts";

export { temporaryFolder } from "./temporary-folder.ts";

/** Newest first. */
export const claudeVersions = ["2.1.330", "2.1.197"] as const;
export type ClaudeVersion = (typeof claudeVersions)[number];

/**
 * The newest alone, unless the whole sample is asked for: for what takes long, and has been the same on both. CI has
 * time for the older CLI where the two differ.
 */
export function sampledClaudeVersions(): readonly ClaudeVersion[] {
  return claudeVersions.slice(0, sampleOf({ what: "CLIs, the newest first", small: 1, large: 1, whole: 2 }));
}

/**
 * How often a CLI by itself sends what the API refuses in words that the CLI does not know: 2.1.330 again with fewer
 * betas, and then, where `mayBeThoughts`, without asking for its thoughts: where the model thinks, and the API's words
 * do not begin with the name of another field.
 */
export function asksWhenRefused(version: ClaudeVersion, mayBeThoughts: boolean): number {
  if (version === "2.1.197") return 1;
  return mayBeThoughts ? 3 : 2;
}

/** The most that this is, whatever the CLI and the model. */
export const asksWhenRefusedMax = Math.max(...claudeVersions.map((version) => asksWhenRefused(version, true)));

const modules = fileURLToPath(new URL("../interop/node_modules/", import.meta.url));

/**
 * The native executable of that version, absolute. It carries `.exe` on every platform. `CLAUDE_IN_PLACE_OF_NEWEST` names
 * one that stands in for the newest: so all tests run on a version that came out since.
 */
export function claudePath(version: ClaudeVersion): string {
  const standIn = version === claudeVersions[0] ? process.env["CLAUDE_IN_PLACE_OF_NEWEST"] : undefined;
  if (standIn !== undefined) return standIn;
  const path = join(modules, `claude-code-${version}`, "bin", "claude.exe");
  if (!existsSync(path)) throw new Error(`claude ${version} is not installed in test/interop: run npm test, which installs it`);
  return path;
}

/** The launch line for a conversation over stdio with nothing of the user's own in it. */
export function claudeArguments(model = "sonnet"): string[] {
  return [
    "-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose", "--include-partial-messages",
    "--tools", "", "--strict-mcp-config", "--setting-sources", "", "--disable-slash-commands", "--no-session-persistence",
    "--permission-mode", "dontAsk", "--allowedTools", "mcp__client", "--model", model,
  ];
}

/** As a subscriber's: a made-up OAuth token. `folder` is empty and gets the home, the configuration and the temporary files. */
export function subscriptionEnvironment(stubUrl: string, folder: string): Record<string, string> {
  return { ...cleanEnvironment(stubUrl, folder), CLAUDE_CODE_OAUTH_TOKEN: "sk-ant-oat01-made-up-for-tests" };
}

/** As of somebody who pays for the API. */
export function apiKeyEnvironment(stubUrl: string, folder: string): Record<string, string> {
  return { ...cleanEnvironment(stubUrl, folder), ANTHROPIC_API_KEY: "sk-ant-api03-made-up-for-tests" };
}

/** Not logged in at all. */
export function loggedOutEnvironment(stubUrl: string, folder: string): Record<string, string> {
  return cleanEnvironment(stubUrl, folder);
}

function cleanEnvironment(stubUrl: string, folder: string): Record<string, string> {
  const inside = (name: string) => {
    const path = join(folder, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const home = inside("home");
  const temporary = inside("tmp");
  return {
    ...platformEnvironment(),
    HOME: home,
    USERPROFILE: home,
    TMPDIR: temporary,
    TEMP: temporary,
    CLAUDE_CONFIG_DIR: inside("config"),
    ANTHROPIC_BASE_URL: stubUrl,
    CLAUDE_AGENT_SDK_MCP_NO_PREFIX: "1",
    ENABLE_TOOL_SEARCH: "false",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    CLAUDE_CODE_DISABLE_TERMINAL_TITLE: "1",
    CLAUDE_CODE_MAX_RETRIES: "2",
    DISABLE_AUTOUPDATER: "1",
    DISABLE_TELEMETRY: "1",
  };
}

/** What every process needs on its platform: Windows opens no socket without SystemRoot. The day is that of the tests. */
export function platformEnvironment(): Record<string, string> {
  const names = ["PATH", "SystemRoot", "TZ"];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
}

/** The machine administrator's policy for Claude Code: it applies to every process, and no option disables it. */

import { win32, posix } from "node:path";

/** The folder that the CLI reads the machine's policy from, as in 2.1.197 and 2.1.330. */
export function policyFolder(platform: NodeJS.Platform): string {
  switch (platform) {
    case "darwin": return "/Library/Application Support/ClaudeCode";
    case "win32": return "C:\\Program Files\\ClaudeCode";
    default: return "/etc/claude-code";
  }
}

const serversName = "managed-mcp.json";
/** The names of the files and folders that hold a policy, in the folder for policies. */
const policyNames = ["managed-settings.json", "managed-settings.d", serversName, "CLAUDE.md", ".claude"];

/** Returns the paths of the policy's files and folders that exist. Their contents are not read. */
export function findPolicy(platform: NodeJS.Platform, isThere: (path: string) => boolean): string[] {
  const { join } = platform === "win32" ? win32 : posix;
  return policyNames.map((name) => join(policyFolder(platform), name)).filter(isThere);
}

/**
 * Whether the policy lists the MCP servers that the CLI may have. Then the CLI exits if it is started with
 * `--strict-mcp-config`.
 */
export function hasServerPolicy(platform: NodeJS.Platform, isThere: (path: string) => boolean): boolean {
  return findPolicy(platform, isThere).some((path) => path.endsWith(serversName));
}

/** A policy that whoever runs the machine has set for Claude Code: it applies to every process. No option undoes it. */

import { win32, posix } from "node:path";

/** The folder that the CLI reads a machine's policy from; those of 2.1.197 and 2.1.330. */
export function policyFolder(platform: NodeJS.Platform): string {
  switch (platform) {
    case "darwin": return "/Library/Application Support/ClaudeCode";
    case "win32": return "C:\\Program Files\\ClaudeCode";
    default: return "/etc/claude-code";
  }
}

/** What stands in it that the CLI reads. */
const policyNames = ["managed-settings.json", "managed-settings.d", "managed-mcp.json", "CLAUDE.md", ".claude"];

/** The paths of the policy's parts that are there, by a look at their presence alone. */
export function findPolicy(platform: NodeJS.Platform, isThere: (path: string) => boolean): string[] {
  const { join } = platform === "win32" ? win32 : posix;
  return policyNames.map((name) => join(policyFolder(platform), name)).filter(isThere);
}

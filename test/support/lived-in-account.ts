/**
 * What Claude Code keeps of a login and of its own affairs, as both pinned versions write it:
 * `.claude/.credentials.json` and `.claude.json`.
 */

export const emailAddress = "ada.lovelace@example.com";
export const accountId = "11111111-2222-4333-8444-555555555555";
export const organizationId = "66666666-7777-4888-8999-aaaaaaaaaaaa";
export const organizationName = "heliotrope";
export const displayName = "Ada heliotrope";
export const deviceId = "c0ffee01".repeat(8);

/** Nothing is refreshed before then. */
const loginEndsAtMs = Date.UTC(2099, 0, 1);

export interface MarkScript { readonly command: string; readonly script: string }

/** Their texts by path, seen from the home. `projects`: the folders in which somebody has worked. */
export function accountFiles(projects: readonly string[], mark: MarkScript): Record<string, string> {
  return {
    ".claude/.credentials.json": JSON.stringify({ claudeAiOauth: login }),
    ".claude.json": JSON.stringify({
      ...ownAffairs, oauthAccount: account,
      cachedGrowthBookFeatures: featureFlags, cachedStatsigGates: featureFlags,
      cachedDynamicConfigs: { "tengu-top-of-feed-tip": { tip: "heliotrope", color: "dim" } },
      mcpServers: { notes: mcpServer(mark, "mcp-user") },
      projects: Object.fromEntries(projects.map((path) => [path, project(mark)])),
    }, null, 2),
  };
}

const login = {
  accessToken: "sk-ant-oat01-made-up-for-tests", refreshToken: "sk-ant-ort01-made-up-for-tests",
  expiresAt: loginEndsAtMs, scopes: ["user:inference", "user:profile", "user:sessions:claude_code"],
  subscriptionType: "max", rateLimitTier: "default_claude_max_20x",
};

const account = {
  accountUuid: accountId, emailAddress,
  organizationUuid: organizationId, organizationName, organizationRole: "admin",
  hasExtraUsageEnabled: true, billingType: "stripe_subscription", displayName, workspaceRole: null,
  accountCreatedAt: "2024-01-01T00:00:00Z", subscriptionCreatedAt: "2025-01-01T00:00:00Z",
};

const ownAffairs = {
  numStartups: 412, installMethod: "native", autoUpdates: false, theme: "dark", verbose: false, editorMode: "vim",
  promptQueueUseCount: 12, userID: deviceId, firstStartTime: "2025-01-02T03:04:05.678Z", hasCompletedOnboarding: true,
  lastOnboardingVersion: "2.1.100", lastReleaseNotesSeen: "2.1.197", shiftEnterKeyBindingInstalled: true,
  hasSeenTasksHint: true, memoryUsageCount: 7, claudeCodeFirstTokenDate: "2025-01-02T03:04:05Z",
  tipsHistory: { "new-user-warmup": 3, "memory-command": 88, "shift-tab": 401 }, fallbackAvailableWarningThreshold: 0.5,
  cachedExtraUsageDisabledReason: null, clientDataCache: {}, passesEligibilityCache: {}, hasAvailableSubscription: true,
  bypassPermissionsModeAccepted: true,
};

/** All that could switch something on is on. */
const featureFlags = {
  tengu_prompt_suggestion: true, tengu_tool_pear: true, tengu_auto_mode_context: true, tengu_session_memory: true,
  tengu_rotunda_pennant_tools: true, tengu_dynamic_skills_changed: true, tengu_attachments: true,
  tengu_long_context_survey_event: true, tengu_cache_eviction_hint: true,
};

function project(mark: MarkScript): object {
  return {
    allowedTools: ["Bash(*)"], mcpContextUris: [], mcpServers: { local: mcpServer(mark, "mcp-local") },
    enabledMcpjsonServers: ["tracker"], disabledMcpjsonServers: [], hasTrustDialogAccepted: true,
    projectOnboardingSeenCount: 4, hasClaudeMdExternalIncludesApproved: true, lastCost: 1.25,
    hasClaudeMdExternalIncludesWarningShown: true, hasCompletedProjectOnboarding: true, exampleFiles: ["heliotrope.ts"],
    lastSessionId: "99999999-8888-4777-8666-555555555555",
  };
}

function mcpServer({ command, script }: MarkScript, name: string): object {
  return { type: "stdio", command, args: [script, name], env: {} };
}

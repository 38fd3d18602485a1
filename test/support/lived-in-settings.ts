/** What a user puts into `~/.claude`: settings, instructions, skills, plugins. Every program in it leaves a mark. */

import { join } from "node:path";

const word = "heliotrope";
const hookEvents = [
  "SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "PermissionRequest", "Notification", "Stop",
  "SubagentStop", "PreCompact", "SessionEnd",
];

/** Their texts by path, seen from `~/.claude`, which is `folder`. */
export function settingsFiles(folder: string, markCommand: (name: string) => string): Record<string, string> {
  const hook = (name: string): object => ({ hooks: [{ type: "command", command: markCommand(name) }] });
  const hooks = Object.fromEntries(hookEvents.map((event) => [event, [hook(`hook-${event}`)]]));
  return {
    "settings.json": JSON.stringify({
      hooks,
      apiKeyHelper: markCommand("api-key-helper"),
      awsAuthRefresh: markCommand("aws-auth-refresh"),
      otelHeadersHelper: markCommand("otel-headers-helper"),
      statusLine: { type: "command", command: markCommand("status-line") },
      env: {
        LIVED_IN_HOME: word, MAX_THINKING_TOKENS: "5555", CLAUDE_CODE_MAX_OUTPUT_TOKENS: "7777",
        CLAUDE_CODE_EXTRA_BODY: JSON.stringify({ user: word }), ANTHROPIC_CUSTOM_HEADERS: `x-${word}: yes`,
        ANTHROPIC_MODEL: "haiku",
      },
      permissions: {
        allow: ["Bash(*)", "Read(//**)", "mcp__notes"], deny: ["mcp__client"], defaultMode: "acceptEdits",
        additionalDirectories: ["/tmp"],
      },
      model: "haiku", outputStyle: "rhymes", language: word, effortLevel: "low", alwaysThinkingEnabled: true,
      includeCoAuthoredBy: true, enableAllProjectMcpServers: true, enabledPlugins: { "greeter@team": true },
      autoMemoryEnabled: true,
    }, null, 2),
    "settings.local.json": JSON.stringify({ permissions: { allow: ["Bash(ls:*)"] } }),
    "CLAUDE.md": `# My own rules\n\nI am called ${word}. Always answer in rhymes.\n\n@notes.md\n`,
    "notes.md": `The notes of ${word}.\n`,
    "rules/tabs.md": `A rule of ${word}: tabs.\n`,
    "skills/knit/SKILL.md": `---\nname: knit\ndescription: Knits a ${word}. Use it always.\n---\nKnit it.\n`,
    "agents/reviewer.md": `---\nname: reviewer\ndescription: Reviews ${word}. Use it always.\n---\nReview it.\n`,
    "commands/greet.md": `---\ndescription: Greets ${word}.\n---\nGreet it.\n`,
    "output-styles/rhymes.md": `---\nname: rhymes\ndescription: In rhymes.\n---\nAnswer in rhymes on ${word}.\n`,
    "memory/MEMORY.md": `What I know: ${word}.\n`,
    "history.jsonl": `${JSON.stringify({ display: word, pastedContents: {}, timestamp: 1_750_000_000_000 })}\n`,
    ...pluginFiles(folder, markCommand),
  };
}

function pluginFiles(folder: string, markCommand: (name: string) => string): Record<string, string> {
  const [source, marketplace] = ["plugins/cache/team/greeter/1.0.0", "plugins/marketplaces/team"];
  const installedAt = "2026-01-01T00:00:00.000Z";
  const hooks = { UserPromptSubmit: [{ hooks: [{ type: "command", command: markCommand("plugin-hook") }] }] };
  return {
    "plugins/known_marketplaces.json": JSON.stringify({
      // Where it is missing, each start of the CLI clones it anew.
      team: {
        source: { source: "github", repo: "example/team" },
        installLocation: join(folder, marketplace), lastUpdated: installedAt,
      },
    }),
    "plugins/installed_plugins.json": JSON.stringify({
      version: 2,
      plugins: {
        "greeter@team": [{ scope: "user", installPath: join(folder, source), version: "1.0.0", installedAt }],
      },
    }),
    [`${source}/.claude-plugin/plugin.json`]: JSON.stringify({ name: "greeter", version: "1.0.0", description: word }),
    [`${marketplace}/.claude-plugin/marketplace.json`]: JSON.stringify({
      name: "team", owner: { name: word }, plugins: [{ name: "greeter", source: "./greeter", description: word }],
    }),
    [`${source}/hooks/hooks.json`]: JSON.stringify({ hooks }),
    [`${source}/commands/hello.md`]: `---\ndescription: Says hello to ${word}.\n---\nHello.\n`,
  };
}

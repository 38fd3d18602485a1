/** How the CLI is started: argv and environment, as pure functions. */

import { toolServerName } from "./protocol.ts";

/** The executable and what stands before the CLI's own arguments (the demo runs a script with node). */
export interface Command {
  readonly file: string;
  readonly leadingArguments: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The arguments of a lean, clean-room CLI that speaks stream-json both ways: no built-in tool, no settings file, no
 * slash command, no session on disk. Nothing of a prompt is in them.
 */
export function launchArguments(model: string): string[] {
  return [
    "-p",
    "--input-format", "stream-json",
    "--output-format", "stream-json",
    "--verbose",
    "--include-partial-messages",
    "--tools", "",
    "--strict-mcp-config",
    "--setting-sources", "",
    // A client's tool that happens to be named like one of the CLI's own would bring instructions on git commits with
    // it.
    "--settings", '{"includeCoAuthoredBy":false}',
    "--disable-slash-commands",
    "--no-session-persistence",
    "--permission-mode", "dontAsk",
    "--allowedTools", `mcp__${toolServerName}`,
    "--model", model,
  ];
}

/**
 * What the CLI needs to find its login, its network and its language. Nothing else passes, the Anthropic API keys least
 * of all.
 */
const passedNames: ReadonlySet<string> = new Set([
  "HOME", "PATH", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TMP", "TEMP",
  "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS",
  "CLAUDE_CONFIG_DIR", "CLAUDE_CODE_OAUTH_TOKEN",
  "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
  "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR", "CLAUDE_CODE_CERT_STORE",
  "CLAUDE_CODE_CLIENT_CERT", "CLAUDE_CODE_CLIENT_KEY", "CLAUDE_CODE_CLIENT_KEY_PASSPHRASE",
  // Windows
  "USERPROFILE", "USERNAME", "USERDOMAIN", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES", "HOMEDRIVE",
  "HOMEPATH",
  "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "CLAUDE_CODE_GIT_BASH_PATH",
]);

export interface EnvironmentOptions {
  /** Further names that pass, by the user's own word. */
  readonly passEnv: readonly string[];
  /** How often the CLI repeats a failed upstream request. */
  readonly maxRetries: number;
}

/**
 * The child's whole environment, from the server's own. Names are compared without case: Windows has `Path`, curl
 * `http_proxy`; the user's own only where the system does so too.
 */
export function childEnvironment(
  own: Environment, { passEnv, maxRetries }: EnvironmentOptions, platform = process.platform,
): Record<string, string> {
  const environment: Record<string, string> = {};
  const isSame = (name: string, further: string): boolean => name === further
    || (platform === "win32" && name.toUpperCase() === further.toUpperCase());
  for (const [name, value] of Object.entries(own)) {
    if (value === undefined) continue;
    const upper = name.toUpperCase();
    if (passedNames.has(upper) || upper.startsWith("LC_") || passEnv.some((further) => isSame(name, further))) {
      environment[name] = value;
    }
  }
  return Object.assign(environment, {
    // The client's tool names reach the model as the client wrote them.
    CLAUDE_AGENT_SDK_MCP_NO_PREFIX: "1",
    // Otherwise tools are deferred behind a search tool of the CLI's own.
    ENABLE_TOOL_SEARCH: "false",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    CLAUDE_CODE_DISABLE_TERMINAL_TITLE: "1",
    // A path behind an @ in a prompt would be read and its file sent upstream, and some words would add notes of the
    // CLI's own.
    CLAUDE_CODE_DISABLE_ATTACHMENTS: "1",
    // Otherwise a conversation that the API refuses as too long is summarised, and asked again with words that are not
    // the client's.
    DISABLE_COMPACT: "1",
    // Without that it would refuse by a count of its own, some 23,000 tokens before the window is full. The API knows.
    CLAUDE_CODE_BLOCKING_LIMIT_OVERRIDE: "1000000000",
    DISABLE_AUTOUPDATER: "1",
    // With its host dead the CLI would finish a turn under way, and wait for a silent upstream for minutes. Its runtime
    // then ends it at once.
    BUN_FEATURE_FLAG_NO_ORPHANS: "1",
    // A tool's result reaches the model as the client gave it, however long.
    MAX_MCP_OUTPUT_TOKENS: "100000000",
    CLAUDE_CODE_MAX_RETRIES: String(maxRetries),
  });
}

/** How the CLI is started: pure functions for its arguments and its environment. */

import { shownThoughts } from "./parameters.ts";
import { toolServerName } from "./protocol.ts";

/** The executable, and the arguments that come before the CLI's own (the demo runs a script with node). */
export interface Command {
  readonly file: string;
  readonly leadingArguments: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The arguments of a lean, clean-room CLI that reads and writes stream-json: no built-in tool, no settings file, no
 * slash command, no session on disk. They contain nothing of a prompt. `hasServerPolicy`: an administrator's policy on
 * this machine lists the MCP servers that the CLI may have. Under such a policy the CLI has no others anyway, and exits
 * at once if `--strict-mcp-config` asks for that.
 */
export function launchArguments(model: string, { hasServerPolicy = false } = {}): string[] {
  return [
    "-p",
    "--input-format", "stream-json",
    "--output-format", "stream-json",
    "--verbose",
    "--include-partial-messages",
    "--tools", "",
    ...(hasServerPolicy ? [] : ["--strict-mcp-config"]),
    "--setting-sources", "",
    // Without this, a client's tool that has the name of one of the CLI's own tools would bring instructions
    // on git commits with it.
    "--settings", '{"includeCoAuthoredBy":false}',
    "--disable-slash-commands",
    "--no-session-persistence",
    "--permission-mode", "dontAsk",
    "--allowedTools", `mcp__${toolServerName}`,
    // Without this, the CLI does not ask the API to show thoughts (2.1.120 to 2.1.260; newer models then show none), or
    // asks for less than the thoughts (`updates`, from 2.1.300 on). Where thinking is off, it sends nothing of this.
    "--thinking-display", shownThoughts,
    "--model", model,
  ];
}

/**
 * The variables that the CLI needs to find its login, its network and its language. No others are passed on, least of
 * all the Anthropic API keys.
 */
const passedNames: ReadonlySet<string> = new Set([
  "HOME", "PATH", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TMP", "TEMP",
  "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS",
  "CLAUDE_CONFIG_DIR", "CLAUDE_CODE_OAUTH_TOKEN",
  "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
  "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR", "CLAUDE_CODE_CERT_STORE",
  "CLAUDE_CODE_CLIENT_CERT", "CLAUDE_CODE_CLIENT_KEY", "CLAUDE_CODE_CLIENT_KEY_PASSPHRASE",
  // What Windows has for these.
  "USERPROFILE", "USERNAME", "USERDOMAIN", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES", "HOMEDRIVE",
  "HOMEPATH",
  "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "CLAUDE_CODE_GIT_BASH_PATH",
]);

export interface EnvironmentOptions {
  /** Names of further variables that the user wants passed on. */
  readonly passEnv: readonly string[];
  /** How often the CLI repeats a failed upstream request. */
  readonly maxRetries: number;
}

/**
 * The child's whole environment, made from the server's. Names in `passedNames` are compared without case, because
 * Windows has `Path` and curl `http_proxy`. Names in `passEnv` are compared without case only on Windows.
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
    // Otherwise the model sees the client's tools under names with a prefix (`mcp__client__`).
    CLAUDE_AGENT_SDK_MCP_NO_PREFIX: "1",
    // Otherwise the CLI hides the tools behind a search tool of its own.
    ENABLE_TOOL_SEARCH: "false",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    CLAUDE_CODE_DISABLE_TERMINAL_TITLE: "1",
    // Otherwise the CLI would read the file behind an @ in a prompt and send it upstream, and add notes of its own when
    // a prompt contains certain words.
    CLAUDE_CODE_DISABLE_ATTACHMENTS: "1",
    // Otherwise the CLI summarises a conversation that the API refuses as too long, and asks again with words
    // that are not the client's.
    DISABLE_COMPACT: "1",
    // With `DISABLE_COMPACT` the CLI would refuse a prompt by its own count, some 23,000 tokens before the window is
    // full.
    CLAUDE_CODE_BLOCKING_LIMIT_OVERRIDE: "1000000000",
    DISABLE_AUTOUPDATER: "1",
    // Otherwise the CLI outlives a server that died: it finishes its turn, and waits for a silent upstream for minutes.
    // With this its runtime ends it at once.
    BUN_FEATURE_FLAG_NO_ORPHANS: "1",
    // The result of a tool reaches the model as the client gave it, however long.
    MAX_MCP_OUTPUT_TOKENS: "100000000",
    // CLAUDE_CODE_DISABLE_EXPERIMENTAL_BETAS is not set. With it 2.1.330 asks once after a plain 400, not three times,
    // but still changes a schema or an image that the API refuses and asks again. And it would take away the beta of
    // the hour-long prompt cache, and the edit that keeps all earlier thinking.
    CLAUDE_CODE_MAX_RETRIES: String(maxRetries),
  });
}

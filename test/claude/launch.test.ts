import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { childEnvironment, launchArguments } from "../../src/claude/launch.ts";

const options = { passEnv: [], maxRetries: 2 };
/** What is set whatever the server's own environment holds. */
const own = childEnvironment({}, options);

function passes(name: string, passEnv: readonly string[] = []): boolean {
  return childEnvironment({ [name]: "value" }, { ...options, passEnv })[name] === "value";
}

describe("the arguments", () => {
  it("are those of a lean CLI that speaks stream-json, with the model last", () => {
    assert.deepEqual(launchArguments("opus"), [
      "-p", "--input-format", "stream-json", "--output-format", "stream-json", "--verbose", "--include-partial-messages",
      "--tools", "", "--strict-mcp-config", "--setting-sources", "", "--settings", '{"includeCoAuthoredBy":false}', "--disable-slash-commands", "--no-session-persistence",
      "--permission-mode", "dontAsk", "--allowedTools", "mcp__client", "--thinking-display", "summarized", "--model", "opus",
    ]);
  });

  it("depend on the model and the machine's policy alone: nothing of a prompt can be in them", () => {
    assert.equal(launchArguments.length, 1);
    const without = launchArguments("opus").filter((argument) => argument !== "--strict-mcp-config");
    assert.deepEqual(launchArguments("opus", { hasServerPolicy: true }), without);
  });

  it("never ask for the modes that ignore the subscription's login", () => {
    assert.ok(!launchArguments("opus").includes("--bare"));
    assert.equal(own["CLAUDE_CODE_SIMPLE"], undefined);
  });
});

describe("the child's environment", () => {
  it("has these settings of its own", () => {
    assert.deepEqual(own, {
      CLAUDE_AGENT_SDK_MCP_NO_PREFIX: "1", ENABLE_TOOL_SEARCH: "false", CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      CLAUDE_CODE_DISABLE_TERMINAL_TITLE: "1", CLAUDE_CODE_DISABLE_ATTACHMENTS: "1", DISABLE_COMPACT: "1",
      CLAUDE_CODE_BLOCKING_LIMIT_OVERRIDE: "1000000000", DISABLE_AUTOUPDATER: "1", BUN_FEATURE_FLAG_NO_ORPHANS: "1",
      MAX_MCP_OUTPUT_TOKENS: "100000000", CLAUDE_CODE_MAX_RETRIES: "2",
    });
  });

  for (const name of [
    "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "ANTHROPIC_MODEL", "ANTHROPIC_CUSTOM_HEADERS",
    "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_SIMPLE", "CLAUDE_MAX_API_KEY", "NODE_OPTIONS", "OPENAI_API_KEY",
    "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "LD_PRELOAD", "CLAUDECODE", "SOMETHING_ELSE", "HOME2", "XHOME", "", "anthropic_api_key",
  ]) {
    it(`does not get ${name === "" ? "a nameless variable" : name}`, () => assert.equal(passes(name), false));
  }

  for (const name of [
    "HOME", "PATH", "Path", "LANG", "LC_ALL", "lc_ctype", "TZ", "CLAUDE_CONFIG_DIR", "CLAUDE_CODE_OAUTH_TOKEN", "HTTPS_PROXY", "https_proxy",
    "NODE_EXTRA_CA_CERTS", "USERPROFILE", "SystemRoot", "XDG_CONFIG_HOME",
  ]) {
    it(`gets ${name} as it is`, () => assert.equal(passes(name), true));
  }

  it("gets what is passed by name, and only that", () => {
    assert.equal(passes("ANTHROPIC_API_KEY", ["ANTHROPIC_API_KEY"]), true);
    assert.equal(passes("ANTHROPIC_BASE_URL", ["ANTHROPIC_API_KEY"]), false);
    // A name that the user gave is meant as written.
    assert.equal(passes("anthropic_api_key", ["ANTHROPIC_API_KEY"]), false);
  });

  it("gets it in any case where the system has none", () => {
    const passed = (platform: NodeJS.Platform): Record<string, string> => childEnvironment({ Made_Up: "1" }, { passEnv: ["MADE_UP"], maxRetries: 2 }, platform);
    assert.deepEqual([passed("win32")["Made_Up"], passed("linux")["Made_Up"]], ["1", undefined]);
  });

  it("holds no variable that is unset", () => {
    assert.deepEqual(childEnvironment({ HOME: undefined, EXTRA: undefined }, { passEnv: ["EXTRA"], maxRetries: 2 }), own);
  });

  it("cannot be talked out of its own settings", () => {
    const environment = childEnvironment({ ENABLE_TOOL_SEARCH: "true", CLAUDE_CODE_MAX_RETRIES: "10" }, { passEnv: ["ENABLE_TOOL_SEARCH", "CLAUDE_CODE_MAX_RETRIES"], maxRetries: 0 });
    assert.equal(environment["ENABLE_TOOL_SEARCH"], "false");
    assert.equal(environment["CLAUDE_CODE_MAX_RETRIES"], "0");
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createConfig, parseConfig } from "../../src/config/config.ts";
import { helpText, optionRows } from "../../src/config/help.ts";
import { type Config, ConfigError, logLevels, type ModelAlias } from "../../src/config/settings.ts";

const machine = { totalMemoryBytes: 16_000_000_000 };

function configOf(argv: readonly string[], env: Record<string, string | undefined> = {}, totalMemoryBytes = machine.totalMemoryBytes): Config {
  const parsed = parseConfig(argv, env, { totalMemoryBytes });
  assert.equal(parsed.kind, "config");
  return (parsed as { config: Config }).config;
}

function refusalOf(argv: readonly string[], env: Record<string, string | undefined> = {}): string {
  try {
    parseConfig(argv, env, machine);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    assert.equal(error.name, "ConfigError");
    assert.ok(!error.message.includes("\n"), "one line");
    return error.message;
  }
  return assert.fail(`${argv.join(" ")} was taken`);
}

describe("defaults", () => {
  it("hold when nothing is set", () => {
    assert.deepEqual(configOf([]), {
      host: "127.0.0.1",
      port: 3456,
      claude: "claude",
      passEnv: [],
      apiKey: undefined,
      allowedOrigins: [],
      defaultModel: "opus",
      logLevel: "info",
      demo: false,
      maxProcesses: 8,
      maxQueue: 100,
      warm: 1,
      conversationIdleSeconds: 300,
      maxRetries: 2,
      turnTimeoutSeconds: 300,
      headWaitSeconds: 15,
      heartbeatSeconds: 15,
      fetchImages: true,
      allowWebSearch: false, sessions: false,
      aliases: [],
      shutdownWaitSeconds: 10,
      maxBodyMegabytes: 64,
      stateDir: undefined,
      stateMaxMegabytes: 1_024,
      stateMaxDays: 30,
    });
  });

  for (const [totalMemoryBytes, processes] of [[0, 2], [1_000_000_000, 2], [2_400_000_000, 5], [3_680_000_000, 8], [1e12, 8]] as const) {
    it(`allow ${processes} processes in ${totalMemoryBytes / 1e9} GB`, () => {
      assert.equal(configOf([], {}, totalMemoryBytes).maxProcesses, processes);
    });
  }

  for (const [what, memoryLimitBytes, processes] of [
    ["a container's 2 GB", 2_000_000_000, 4], ["a container's 8 GB", 8_000_000_000, 8], ["a container's 1 MB", 1_000_000, 2],
    ["a limit of 0, which is none", 0, 8], ["a limit that is not known", undefined, 8],
    ["no limit, by cgroup v2", 18_446_744_073_709_552_000, 8], ["no limit, by cgroup v1", 9_223_372_036_854_771_712, 8],
  ] as const) {
    it(`allow ${processes} processes on a host of 1 TB with ${what}`, () => {
      const parsed = parseConfig([], {}, { totalMemoryBytes: 1e12, memoryLimitBytes });
      assert.equal(parsed.kind === "config" && parsed.config.maxProcesses, processes);
      assert.equal(createConfig({}, { totalMemoryBytes: 1e12, memoryLimitBytes }).maxProcesses, processes);
    });
  }

  it("are frozen, lists too", () => {
    const config = configOf(["--pass-env", "A", "--alias", "a=opus"]);
    for (const part of [config, config.passEnv, config.aliases, config.aliases[0]]) assert.ok(Object.isFrozen(part));
  });
});

describe("every option", () => {
  const samples: readonly (readonly [keyof Config, string, string, string, unknown])[] = [
    ["host", "--host", "CLAUDE_MAX_API_HOST", "::1", "::1"],
    ["port", "--port", "CLAUDE_MAX_API_PORT", "0", 0],
    ["claude", "--claude", "CLAUDE_MAX_API_CLAUDE", "/opt/my claude", "/opt/my claude"],
    ["passEnv", "--pass-env", "CLAUDE_MAX_API_PASS_ENV", "HTTPS_PROXY, NO_PROXY,HTTPS_PROXY", ["HTTPS_PROXY", "NO_PROXY"]],
    ["apiKey", "--api-key", "CLAUDE_MAX_API_KEY", "sk-abc", "sk-abc"],
    ["allowedOrigins", "--allowed-origin", "CLAUDE_MAX_API_ALLOWED_ORIGIN", "app://Obsidian.md, chrome-extension://*,app://obsidian.md", ["app://obsidian.md", "chrome-extension://*"]],
    ["defaultModel", "--default-model", "CLAUDE_MAX_API_DEFAULT_MODEL", "claude-opus-4-5[1m]", "claude-opus-4-5[1m]"],
    ["logLevel", "--log-level", "CLAUDE_MAX_API_LOG_LEVEL", "debug", "debug"],
    ["maxProcesses", "--max-processes", "CLAUDE_MAX_API_MAX_PROCESSES", "1000", 1000],
    ["maxQueue", "--max-queue", "CLAUDE_MAX_API_MAX_QUEUE", "0", 0],
    ["warm", "--warm", "CLAUDE_MAX_API_WARM", "0", 0],
    ["conversationIdleSeconds", "--conversation-idle", "CLAUDE_MAX_API_CONVERSATION_IDLE", "86400", 86_400],
    ["maxRetries", "--max-retries", "CLAUDE_MAX_API_MAX_RETRIES", "10", 10],
    ["turnTimeoutSeconds", "--turn-timeout", "CLAUDE_MAX_API_TURN_TIMEOUT", "86400", 86_400],
    ["headWaitSeconds", "--head-wait", "CLAUDE_MAX_API_HEAD_WAIT", "0.25", 0.25],
    ["heartbeatSeconds", "--heartbeat", "CLAUDE_MAX_API_HEARTBEAT", "0.5", 0.5],
    ["fetchImages", "--fetch-images", "CLAUDE_MAX_API_FETCH_IMAGES", "off", false],
    ["allowWebSearch", "--allow-web-search", "CLAUDE_MAX_API_ALLOW_WEB_SEARCH", "yes", true],
    ["sessions", "--sessions", "CLAUDE_MAX_API_SESSIONS", "yes", true],
    ["aliases", "--alias", "CLAUDE_MAX_API_ALIAS", "gpt-4o=sonnet, o3=opus@high", [{ name: "gpt-4o", model: "sonnet" }, { name: "o3", model: "opus", effort: "high" }]],
    ["shutdownWaitSeconds", "--shutdown-wait", "CLAUDE_MAX_API_SHUTDOWN_WAIT", "3600", 3600],
    ["maxBodyMegabytes", "--max-body", "CLAUDE_MAX_API_MAX_BODY", "1", 1],
    ["stateDir", "--state-dir", "CLAUDE_MAX_API_STATE_DIR", "/srv/my state", "/srv/my state"],
    ["stateMaxMegabytes", "--state-max", "CLAUDE_MAX_API_STATE_MAX", "16", 16],
    ["stateMaxDays", "--state-days", "CLAUDE_MAX_API_STATE_DAYS", "365", 365],
    ["demo", "--demo", "CLAUDE_MAX_API_DEMO", "yes", true],
  ];

  for (const [name, flag, env, text, value] of samples) {
    it(`${name} is read from ${flag}= and ${env}`, () => {
      assert.deepEqual(configOf([`${flag}=${text}`])[name], value);
      assert.deepEqual(configOf([], { [env]: text })[name], value);
      if (typeof value !== "boolean") assert.deepEqual(configOf([flag, text])[name], value);
    });
  }

  it("has a sample here and a row in the README's table", () => {
    const named = samples.map(([name]) => name).sort();
    assert.deepEqual(optionRows().map((row) => row.name).sort(), named);
    assert.deepEqual(Object.keys(configOf([])).sort(), named);
    for (const [name, flag, env] of samples) {
      const row = optionRows().find((candidate) => candidate.name === name);
      assert.ok(row?.flag.startsWith(flag), flag);
      assert.equal(row?.env, env);
    }
  });
});

describe("the command line", () => {
  it("wins over the environment", () => {
    assert.equal(configOf(["--port", "1"], { CLAUDE_MAX_API_PORT: "2" }).port, 1);
    assert.deepEqual(configOf(["--pass-env", "A"], { CLAUDE_MAX_API_PASS_ENV: "B" }).passEnv, ["A"]);
    assert.equal(configOf(["--demo=false"], { CLAUDE_MAX_API_DEMO: "1" }).demo, false);
  });

  it("takes a bare number as the port, in the first place only", () => {
    assert.equal(configOf(["8080", "--demo"]).port, 8080);
    assert.equal(refusalOf(["--demo", "8080"]), "argument 2: expected a flag such as --port");
    assert.equal(refusalOf(["70000"]), '--port: expected a whole number from 0 to 65535, got "70000"');
  });

  it("adds up --allowed-origin, each once", () => {
    const { allowedOrigins } = configOf(["--allowed-origin", "https://a.example,app://obsidian.md", "--allowed-origin=chrome-extension://*,https://a.example"]);
    assert.deepEqual(allowedOrigins, ["https://a.example", "app://obsidian.md", "chrome-extension://*"]);
    assert.ok(Object.isFrozen(allowedOrigins));
  });

  it("adds up --pass-env and lets the last of any other flag win", () => {
    assert.deepEqual(configOf(["--pass-env", "A,B", "--pass-env=C"]).passEnv, ["A", "B", "C"]);
    assert.equal(configOf(["--port", "1", "--port", "2"]).port, 2);
  });

  it("keeps what follows the first = of a value", () => {
    assert.equal(configOf(["--api-key=--a=b"]).apiKey, "--a=b");
    // One key, so that no process ever serves two: with several, they would have to be a part of what it was told.
    assert.equal(configOf(["--api-key", "first", "--api-key", "second"]).apiKey, "second");
  });

  it("treats an empty variable as not set", () => {
    assert.equal(configOf([], { CLAUDE_MAX_API_PORT: "", CLAUDE_MAX_API_HOST: undefined }).port, 3456);
  });

  it("asks for help or the version before anything is checked", () => {
    assert.deepEqual(parseConfig(["--port", "abc", "-h"], {}, machine), { kind: "help" });
    assert.deepEqual(parseConfig(["--help"], {}, machine), { kind: "help" });
    assert.deepEqual(parseConfig(["--version"], { CLAUDE_MAX_API_PORT: "x" }, machine), { kind: "version" });
    assert.deepEqual(parseConfig(["-v"], {}, machine), { kind: "version" });
  });
});

describe("an alias", () => {
  const forms: readonly (readonly [string, ModelAlias])[] = [
    ["gpt-4o=sonnet", { name: "gpt-4o", model: "sonnet" }],
    ["openai/gpt-4o:free=claude-opus-4-5[1m]", { name: "openai/gpt-4o:free", model: "claude-opus-4-5[1m]" }],
    ...(["low", "medium", "high", "xhigh", "max"] as const).map((effort) => [`o3=opus@${effort}`, { name: "o3", model: "opus", effort }] as const),
    ["quick=opus@none", { name: "quick", model: "opus", thinking: { type: "disabled" } }],
    ["deep=opus@0", { name: "deep", model: "opus", thinking: { type: "disabled" } }],
    ["deep=opus@9999999", { name: "deep", model: "opus", thinking: { type: "enabled", budgetTokens: 9_999_999 } }],
  ];
  for (const [text, alias] of forms) {
    it(`is written ${text}, and an embedder may say the same`, () => {
      assert.deepEqual(configOf([`--alias=${text}`]).aliases, [alias]);
      assert.deepEqual(configOf(["--alias", text]).aliases, [alias]);
      assert.deepEqual(createConfig({ aliases: [alias] }, machine).aliases, [alias]);
    });
  }

  it("adds up over flags and commas, and the flag wins over the variable", () => {
    assert.deepEqual(configOf(["--alias", "a=opus,b=haiku", "--alias=c=opus"], { CLAUDE_MAX_API_ALIAS: "d=opus" }).aliases.map(({ name }) => name), ["a", "b", "c"]);
  });

  const expected = "expected NAME=MODEL or NAME=MODEL@EFFORT, such as gpt-4o=sonnet";
  for (const text of ["gpt-4o", "=opus", "a=", "a=--evil", "a=opus@", "a=opus@hard", "a=opus@High", "a=opus@99999999", "a=opus@-1", "a b=opus", "a=op us", "a=opus,", ",a=opus", "a=opus,b", `${"n".repeat(129)}=opus`]) {
    it(`is not written ${text.slice(0, 30)}`, () => assert.ok(refusalOf([`--alias=${text}`]).startsWith(`--alias: ${expected}, got "`)));
  }

  for (const alias of [null, "a=opus", {}, { name: "a" }, { model: "opus" }, { name: 1, model: "opus" }, { name: "a", model: ["opus"] }, { name: "a", model: "--evil" }, { name: "a b", model: "opus" },
    { name: "a", model: "opus", effort: "hard" }, { name: "a", model: "opus", effort: "none" }, { name: "a", model: "opus", effort: "7" }, { name: "a", model: "opus", thinking: { type: "enabled", budgetTokens: "7" } },
    { name: "a", model: "opus", thinking: { type: "enabled", budgetTokens: -1 } }, { name: "a", model: "opus", thinking: { type: "enabled", budgetTokens: 1.5 } }, { name: "a", model: "opus", effort: "low", thinking: { type: "enabled", budgetTokens: 5 } }, { name: "a", model: "opus", thinking: { type: "adaptive" } }, { name: "a", model: "opus", thinking: null }, { name: "a", model: "opus@high" }]) {
    it(`is not ${JSON.stringify(alias)} of an embedder's`, () => {
      assert.throws(() => createConfig({ aliases: [alias] as unknown as ModelAlias[] }, machine), { name: "ConfigError", message: `aliases: ${expected}, got object` });
    });
  }
});

describe("a refusal", () => {
  const refused: readonly (readonly [string[], string])[] = [
    [["--port", "abc"], '--port: expected a whole number from 0 to 65535, got "abc"'],
    [["--port=-1"], '--port: expected a whole number from 0 to 65535, got "-1"'],
    [["--port=1e3"], '--port: expected a whole number from 0 to 65535, got "1e3"'],
    [["--port"], "--port: expected a whole number from 0 to 65535, got nothing"],
    [["--port", "--demo"], "--port: expected a whole number from 0 to 65535, got nothing"],
    [["--host", "[::1]"], '--host: expected a host name or an IP address, without brackets or port, got "[::1]"'],
    [["--host", "localhost:80"], '--host: expected a host name or an IP address, without brackets or port, got "localhost:80"'],
    [["--claude="], '--claude: expected a path or a command name, got ""'],
    [["--pass-env", "A,1B"], '--pass-env: expected names of environment variables, separated by commas, got "A,1B"'],
    ...["null", "*", "example.com", "https://*", "http://*", "file://*", "https://a.example/", "https://a.example/b", "https://u@a.example", "app://", "https://a.example,null", ""].map((origin) => [
      [`--allowed-origin=${origin}`],
      `--allowed-origin: expected origins such as https://chat.example.com, app://obsidian.md or chrome-extension://*, separated by commas, got "${origin}"`,
    ] as [string[], string]),
    [["--default-model=--evil"], '--default-model: expected a model name, such as opus, got "--evil"'],
    [["--log-level", "loud"], '--log-level: expected one of silent, error, warn, info, debug, got "loud"'],
    [["--demo=maybe"], '--demo: expected true or false, got "maybe"'],
    [["--max-processes", "0"], '--max-processes: expected a whole number from 1 to 1000, got "0"'],
    [["--head-wait", "601"], '--head-wait: expected a number from 0 to 600, got "601"'],
    [["--head-wait", "Infinity"], '--head-wait: expected a number from 0 to 600, got "Infinity"'],
    [["--heartbeat", "3601"], '--heartbeat: expected a number from 0 to 3600, got "3601"'],
    [["--fetch-images=maybe"], '--fetch-images: expected true or false, got "maybe"'],
    [["--warm", "101"], '--warm: expected a whole number from 0 to 100, got "101"'],
    [["--conversation-idle", "86401"], '--conversation-idle: expected a whole number from 0 to 86400, got "86401"'],
    [["--turn-timeout", "1.5"], '--turn-timeout: expected a whole number from 1 to 86400, got "1.5"'],
    [["--prot", "1"], 'unknown flag "--prot"; did you mean --port?'],
    [["--max-proc=3"], 'unknown flag "--max-proc"; did you mean --max-processes?'],
    [["--hepl"], 'unknown flag "--hepl"; did you mean --help?'],
    [["--zzzzzzzz"], 'unknown flag "--zzzzzzzz"; --help lists them'],
    [["-p", "1"], 'unknown flag "-p"; --help lists them'],
    [["serve"], "argument 1: expected a flag such as --port"],
  ];
  for (const [argv, message] of refused) {
    it(`of ${argv.join(" ")} says what was expected`, () => assert.equal(refusalOf(argv), message));
  }

  it("names the variable when that is where the value came from", () => {
    assert.equal(
      refusalOf([], { CLAUDE_MAX_API_MAX_QUEUE: "many" }),
      'CLAUDE_MAX_API_MAX_QUEUE: expected a whole number from 0 to 10000, got "many"',
    );
  });

  it("cuts a long value", () => {
    assert.ok(refusalOf(["--port", "x".repeat(5000)]).length < 200);
  });

  it("never shows the key", () => {
    const secret = "hunter two";
    for (const message of [
      refusalOf(["--api-key", secret]),
      refusalOf([], { CLAUDE_MAX_API_KEY: secret }),
      refusalOf(["--api-key", "abc", "hunter"]),
      refusalOf(["--api-kye", "hunter"]),
      refusalOf(["--api-kye=hunter"]),
      refusalOf(["--api-keyhunter"]),
    ]) {
      assert.ok(!message.includes("hunter"), message);
    }
    assert.equal(refusalOf(["--api-key", secret]), "--api-key: expected printable ASCII without spaces, not empty");
  });

  it("meets an empty key, which would leave the server open", () => {
    assert.equal(refusalOf([], { CLAUDE_MAX_API_KEY: "" }), "CLAUDE_MAX_API_KEY: expected printable ASCII without spaces, not empty");
    assert.equal(refusalOf(["--api-key="]), "--api-key: expected printable ASCII without spaces, not empty");
  });
});

describe("a host that others can reach", () => {
  const message =
    '--host: "0.0.0.0" can be reached by others, so an API key is needed: set CLAUDE_MAX_API_KEY or --api-key';

  it("needs an API key", () => {
    assert.equal(refusalOf(["--host", "0.0.0.0"]), message);
    assert.equal(refusalOf([], { CLAUDE_MAX_API_HOST: "0.0.0.0" }), message);
    assert.throws(() => createConfig({ host: "0.0.0.0" }, machine), { name: "ConfigError", message });
  });

  it("is taken with one", () => {
    assert.equal(configOf(["--host", "0.0.0.0"], { CLAUDE_MAX_API_KEY: "k" }).host, "0.0.0.0");
  });

  it("is anything but localhost, 127.0.0.0/8 and ::1", () => {
    for (const host of ["localhost", "127.9.9.9", "::1"]) assert.equal(configOf(["--host", host]).host, host);
    for (const host of ["::", "10.0.0.1", "my-machine"]) assert.match(refusalOf(["--host", host]), /API key is needed/);
  });
});

describe("createConfig", () => {
  it("fills in defaults and freezes", () => {
    const config = createConfig({ port: 0, passEnv: ["A", "A"], apiKey: undefined, demo: true, logLevel: "silent" }, machine);
    assert.deepEqual(config, { ...configOf([]), port: 0, passEnv: ["A"], demo: true, logLevel: "silent" });
    assert.ok(Object.isFrozen(config) && Object.isFrozen(config.passEnv));
  });

  it("checks as the command line does, and names the setting", () => {
    const refused: readonly (readonly [Record<string, unknown>, string])[] = [
      [{ port: "3456" }, 'port: expected a whole number from 0 to 65535, got "3456"'],
      [{ port: NaN }, "port: expected a whole number from 0 to 65535, got NaN"],
      [{ headWaitSeconds: NaN }, "headWaitSeconds: expected a number from 0 to 600, got NaN"],
      [{ demo: 1 }, "demo: expected true or false, got 1"],
      [{ passEnv: "A" }, 'passEnv: expected names of environment variables, separated by commas, got "A"'],
      [{ allowedOrigins: ["https://*"] }, "allowedOrigins: expected origins such as https://chat.example.com, app://obsidian.md or chrome-extension://*, separated by commas, got object"],
      [{ passEnv: [1] }, "passEnv: expected names of environment variables, separated by commas, got object"],
      [{ logLevel: "loud" }, 'logLevel: expected one of silent, error, warn, info, debug, got "loud"'],
      [{ apiKey: "two words" }, "apiKey: expected printable ASCII without spaces, not empty"],
      [{ claude: null }, "claude: expected a path or a command name, got object"],
      [{ maxQueue: 1n }, "maxQueue: expected a whole number from 0 to 10000, got bigint"],
      [{ prot: 1 }, 'unknown setting "prot"'],
    ];
    for (const [overrides, message] of refused) {
      assert.throws(() => createConfig(overrides as Partial<Config>, machine), { name: "ConfigError", message });
    }
  });
});

describe("the help text", () => {
  it("names every flag and variable, in lines that fit", () => {
    const text = helpText();
    for (const row of optionRows()) {
      assert.ok(text.includes(`  ${row.flag}\n`), row.flag);
      assert.ok(text.includes(`[${row.env}]`), row.env);
    }
    assert.ok(text.includes("  --help, -h\n") && text.includes("  --version, -v\n"));
    assert.ok(text.endsWith("\n"));
    for (const line of text.split("\n")) assert.ok(line.length <= 100, line);
  });

  it("shows defaults, and says where a key is safer", () => {
    const text = helpText().replace(/\s+/g, " ");
    assert.ok(text.includes("Default: 3456."));
    assert.ok(text.includes("Default: what fits in half of memory, 2 to 8."));
    assert.ok(text.includes("The environment variable is safer"));
    assert.ok(text.includes(logLevels.join(", ")));
  });
});

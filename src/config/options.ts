/** One table of the operator's settings. `Config`'s values, the `--help` text and the README's table come from it. */

import { type Config, logLevels, type Machine } from "./settings.ts";
import {
  folder, fraction, host, key, level, model, modelAliases, origins, path, type Sort, variableNames, wholeNumber,
  yesOrNo,
} from "./sorts.ts";

/** One setting: its names, its parser, its default and its help. */
export interface Option<T> {
  readonly flag: string;
  readonly env: string;
  readonly sort: Sort<T>;
  /** The flag may be given several times: the lists of values are concatenated. Otherwise the last one wins. */
  readonly repeatable?: boolean;
  readonly secret?: boolean;
  readonly defaultValue: (machine: Machine) => T;
  /** The default in words, for the help; needed where the value alone does not explain it. */
  readonly defaultText?: string;
  readonly help: string;
}

const processBytesTypical = 230_000_000;
const defaultProcessesMin = 2;
const defaultProcessesMax = 8;

/**
 * Even a slow refusal of the API comes within seconds. Until the response's head has come a client sees nothing, so the
 * wait is as long as `--heartbeat`: no silence of a stream is longer than another. How long clients wait is measured in
 * test/interop/late-heads.test.ts, and told in test/README.md; nginx as a proxy waits for 60 s.
 */
const headWaitSeconds = 15;

/** Every setting, in the order in which `--help` lists them. */
export const options: { readonly [Name in keyof Config]: Option<Config[Name]> } = {
  host: {
    flag: "--host", env: "CLAUDE_MAX_API_HOST", sort: host, defaultValue: () => "127.0.0.1",
    help: "Address to listen on. One that other machines can reach needs an API key.",
  },
  port: {
    flag: "--port", env: "CLAUDE_MAX_API_PORT", sort: wholeNumber(0, 65_535, "PORT"), defaultValue: () => 3456,
    help: "Port to listen on; 0 takes any free one. A number as the first argument means the same.",
  },
  claude: {
    flag: "--claude", env: "CLAUDE_MAX_API_CLAUDE", sort: path, defaultValue: () => "claude",
    help: "The Claude Code CLI: a path, or a name that is looked up on PATH.",
  },
  passEnv: {
    flag: "--pass-env", env: "CLAUDE_MAX_API_PASS_ENV",
    sort: variableNames, repeatable: true, defaultValue: () => [], defaultText: "none",
    help: "Further environment variables that the CLI gets to see. Repeatable.",
  },
  apiKey: {
    flag: "--api-key", env: "CLAUDE_MAX_API_KEY",
    sort: key, secret: true, defaultValue: () => undefined, defaultText: "none",
    help: "Key that clients must send. The environment variable is safer: other users can see a command line.",
  },
  allowedOrigins: {
    flag: "--allowed-origin", env: "CLAUDE_MAX_API_ALLOWED_ORIGIN",
    sort: origins, repeatable: true, defaultValue: () => [], defaultText: "none",
    help:
      "Origin of web pages that are served without an API key, besides this machine's own: app://obsidian.md, or " +
      "chrome-extension://* for all of such a scheme. With a key every page that has it is served. Repeatable, or " +
      "separated by commas.",
  },
  defaultModel: {
    flag: "--default-model", env: "CLAUDE_MAX_API_DEFAULT_MODEL", sort: model, defaultValue: () => "opus",
    help: "Model for a request that names none.",
  },
  logLevel: {
    flag: "--log-level", env: "CLAUDE_MAX_API_LOG_LEVEL", sort: level, defaultValue: () => "info",
    help: `How much to log: ${logLevels.join(", ")}.`,
  },
  demo: {
    flag: "--demo", env: "CLAUDE_MAX_API_DEMO", sort: yesOrNo, defaultValue: () => false,
    help: "Answer from a built-in stand-in for the CLI: needs no login and no network.",
  },
  maxProcesses: {
    flag: "--max-processes", env: "CLAUDE_MAX_API_MAX_PROCESSES",
    sort: wholeNumber(1, 1000, "COUNT"), defaultValue: processesThatFit,
    defaultText: `what fits in half of memory, ${defaultProcessesMin} to ${defaultProcessesMax}`,
    help:
      `How many claude processes at the same time, each with one turn; it takes about ` +
      `${processBytesTypical / 1_000_000} MB.`,
  },
  maxQueue: {
    flag: "--max-queue", env: "CLAUDE_MAX_API_MAX_QUEUE",
    sort: wholeNumber(0, 10_000, "COUNT"), defaultValue: () => 100,
    help: "How many requests may wait for a process; more are answered 429.",
  },
  warm: {
    flag: "--warm", env: "CLAUDE_MAX_API_WARM", sort: wholeNumber(0, 100, "COUNT"), defaultValue: () => 1,
    help:
      "How many booted processes wait for the next new conversation, and up to twice as many while that is too " +
      "few; so many for each model in use where the CLI cannot change a process's model. Fewer where used ones can " +
      "be emptied for it, and one in all when no request has come for 5 minutes. 0 turns that off.",
  },
  conversationIdleSeconds: {
    flag: "--conversation-idle", env: "CLAUDE_MAX_API_CONVERSATION_IDLE",
    sort: wholeNumber(0, 86_400, "SECONDS"), defaultValue: () => 300,
    help: "How long a conversation keeps its process after its last turn, in seconds; 0 turns that off.",
  },
  maxRetries: {
    flag: "--max-retries", env: "CLAUDE_MAX_API_MAX_RETRIES", sort: wholeNumber(0, 10, "COUNT"), defaultValue: () => 2,
    help: "How often the CLI retries a failed upstream request.",
  },
  turnTimeoutSeconds: {
    flag: "--turn-timeout", env: "CLAUDE_MAX_API_TURN_TIMEOUT",
    sort: wholeNumber(1, 86_400, "SECONDS"), defaultValue: () => 300,
    help: "Longest silence of the CLI inside a turn, in seconds.",
  },
  headWaitSeconds: {
    flag: "--head-wait", env: "CLAUDE_MAX_API_HEAD_WAIT", sort: fraction(0, 600, "SECONDS"),
    defaultValue: () => headWaitSeconds,
    help:
      "How long a response's head waits for the first piece of the answer, in seconds: a failure within it " +
      "keeps its HTTP status. While the CLI asks the API again after a failure, it is at least 30.",
  },
  heartbeatSeconds: {
    flag: "--heartbeat", env: "CLAUDE_MAX_API_HEARTBEAT", sort: fraction(0, 3600, "SECONDS"), defaultValue: () => 15,
    help:
      "How long a stream may be silent before an empty chunk goes out, in seconds, so that clients and proxies " +
      "keep waiting; 0 sends none.",
  },
  fetchImages: {
    flag: "--fetch-images", env: "CLAUDE_MAX_API_FETCH_IMAGES", sort: yesOrNo, defaultValue: () => true,
    help:
      "Whether images given by http(s) URL are fetched, from public addresses only. --fetch-images=false turns " +
      "that off.",
  },
  allowWebSearch: {
    flag: "--allow-web-search", env: "CLAUDE_MAX_API_ALLOW_WEB_SEARCH", sort: yesOrNo, defaultValue: () => false,
    help:
      "Whether the model may search the web, where a request asks for that. Anthropic runs the search, and may bill " +
      "it apart from the subscription.",
  },
  aliases: {
    flag: "--alias", env: "CLAUDE_MAX_API_ALIAS",
    sort: modelAliases, repeatable: true, defaultValue: () => [], defaultText: "none",
    help:
      "A further model name, for clients with hard-coded ones: gpt-4o=sonnet, or with an effort (low, medium, " +
      "high, xhigh, max, none) or a thinking budget in tokens, o3=opus@high. Repeatable, or separated by " +
      "commas.",
  },
  shutdownWaitSeconds: {
    flag: "--shutdown-wait", env: "CLAUDE_MAX_API_SHUTDOWN_WAIT",
    sort: wholeNumber(0, 3600, "SECONDS"), defaultValue: () => 10,
    help: "How long running answers may go on after SIGTERM or SIGINT, in seconds.",
  },
  maxBodyMegabytes: {
    flag: "--max-body", env: "CLAUDE_MAX_API_MAX_BODY", sort: wholeNumber(1, 1024, "MB"), defaultValue: () => 64,
    help: "Largest request body, in MB.",
  },
  sessions: {
    flag: "--sessions", env: "CLAUDE_MAX_API_SESSIONS", sort: yesOrNo, defaultValue: () => false,
    help:
      "Whether a chat request with the header x-session-id sends only what is new, and the server keeps the rest. " +
      "Some clients send that header with whole histories.",
  },
  stateDir: {
    flag: "--state-dir", env: "CLAUDE_MAX_API_STATE_DIR", sort: folder, defaultValue: () => undefined,
    defaultText: "none",
    help:
      "Folder in which stored responses and sessions outlive the server, for one server at a time. Needs Node 22.13 " +
      "or newer. " +
      "Without it nothing is written to disk.",
  },
  stateMaxMegabytes: {
    flag: "--state-max", env: "CLAUDE_MAX_API_STATE_MAX",
    sort: wholeNumber(16, 1_000_000, "MB"), defaultValue: () => 1_024,
    help: "How much --state-dir may hold, in MB; beyond it what was least recently used is removed.",
  },
  stateMaxDays: {
    flag: "--state-days", env: "CLAUDE_MAX_API_STATE_DAYS",
    sort: wholeNumber(1, 36_500, "DAYS"), defaultValue: () => 30,
    help: "How long --state-dir keeps something after its last use, in days.",
  },
};

/** A setting's name in the `Config`. */
export type OptionName = keyof Config;
/** The names of all settings, in the order of the table. */
export const optionNames = Object.keys(options) as readonly OptionName[];
/** A setting's row, without the type of its value: for code that treats all settings alike. */
export const optionOf = (name: OptionName): Option<unknown> => options[name];

/** Flags that are no settings: for one of them the program prints something and exits. */
export const ownFlags = [
  { flags: ["--help", "-h"], kind: "help", help: "Show this help." },
  { flags: ["--version", "-v"], kind: "version", help: "Show the version." },
] as const;

/** Counts how many processes fit in half of the memory (the container's, if limited), within bounds for one user. */
function processesThatFit({ totalMemoryBytes, memoryLimitBytes = 0 }: Machine): number {
  const memoryBytes = memoryLimitBytes > 0 ? Math.min(memoryLimitBytes, totalMemoryBytes) : totalMemoryBytes;
  const fitting = Math.floor(memoryBytes / 2 / processBytesTypical);
  return Math.min(defaultProcessesMax, Math.max(defaultProcessesMin, fitting));
}

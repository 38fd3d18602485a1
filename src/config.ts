/** What the operator may set, in one table: it gives the `Config`, the `--help` text and the README's table. */

import { isIP } from "node:net";
import { isLoopbackHost } from "./loopback.ts";
import type { Effort } from "./turn.ts";

export const logLevels = ["silent", "error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Every setting, checked and frozen. */
export interface Config {
  readonly host: string;
  /** 0 means any free port. */
  readonly port: number;
  /** A path, or a name that is looked up on PATH. */
  readonly claude: string;
  readonly passEnv: readonly string[];
  readonly apiKey: string | undefined;
  readonly defaultModel: string;
  readonly logLevel: LogLevel;
  readonly demo: boolean;
  readonly maxProcesses: number;
  readonly maxQueue: number;
  readonly warm: number;
  readonly conversationIdleSeconds: number;
  readonly maxRetries: number;
  readonly turnTimeoutSeconds: number;
  readonly headWaitSeconds: number;
  readonly heartbeatSeconds: number;
  readonly fetchImages: boolean;
  /** Further model names, each with what it stands for. */
  readonly aliases: readonly ModelAlias[];
  readonly shutdownWaitSeconds: number;
  readonly maxBodyMegabytes: number;
}

/** A further name for a model, with how hard it thinks when a request does not say. */
export interface ModelAlias {
  readonly name: string;
  readonly model: string;
  readonly effort?: Effort;
  readonly thinkingTokens?: number;
}

/** What defaults depend on; handed in, so that this file reads nothing of the machine. */
export interface Machine {
  readonly totalMemoryBytes: number;
}

export type ParsedConfig =
  | { readonly kind: "config"; readonly config: Config }
  | { readonly kind: "help" }
  | { readonly kind: "version" };

/** A setting that cannot be used. The message is one line, names the flag or variable, and holds no secret. */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ConfigError";
  }
}

/** How values of one sort are read from text and checked; `expected` completes the sentence "expected …". */
interface Sort<T> {
  readonly expected: string;
  /** What the value is called in `--help`; none for a flag that takes no value. */
  readonly placeholder?: string;
  fromText(text: string): T | undefined;
  accepts(value: unknown): boolean;
}

interface Option<T> {
  readonly flag: string;
  readonly env: string;
  readonly sort: Sort<T>;
  /** May be given several times, and the values add up. */
  readonly repeatable?: boolean;
  readonly secret?: boolean;
  readonly defaultValue: (machine: Machine) => T;
  /** The default in words, where the value alone does not say it. */
  readonly defaultText?: string;
  readonly help: string;
}

const processBytesTypical = 230_000_000;
const defaultProcessesMin = 2;
const defaultProcessesMax = 32;
const quotedCharactersMax = 60;
const suggestionEditsMax = 2;
const suggestionPrefixCharactersMin = 4;
const helpColumnsMax = 100;

const wholeNumber = (min: number, max: number, placeholder: string): Sort<number> => {
  const accepts = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= min && Number(value) <= max;
  return {
    expected: `a whole number from ${min} to ${max}`,
    placeholder,
    accepts,
    fromText: (text) => (/^\d+$/.test(text) && accepts(Number(text)) ? Number(text) : undefined),
  };
};

const fraction = (min: number, max: number, placeholder: string): Sort<number> => {
  const accepts = (value: unknown): boolean => typeof value === "number" && value >= min && value <= max;
  return {
    expected: `a number from ${min} to ${max}`,
    placeholder,
    accepts,
    fromText: (text) => (/^\d+(\.\d+)?$/.test(text) && accepts(Number(text)) ? Number(text) : undefined),
  };
};

const textThat = (expected: string, placeholder: string, test: (text: string) => boolean): Sort<string> => ({
  expected,
  placeholder,
  accepts: (value) => typeof value === "string" && test(value),
  fromText: (text) => (test(text) ? text : undefined),
});

const yesOrNo: Sort<boolean> = {
  expected: "true or false",
  accepts: (value) => typeof value === "boolean",
  fromText: (text) => (/^(1|true|yes|on)$/i.test(text) ? true : /^(0|false|no|off)$/i.test(text) ? false : undefined),
};

const level: Sort<LogLevel> = {
  expected: `one of ${logLevels.join(", ")}`,
  placeholder: "LEVEL",
  accepts: (value) => logLevels.some((known) => known === value),
  fromText: (text) => logLevels.find((known) => known === text),
};

const isVariableName = (name: unknown): boolean => typeof name === "string" && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);

const variableNames: Sort<readonly string[]> = {
  expected: "names of environment variables, separated by commas",
  placeholder: "NAME[,NAME...]",
  accepts: (value) => Array.isArray(value) && value.every(isVariableName),
  fromText: (text) => {
    const names = text.split(",").map((name) => name.trim());
    return names.every(isVariableName) ? names : undefined;
  },
};

const aliasForm = /^([\w.:/[\]-]{1,128})=([A-Za-z0-9][\w.:[\]-]*)(?:@(low|medium|high|xhigh|max|none|\d{1,7}))?$/;

function parseAlias(text: string): ModelAlias | undefined {
  const [, name, aliased, how] = aliasForm.exec(text) ?? [];
  if (name === undefined || aliased === undefined) return undefined;
  if (how === undefined) return { name, model: aliased };
  if (how === "none") return { name, model: aliased, thinkingTokens: 0 };
  return /^\d/.test(how) ? { name, model: aliased, thinkingTokens: Number(how) } : { name, model: aliased, effort: how as Effort };
}

/** An embedder's own object may say no more than the text form can. */
function isAlias(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { name, model: aliased, effort, thinkingTokens } = value as Partial<ModelAlias>;
  if (typeof name !== "string" || typeof aliased !== "string") return false;
  const how = effort ?? (thinkingTokens === 0 ? "none" : thinkingTokens);
  const read = parseAlias(`${name}=${aliased}${how === undefined ? "" : `@${String(how)}`}`);
  return read?.name === name && read.model === aliased && read.effort === effort && read.thinkingTokens === thinkingTokens;
}

const modelAliases: Sort<readonly ModelAlias[]> = {
  expected: "NAME=MODEL or NAME=MODEL@EFFORT, such as gpt-4o=sonnet",
  placeholder: "NAME=MODEL[@EFFORT]",
  accepts: (value) => Array.isArray(value) && value.every(isAlias),
  fromText: (text) => {
    const aliases = text.split(",").map((part) => parseAlias(part.trim()));
    return aliases.every((alias) => alias !== undefined) ? aliases : undefined;
  },
};

const host = textThat("a host name or an IP address, without brackets or port", "HOST", (text) =>
  isIP(text) !== 0 || /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(text));
const path = textThat("a path or a command name", "PATH", (text) => text.length > 0 && !text.includes("\0"));
const key = textThat("printable ASCII without spaces, not empty", "KEY", (text) => /^[\x21-\x7e]+$/.test(text));
// It becomes the value after the CLI's --model, so it must not look like a flag.
const model = textThat("a model name, such as opus", "MODEL", (text) => /^[A-Za-z0-9][\w.:/@[\]-]*$/.test(text));

const options: { readonly [Name in keyof Config]: Option<Config[Name]> } = {
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
    flag: "--pass-env", env: "CLAUDE_MAX_API_PASS_ENV", sort: variableNames, repeatable: true, defaultValue: () => [], defaultText: "none",
    help: "Further environment variables that the CLI gets to see. Repeatable.",
  },
  apiKey: {
    flag: "--api-key", env: "CLAUDE_MAX_API_KEY", sort: key, secret: true, defaultValue: () => undefined, defaultText: "none",
    help: "Key that clients must send. The environment variable is safer: other users can see a command line.",
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
    flag: "--max-processes", env: "CLAUDE_MAX_API_MAX_PROCESSES", sort: wholeNumber(1, 1000, "COUNT"), defaultValue: processesThatFit,
    defaultText: `what fits in half of memory, ${defaultProcessesMin} to ${defaultProcessesMax}`,
    help: `How many claude processes at the same time; each takes about ${processBytesTypical / 1_000_000} MB.`,
  },
  maxQueue: {
    flag: "--max-queue", env: "CLAUDE_MAX_API_MAX_QUEUE", sort: wholeNumber(0, 10_000, "COUNT"), defaultValue: () => 100,
    help: "How many requests may wait for a process; more are answered 429.",
  },
  warm: {
    flag: "--warm", env: "CLAUDE_MAX_API_WARM", sort: wholeNumber(0, 100, "COUNT"), defaultValue: () => 2,
    help: "How many booted processes wait for the next new conversation, for each model in use; 0 turns that off.",
  },
  conversationIdleSeconds: {
    flag: "--conversation-idle", env: "CLAUDE_MAX_API_CONVERSATION_IDLE", sort: wholeNumber(0, 86_400, "SECONDS"), defaultValue: () => 900,
    help: "How long a conversation keeps its process after its last turn, in seconds; 0 turns that off.",
  },
  maxRetries: {
    flag: "--max-retries", env: "CLAUDE_MAX_API_MAX_RETRIES", sort: wholeNumber(0, 10, "COUNT"), defaultValue: () => 2,
    help: "How often the CLI retries a failed upstream request.",
  },
  turnTimeoutSeconds: {
    flag: "--turn-timeout", env: "CLAUDE_MAX_API_TURN_TIMEOUT", sort: wholeNumber(1, 86_400, "SECONDS"), defaultValue: () => 300,
    help: "Longest silence of the CLI inside a turn, in seconds.",
  },
  headWaitSeconds: {
    flag: "--head-wait", env: "CLAUDE_MAX_API_HEAD_WAIT", sort: fraction(0, 600, "SECONDS"), defaultValue: () => 1,
    help: "How long a response's head waits for the first piece of the answer, in seconds: a failure within it keeps its HTTP status.",
  },
  heartbeatSeconds: {
    flag: "--heartbeat", env: "CLAUDE_MAX_API_HEARTBEAT", sort: fraction(0, 3600, "SECONDS"), defaultValue: () => 15,
    help: "How long a stream may be silent before an empty chunk goes out, in seconds, so that clients and proxies keep waiting; 0 sends none.",
  },
  fetchImages: {
    flag: "--fetch-images", env: "CLAUDE_MAX_API_FETCH_IMAGES", sort: yesOrNo, defaultValue: () => true,
    help: "Whether images given by http(s) URL are fetched, from public addresses only. --fetch-images=false turns that off.",
  },
  aliases: {
    flag: "--alias", env: "CLAUDE_MAX_API_ALIAS", sort: modelAliases, repeatable: true, defaultValue: () => [], defaultText: "none",
    help: "A further model name, for clients with hard-coded ones: gpt-4o=sonnet, or with an effort (low, medium, high, xhigh, max, none) or a thinking budget in tokens, o3=opus@high. Repeatable, or separated by commas.",
  },
  shutdownWaitSeconds: {
    flag: "--shutdown-wait", env: "CLAUDE_MAX_API_SHUTDOWN_WAIT", sort: wholeNumber(0, 3600, "SECONDS"), defaultValue: () => 10,
    help: "How long running answers may go on after SIGTERM or SIGINT, in seconds.",
  },
  maxBodyMegabytes: {
    flag: "--max-body", env: "CLAUDE_MAX_API_MAX_BODY", sort: wholeNumber(1, 1024, "MB"), defaultValue: () => 64,
    help: "Largest request body, in MB.",
  },
};

type OptionName = keyof Config;
const optionNames = Object.keys(options) as readonly OptionName[];
const optionOf = (name: OptionName): Option<unknown> => options[name];

const ownFlags = [
  { flags: ["--help", "-h"], kind: "help", help: "Show this help." },
  { flags: ["--version", "-v"], kind: "version", help: "Show the version." },
] as const;

/** How many processes fit in half of the machine's memory, within bounds that suit one user. */
function processesThatFit({ totalMemoryBytes }: Machine): number {
  const fitting = Math.floor(totalMemoryBytes / 2 / processBytesTypical);
  return Math.min(defaultProcessesMax, Math.max(defaultProcessesMin, fitting));
}

/**
 * Reads the command line (without node and script) and the environment; flags win over variables.
 * An empty variable counts as not set, except the key's: a key that came out empty by mistake must not leave the server open.
 * Throws `ConfigError`.
 */
export function parseConfig(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  machine: Machine,
): ParsedConfig {
  for (const { flags, kind } of ownFlags) {
    if (flags.some((flag) => argv.includes(flag))) return { kind };
  }
  const given = new Map([...readEnvironment(env), ...readArguments(argv)]);
  return { kind: "config", config: complete(given, machine) };
}

/** A checked, frozen config for a program that embeds the server; what is left out gets its default. Throws `ConfigError`. */
export function createConfig(overrides: Partial<Config>, machine: Machine): Config {
  const given = new Map<OptionName, unknown>();
  for (const [name, value] of Object.entries(overrides)) {
    const known = optionNames.find((option) => option === name);
    if (known === undefined) throw new ConfigError(`unknown setting ${quote(name)}`);
    if (value === undefined) continue;
    const option = optionOf(known);
    if (!option.sort.accepts(value)) throw refusal(known, option, value);
    given.set(known, value);
  }
  return complete(given, machine);
}

/** The table as text, for README and service help. */
export function optionRows(): readonly {
  readonly name: string;
  readonly flag: string;
  readonly env: string;
  readonly default: string;
  readonly help: string;
}[] {
  return optionNames.map((name) => {
    const { flag, env, sort, help, defaultText, defaultValue } = optionOf(name);
    return {
      name,
      flag: sort.placeholder === undefined ? flag : `${flag} ${sort.placeholder}`,
      env,
      default: defaultText ?? String(defaultValue({ totalMemoryBytes: 0 })),
      help,
    };
  });
}

/** What `--help` prints; ends with a newline. */
export function helpText(): string {
  const rows = [
    ...optionRows().map((row) => ({ flag: row.flag, text: `${row.help} Default: ${row.default}. [${row.env}]` })),
    ...ownFlags.map(({ flags, help }) => ({ flag: flags.join(", "), text: help })),
  ];
  const indent = " ".repeat(6);
  const lines = rows.flatMap(({ flag, text }) => [`  ${flag}`, ...wrap(text, helpColumnsMax - indent.length).map((line) => indent + line)]);
  return [
    "Usage: claude-max-api [PORT] [options]",
    "",
    "Serves your Claude subscription as OpenAI's API, through the official claude CLI.",
    "",
    "Options (each may also be set by the environment variable in brackets; the flag wins):",
    ...lines,
    "",
  ].join("\n");
}

function readEnvironment(env: Readonly<Record<string, string | undefined>>): Map<OptionName, unknown> {
  const given = new Map<OptionName, unknown>();
  for (const name of optionNames) {
    const option = optionOf(name);
    const text = env[option.env];
    if (text === undefined || (text === "" && option.secret !== true)) continue;
    given.set(name, readText(option.env, option, text));
  }
  return given;
}

function readArguments(argv: readonly string[]): Map<OptionName, unknown> {
  const given = new Map<OptionName, unknown>();
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index] ?? "";
    if (index === 0 && /^\d+$/.test(argument)) {
      given.set("port", readText("--port", options.port, argument));
      continue;
    }
    // Not quoted: it may be the rest of a key that was split at a space.
    if (!argument.startsWith("-")) throw new ConfigError(`argument ${index + 1}: expected a flag such as --port`);
    const equals = argument.indexOf("=");
    const flag = equals === -1 ? argument : argument.slice(0, equals);
    const name = optionNames.find((candidate) => options[candidate].flag === flag);
    if (name === undefined) throw unknownFlag(flag);
    const option = optionOf(name);
    let text: string | undefined;
    if (equals !== -1) text = argument.slice(equals + 1);
    else if (option.sort.placeholder === undefined) text = "true";
    else {
      index += 1;
      text = argv[index];
    }
    // `--port --demo` is a forgotten value; one that does begin so can be given as `--api-key=--…`.
    if (text === undefined || (equals === -1 && text.startsWith("--"))) {
      throw new ConfigError(`${flag}: expected ${option.sort.expected}, got nothing`);
    }
    const value = readText(flag, option, text);
    const earlier = given.get(name);
    given.set(name, option.repeatable === true && Array.isArray(earlier) && Array.isArray(value) ? [...earlier, ...value] : value);
  }
  return given;
}

function readText(label: string, option: Option<unknown>, text: string): unknown {
  const value = option.sort.fromText(text);
  if (value === undefined) throw refusal(label, option, text);
  return value;
}

function complete(given: ReadonlyMap<OptionName, unknown>, machine: Machine): Config {
  const values = Object.fromEntries(
    optionNames.map((name) => [name, given.has(name) ? given.get(name) : optionOf(name).defaultValue(machine)]),
  );
  // Every value came through its option's sort, or is its default.
  const config = values as unknown as Config;
  if (config.apiKey === undefined && !isLoopbackHost(config.host)) {
    throw new ConfigError(
      `${options.host.flag}: ${quote(config.host)} can be reached by others, so an API key is needed: set ${options.apiKey.env} or ${options.apiKey.flag}`,
    );
  }
  return Object.freeze({
    ...config,
    passEnv: Object.freeze([...new Set(config.passEnv)]),
    aliases: Object.freeze(config.aliases.map((alias) => Object.freeze({ ...alias }))),
  });
}

function refusal(label: string, option: Option<unknown>, value: unknown): ConfigError {
  const got = option.secret === true ? "" : `, got ${quote(value)}`;
  return new ConfigError(`${label}: expected ${option.sort.expected}${got}`);
}

function quote(value: unknown): string {
  // An embedder's object may be circular, long or hold the key: only its sort is told.
  const text = typeof value === "string" ? JSON.stringify(value) : typeof value === "number" ? String(value) : typeof value;
  return text.length > quotedCharactersMax ? `${text.slice(0, quotedCharactersMax)}...` : text;
}

function unknownFlag(flag: string): ConfigError {
  const known = [...optionNames.map((name) => options[name].flag), ...ownFlags.map(({ flags }) => flags[0])];
  const close = known
    .map((candidate) => ({
      candidate,
      edits: flag.length >= suggestionPrefixCharactersMin && candidate.startsWith(flag) ? 0 : editDistance(flag, candidate),
    }))
    .filter(({ edits }) => edits <= suggestionEditsMax)
    .sort((a, b) => a.edits - b.edits)[0];
  // `--api-keyVALUE`: what follows is the key.
  const secretFlag = options.apiKey.flag;
  const shown = flag.startsWith(secretFlag) ? `${secretFlag}...` : flag;
  return new ConfigError(`unknown flag ${quote(shown)}${close === undefined ? "; --help lists them" : `; did you mean ${close.candidate}?`}`);
}

/** Levenshtein's distance; a flag far longer than any known one is not worth the table. */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > suggestionEditsMax) return Infinity;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? Infinity;
}

function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

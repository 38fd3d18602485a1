/** Reads settings from the command line, the environment or an embedding program; checks and freezes them. */

import { isLoopbackHost } from "../loopback.ts";
import { type Option, optionNames, optionOf, type OptionName, options, ownFlags } from "./options.ts";
import { type Config, ConfigError, type Machine } from "./settings.ts";

const quotedCharactersMax = 60;
const suggestionEditsMax = 2;
const suggestionPrefixCharactersMin = 4;

/** The result of parsing: a config, or the request to print help or version. */
export type ParsedConfig =
  | { readonly kind: "config"; readonly config: Config }
  | { readonly kind: "help" }
  | { readonly kind: "version" };

/**
 * Parses the command line (without node and script) and the environment. Flags win over variables. An empty variable
 * counts as not set. The API key's variable is the exception: an empty key is refused, because ignoring it would start
 * a server without a key. Throws `ConfigError`.
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

/** Makes a checked, frozen config for an embedding program. Omitted settings get defaults. Throws `ConfigError`. */
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
    // The message does not quote the argument: it may be the rest of a key that was split at a space.
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
    // `--port --demo` lacks the port's value. A value that itself begins with `--` must be given as `--api-key=--…`.
    if (text === undefined || (equals === -1 && text.startsWith("--"))) {
      throw new ConfigError(`${flag}: expected ${option.sort.expected}, got nothing`);
    }
    const value = readText(flag, option, text);
    const earlier = given.get(name);
    const addsUp = option.repeatable === true && Array.isArray(earlier) && Array.isArray(value);
    given.set(name, addsUp ? [...earlier, ...value] : value);
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
  // The cast is safe: every value was checked by its option's sort, or is the option's default.
  const config = values as unknown as Config;
  if (config.apiKey === undefined && !isLoopbackHost(config.host)) {
    const { flag, env } = options.apiKey;
    const reason = `${quote(config.host)} can be reached by others, so an API key is needed`;
    throw new ConfigError(`${options.host.flag}: ${reason}: set ${env} or ${flag}`);
  }
  return Object.freeze({
    ...config,
    passEnv: Object.freeze([...new Set(config.passEnv)]),
    allowedOrigins: Object.freeze([...new Set(config.allowedOrigins)]),
    aliases: Object.freeze(config.aliases.map((alias) => Object.freeze({ ...alias }))),
  });
}

function refusal(label: string, option: Option<unknown>, value: unknown): ConfigError {
  const got = option.secret === true ? "" : `, got ${quote(value)}`;
  return new ConfigError(`${label}: expected ${option.sort.expected}${got}`);
}

function quote(value: unknown): string {
  const text = shownValue(value);
  return text.length > quotedCharactersMax ? `${text.slice(0, quotedCharactersMax)}...` : text;
}

/** Shows strings and numbers. Of any other value it shows the type only: an object may be circular or hold the key. */
function shownValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  return typeof value === "number" ? String(value) : typeof value;
}

function unknownFlag(flag: string): ConfigError {
  const known = [...optionNames.map((name) => options[name].flag), ...ownFlags.map(({ flags }) => flags[0])];
  const close = known
    .map((candidate) => {
      const isPrefix = flag.length >= suggestionPrefixCharactersMin && candidate.startsWith(flag);
      return { candidate, edits: isPrefix ? 0 : editDistance(flag, candidate) };
    })
    .filter(({ edits }) => edits <= suggestionEditsMax)
    .sort((a, b) => a.edits - b.edits)[0];
  // In `--api-keyVALUE` the space is missing. VALUE is the key, so it is not shown.
  const secretFlag = options.apiKey.flag;
  const shown = flag.startsWith(secretFlag) ? `${secretFlag}...` : flag;
  const hint = close === undefined ? "--help lists them" : `did you mean ${close.candidate}?`;
  return new ConfigError(`unknown flag ${quote(shown)}; ${hint}`);
}

/** Levenshtein distance; Infinity when the lengths alone differ by more than `suggestionEditsMax`. */
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

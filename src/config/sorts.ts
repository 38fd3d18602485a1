/** The sorts of values that settings have: for each, how text is parsed and a value is checked. */

import { isIP } from "node:net";
import type { Effort } from "../turn/turn.ts";
import { logLevels, type LogLevel, type ModelAlias } from "./settings.ts";

/** Parses and checks the values of one sort. `expected` completes the sentence "expected …" in an error. */
export interface Sort<T> {
  readonly expected: string;
  /** The value's name in `--help`, such as PORT; absent for a flag that takes no value. */
  readonly placeholder?: string;
  fromText(text: string): T | undefined;
  accepts(value: unknown): boolean;
}

/** A whole number from `min` to `max`, both included. */
export const wholeNumber = (min: number, max: number, placeholder: string): Sort<number> => {
  const accepts = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= min && Number(value) <= max;
  return {
    expected: `a whole number from ${min} to ${max}`,
    placeholder,
    accepts,
    fromText: (text) => (/^\d+$/.test(text) && accepts(Number(text)) ? Number(text) : undefined),
  };
};

/** A number from `min` to `max`, both included; as text in decimal notation, without exponent or sign. */
export const fraction = (min: number, max: number, placeholder: string): Sort<number> => {
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

/** A boolean. As text, case does not matter: 1, true, yes, on; 0, false, no, off. */
export const yesOrNo: Sort<boolean> = {
  expected: "true or false",
  accepts: (value) => typeof value === "boolean",
  fromText: (text) => (/^(1|true|yes|on)$/i.test(text) ? true : /^(0|false|no|off)$/i.test(text) ? false : undefined),
};

/** A log level. */
export const level: Sort<LogLevel> = {
  expected: `one of ${logLevels.join(", ")}`,
  placeholder: "LEVEL",
  accepts: (value) => logLevels.some((known) => known === value),
  fromText: (text) => logLevels.find((known) => known === text),
};

const isVariableName = (name: unknown): boolean => typeof name === "string" && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);

const originForm = /^([a-z][a-z0-9+.-]*):\/\/(?:\*|[^\s/?#@*,]+)$/;
/** Schemes of which anybody can make a page: here `scheme://*` is refused, only whole origins can be named. */
const openSchemes: ReadonlySet<string | undefined> = new Set(["http", "https", "file", "data", "blob"]);

function isOrigin(text: unknown): boolean {
  const [, scheme] = typeof text === "string" ? originForm.exec(text) ?? [] : [];
  return scheme !== undefined && !(openSchemes.has(scheme) && String(text).endsWith("*"));
}

/** Origins of web pages. Browsers write them in lower case. */
export const origins: Sort<readonly string[]> = {
  expected: "origins such as https://chat.example.com, app://obsidian.md or chrome-extension://*, separated by commas",
  placeholder: "ORIGIN[,ORIGIN...]",
  accepts: (value) => Array.isArray(value) && value.every(isOrigin),
  fromText: (text) => {
    const all = text.toLowerCase().split(",").map((part) => part.trim());
    return all.every(isOrigin) ? all : undefined;
  },
};

/** Names of environment variables. */
export const variableNames: Sort<readonly string[]> = {
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
  if (how === "none") return { name, model: aliased, thinking: { type: "disabled" } };
  const budgetTokens = /^\d/.test(how) ? Number(how) : undefined;
  if (budgetTokens === 0) return { name, model: aliased, thinking: { type: "disabled" } };
  if (budgetTokens !== undefined) return { name, model: aliased, thinking: { type: "enabled", budgetTokens } };
  return { name, model: aliased, effort: how as Effort };
}

/** Accepts an embedding program's object only if the text form `NAME=MODEL@EFFORT` could express the same. */
function isAlias(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { name, model: aliased, effort, thinking } = value as Partial<ModelAlias>;
  if (typeof name !== "string" || typeof aliased !== "string") return false;
  const how = effort ?? thinkingWord(thinking);
  const read = parseAlias(`${name}=${aliased}${how === undefined ? "" : `@${how}`}`);
  if (read?.name !== name || read.model !== aliased || read.effort !== effort) return false;
  return thinkingWord(read.thinking) === thinkingWord(thinking);
}

/**
 * The word for an alias's thinking in its text form. Undefined if the alias sets none; `?`, which no alias can have, if
 * it is malformed.
 */
function thinkingWord(thinking: unknown): string | undefined {
  if (thinking === undefined) return undefined;
  if (typeof thinking !== "object" || thinking === null) return "?";
  const { type, budgetTokens } = thinking as Partial<Record<"type" | "budgetTokens", unknown>>;
  if (type === "disabled") return "none";
  return type === "enabled" && typeof budgetTokens === "number" && budgetTokens > 0 ? String(budgetTokens) : "?";
}

/** Further model names, each with the model that it stands for. */
export const modelAliases: Sort<readonly ModelAlias[]> = {
  expected: "NAME=MODEL or NAME=MODEL@EFFORT, such as gpt-4o=sonnet",
  placeholder: "NAME=MODEL[@EFFORT]",
  accepts: (value) => Array.isArray(value) && value.every(isAlias),
  fromText: (text) => {
    const aliases = text.split(",").map((part) => parseAlias(part.trim()));
    return aliases.every((alias) => alias !== undefined) ? aliases : undefined;
  },
};

/** The address to listen on. */
export const host = textThat("a host name or an IP address, without brackets or port", "HOST", (text) =>
  isIP(text) !== 0 || /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(text));
/** A path to a file, or a command name that is looked up on PATH. */
export const path = textThat("a path or a command name", "PATH", (text) => text.length > 0 && !text.includes("\0"));
/** A path to a folder. */
export const folder = textThat("a path to a folder", "DIR", (text) => text.length > 0 && !text.includes("\0"));
/** An API key: text that an HTTP header can hold. */
export const key = textThat("printable ASCII without spaces, not empty", "KEY", (text) => /^[\x21-\x7e]+$/.test(text));
/** A model's name. It becomes the value after the CLI's --model, so it must not look like a flag. */
export const model = textThat("a model name, such as opus", "MODEL", (text) => /^[A-Za-z0-9][\w.:/@[\]-]*$/.test(text));

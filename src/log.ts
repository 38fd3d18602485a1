/** The log: one line per event, for people and for grep. Callers never pass it prompt text. */

import type { LogLevel } from "./config/settings.ts";

/** Facts about an event, appended to its line as `name=value`. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Each call writes one line, or none if its level is above the configured one. Undefined fields are left out. */
export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
}

const severity = { silent: 0, error: 1, warn: 2, info: 3, debug: 4 } as const satisfies Record<LogLevel, number>;
const lineCharactersMax = 8192;

/**
 * Makes a logger that passes each line to `write`, without a newline:
 * `2026-01-31T12:00:00.000Z info listening port=3456`.
 * Errors that `write` throws or rejects with are ignored: much is logged in timers and after an answer, where no caller
 * could handle them.
 */
export function createLogger(
  level: LogLevel, write: (line: string) => void, now: () => Date = () => new Date(),
): Logger {
  const at = (lineLevel: Exclude<LogLevel, "silent">) => {
    if (severity[lineLevel] > severity[level]) return () => {};
    return (message: string, fields: LogFields = {}): void => {
      try {
        const written: unknown = write(logLine(now(), lineLevel, message, fields));
        if (written instanceof Promise) written.catch(() => {});
      } catch {
        // A failure of the log cannot be logged.
      }
    };
  };
  return { error: at("error"), warn: at("warn"), info: at("info"), debug: at("debug") };
}

function logLine(time: Date, level: string, message: string, fields: LogFields): string {
  let line = `${time.toISOString()} ${level} ${message}`;
  for (const [key, value] of Object.entries(fields)) {
    if (value !== undefined) line += ` ${key}=${fieldValue(value)}`;
  }
  const escaped = escapeControls(line);
  return escaped.length > lineCharactersMax ? `${escaped.slice(0, lineCharactersMax)}...` : escaped;
}

function fieldValue(value: string | number | boolean): string {
  const text = String(value);
  return /^[\w.:/@%+,*()[\]{}~-]+$/.test(text) ? text : JSON.stringify(text);
}

/**
 * Escapes control characters in a log line. A newline in a message would forge a line, an escape sequence (C1's too)
 * would act on the terminal that shows it, and a bidi control would reorder the text. JSON quoting escapes C0 alone, so
 * this is applied to the whole line.
 */
function escapeControls(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (character) =>
    `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

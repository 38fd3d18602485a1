/** Renders the option table for people: as `--help` text, and as rows for the README. */

import { optionNames, optionOf, ownFlags } from "./options.ts";

const helpColumnsMax = 100;

/** The option table as rows of text, for the README's table and `--help`. */
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

/** The text that `--help` prints; ends with a newline. */
export function helpText(): string {
  const rows = [
    ...optionRows().map((row) => ({ flag: row.flag, text: `${row.help} Default: ${row.default}. [${row.env}]` })),
    ...ownFlags.map(({ flags, help }) => ({ flag: flags.join(", "), text: help })),
  ];
  const indent = " ".repeat(6);
  const lines = rows.flatMap(({ flag, text }) => {
    const wrapped = wrap(text, helpColumnsMax - indent.length);
    return [`  ${flag}`, ...wrapped.map((line) => indent + line)];
  });
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

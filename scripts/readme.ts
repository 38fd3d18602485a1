/**
 * Writes the tables of README.md, src/README.md, src/api/anthropic/README.md, src/claude/README.md and test/README.md.
 * With `--check` it writes nothing, and exits with 1 when one of them is not what the code says.
 *
 *     npx tsx scripts/readme.ts [--check]
 */
import { optionRows } from "../src/config/help.ts";
import { messagesFields } from "../src/api/anthropic/messages/fields.ts";
import { completionFields } from "../src/api/openai/completions/fields.ts";
import { chatFields } from "../src/api/openai/chat-completions/fields.ts";
import type { FieldTreatment } from "../src/api/field-treatment.ts";
import { responsesFields } from "../src/api/openai/responses/fields.ts";
import { readMatrix } from "./compat/matrix.ts";
import { addedWordsText } from "./readme-added-words.ts";
import { claudeSections } from "./readme-claude.ts";
import { knownFaultsText } from "./readme-known-faults.ts";
import { updateReadme } from "./readme-file.ts";
import { lateHeadsText } from "./readme-late-heads.ts";
import { refusalsText } from "./readme-refusals.ts";
import { roomsText } from "./readme-rooms.ts";
import { rulesText } from "./readme-rules.ts";
import { shapesText } from "./readme-shapes.ts";
import { table } from "./readme-table.ts";
import { troublesText } from "./readme-troubles.ts";

/** The generated text of each section, by its name. */
export function sections(): Readonly<Record<string, string>> {
  return {
    fields: fieldTable(chatFields),
    "responses-fields": fieldTable(responsesFields),
    "completions-fields": fieldTable(completionFields),
    shapes: shapesText(),
    options: optionTable(),
    "added-words": addedWordsText(),
    "known-faults": knownFaultsText(),
  };
}

/** The same of src/README.md. */
export function sourceSections(): Readonly<Record<string, string>> {
  return { rooms: roomsText() };
}

/** The same of src/api/anthropic/README.md. */
export function anthropicSections(): Readonly<Record<string, string>> {
  return { "messages-fields": fieldTable(messagesFields) };
}

/** The same of test/README.md. */
export function testSections(): Readonly<Record<string, string>> {
  return {
    rules: rulesText(), refusals: refusalsText(), "late-heads": lateHeadsText(), troubles: troublesText(),
  };
}

function optionTable(): string {
  const rows = optionRows().map(({ flag, env, default: value, help }) => [`\`${flag}\``, `\`${env}\``, value, help]);
  return table(["flag", "environment variable", "default", ""], rows);
}

function fieldTable(fields: readonly FieldTreatment[]): string {
  return table(["field", "", ""], fields.map(({ name, treatment, note }) => [`\`${name}\``, treatment, note]));
}

if (process.argv[1]?.endsWith("readme.ts") === true) {
  const args = process.argv.slice(2);
  const complaint = "is not what the code says: run npx tsx scripts/readme.ts";
  const files = {
    "README.md": sections(), "src/README.md": sourceSections(), "src/api/anthropic/README.md": anthropicSections(),
    "src/claude/README.md": claudeSections(readMatrix()), "test/README.md": testSections(),
  };
  const codes = Object.entries(files).map(([file, made]) =>
    updateReadme(args, made, `${file} ${complaint}`, new URL(`../${file}`, import.meta.url)));
  process.exitCode = Math.max(...codes);
}

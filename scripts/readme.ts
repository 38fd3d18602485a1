/**
 * Writes the README's tables of fields and options. With `--check` it writes nothing, and exits with 1 when the
 * README's tables are not what the code says.
 *
 *     npx tsx scripts/readme.ts [--check]
 */
import { optionRows } from "../src/config/help.ts";
import { chatFields } from "../src/api/openai/chat-completions/fields.ts";
import type { FieldTreatment } from "../src/api/field-treatment.ts";
import { responsesFields } from "../src/api/openai/responses/fields.ts";
import { addedWordsText } from "./readme-added-words.ts";
import { updateReadme } from "./readme-file.ts";
import { table } from "./readme-table.ts";

/** The generated text of each section, by its name. */
export function sections(): Readonly<Record<string, string>> {
  return {
    fields: fieldTable(chatFields),
    "responses-fields": fieldTable(responsesFields),
    options: optionTable(),
    "added-words": addedWordsText(),
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
  const complaint = "README.md is not what the code says: run npx tsx scripts/readme.ts";
  process.exitCode = updateReadme(process.argv.slice(2), sections(), complaint);
}

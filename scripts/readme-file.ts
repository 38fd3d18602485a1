/** The README as a file with generated sections, each between `<!-- name:begin -->` and `<!-- name:end -->`. */
import { readFileSync, writeFileSync } from "node:fs";

const mainPath = new URL("../README.md", import.meta.url);

/**
 * The README with its sections, by name, filled in. Pure.
 * Throws an Error when a section's marks are not there once each.
 */
export function fillIn(readme: string, sections: Readonly<Record<string, string>>): string {
  return Object.entries(sections).reduce((text, [name, section]) => {
    const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
    const from = onlyPlaceOf(text, begin);
    const to = onlyPlaceOf(text, end);
    if (from === undefined || to === undefined || to < from) {
      throw new Error(`the README must hold ${begin} and ${end} once each, in this order`);
    }
    return `${text.slice(0, from + begin.length)}\n${section}\n${text.slice(to)}`;
  }, readme);
}

/** Undefined when the mark is missing or is there twice. */
function onlyPlaceOf(text: string, mark: string): number | undefined {
  const place = text.indexOf(mark);
  return place === -1 || text.includes(mark, place + 1) ? undefined : place;
}

/**
 * Fills the sections in. With `--check` among the arguments it writes nothing, and prints `complaint` when the README
 * has other sections. Gives the exit code. Throws an Error for any other argument.
 */
export function updateReadme(
  args: readonly string[], sections: Readonly<Record<string, string>>, complaint: string, path = mainPath,
): number {
  const unknown = args.find((argument) => argument !== "--check");
  if (unknown !== undefined) throw new Error(`unknown argument ${unknown}; known is --check`);
  const before = readFileSync(path, "utf8");
  const after = fillIn(before, sections);
  if (!args.includes("--check")) {
    writeFileSync(path, after);
    return 0;
  }
  if (before === after) return 0;
  console.error(complaint);
  return 1;
}

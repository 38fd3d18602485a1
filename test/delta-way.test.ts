/** The table of src/README.md that tells the way of a delta names files, and functions in them, that there are. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { it } from "node:test";
import { fileURLToPath } from "node:url";

const src = fileURLToPath(new URL("../src/", import.meta.url));

it("the way of a delta, as src/README.md tells it, names what there is", async () => {
  const readme = await readFile(`${src}README.md`, "utf8");
  const table = /<!-- delta:begin -->\n([\s\S]*?)<!-- delta:end -->/u.exec(readme)?.[1] ?? "";
  const steps = table.split("\n").slice(2).filter(Boolean).map((row) => row.split("|").slice(1, 4).map((cell) => cell.trim()));
  const own = steps.filter(([, files]) => files !== "Node");
  assert.ok(own.length >= 8, "the table was found");
  for (const [names = "", files = ""] of own) {
    const sources = await Promise.all(namesIn(files).map((file) => readFile(src + file, "utf8")));
    assert.ok(sources.length > 0, files);
    for (const name of namesIn(names)) {
      const isDefined = new RegExp(`^ *(?:export )?(?:async )?(?:function )?\\*?#?${name}[(<]`, "mu");
      assert.ok(sources.some((source) => isDefined.test(source)), `${files} has no ${name}`);
    }
  }
});

/** What a cell has in backticks. */
function namesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/gu)].map(([, name = ""]) => name);
}

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { initialize, load, resolve } from "../../scripts/compiled/hooks.mjs";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Is not there any more where this file runs: what is below it stands in another line. */
interface Place {
  readonly file: string | undefined;
  readonly line: number;
}

describe("TypeScript as the tests run it", () => {
  it("has its errors tell of the file as it was written", () => {
    const [, file, line] = /\(?((?:file:\/\/)?[^\s()]+compiled\.test\.ts):(\d+):\d+/u.exec(new Error("here").stack ?? "") ?? [];
    const place: Place = { file: file?.startsWith("file:") === true ? fileURLToPath(file) : file, line: Number(line) };
    assert.equal(place.file, fileURLToPath(import.meta.url));
    assert.match(readFileSync(place.file ?? "", "utf8").split("\n")[place.line - 1] ?? "", /new Error\("here"\)/u);
  });
});

describe("a run's own loader", () => {
  it("takes the project's TypeScript, which it finds by its path, from where it was compiled, and leaves the rest to Node", async (t) => {
    const compiled = `${pathToFileURL(await temporaryFolder(t)).href}/`;
    initialize({ root: "file:///p/", compiled });
    const asked: string[] = [];
    const next = async (what: string): Promise<unknown> => asked.push(what);
    const parentURL = "file:///p/test/a.test.ts";
    assert.deepEqual(resolve("../src/b.ts", { parentURL }, next), { url: "file:///p/src/b.ts", format: "module", shortCircuit: true });
    await assert.rejects(load("file:///p/src/b.ts", {}, next), ({ code, path }: NodeJS.ErrnoException) => code === "ENOENT" && path?.endsWith("/src/b.js") === true);
    for (const specifier of ["node:fs", "openai", "./c.mjs"]) await resolve(specifier, { parentURL }, next);
    await resolve("./d.ts", { parentURL: "file:///elsewhere/e.ts" }, next);
    for (const url of ["file:///p/c.mjs", "file:///elsewhere/d.ts"]) await load(url, {}, next);
    assert.deepEqual(asked, ["node:fs", "openai", "./c.mjs", "./d.ts", "file:///p/c.mjs", "file:///elsewhere/d.ts"]);
  });
});

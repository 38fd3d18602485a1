import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { lines, readResults, restRows, section, tableText, usedRestRows } from "../../scripts/bench/readme-table.ts";
import { resultsFolder, row, type BenchResult } from "../../scripts/bench/result.ts";
import { fillIn } from "../../scripts/readme-file.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Every row that the table asks for, ours half of the reference's. */
function madeUpResults(warm = 1): Map<string, BenchResult> {
  const { bench: rest, ticks, rss, pss, server } = restRows;
  const processes = `its ${warm} CLI processes`;
  const atRest = [ticks, rss, pss].map((id) => row(id, id, id === ticks ? "ticks" : "MB", { [server]: [60], [processes]: [120] }));
  const { bench: used, ours, after, memory, processes: count } = usedRestRows;
  const usedAtRest = after.flatMap((questions) => [row(memory(questions), "memory", "MB", { [ours]: [300] }), row(count(questions), "processes", "count", { [ours]: [questions === 1 ? 1 : 2] })]);
  return new Map([...new Set(lines.map(({ bench }) => bench)), rest].map((name) => [name, {
    name, title: name, method: "None.", date: "2026-01-01", isQuick: false, rounds: 1, notes: [],
    machine: { cpu: "A CPU", cores: 2, memoryGigabytes: 4, os: "linux 6 x64", node: "v20.0.0" },
    versions: { "claude-max-api": "0.0.0", "some-reference": "1.2.3" },
    rows: name === rest ? atRest : [...name === used ? usedAtRest : [], ...lines.filter(({ bench }) => bench === name).map((line) => row(line.row, line.what, "ms", { [line.ours]: [4, 5, 6], [line.reference]: [10] }))],
  }]));
}

describe("the README's table", () => {
  it("shows both sides and their ratio, of every line", () => {
    const text = tableText(madeUpResults());
    for (const { what } of lines) assert.ok(text.includes(`| ${what} | 5.00 ms | 10.0 ms | 0.50 |`), what);
  });

  it("names the reference with its version, the machine and the day", () => {
    const text = tableText(madeUpResults());
    for (const part of ["some-reference 1.2.3", "A CPU, 2 cores", "2026-01-01"]) assert.ok(text.includes(part), part);
  });

  it("names the first and the last day where not all was measured on one", () => {
    const results = madeUpResults();
    const [one, other] = [...results.values()];
    results.set("relay", { ...one ?? assert.fail(), ...results.get("relay"), date: "2026-01-09" } as BenchResult);
    results.set("streams", { ...other ?? assert.fail(), ...results.get("streams"), date: "2025-12-31" } as BenchResult);
    assert.match(tableText(results), /; 2025-12-31 to 2026-01-09\. /u);
  });

  it("is none where results are of two machines, or of two versions of a program", () => {
    const usual = madeUpResults().get("relay") ?? assert.fail();
    const others: readonly Partial<BenchResult>[] = [
      { machine: { ...usual.machine, node: "v22.0.0" } }, { machine: { ...usual.machine, memoryGigabytes: 8 } },
      { versions: { ...usual.versions, "some-reference": "1.2.4" } }, { versions: { ...usual.versions, "claude-max-api": "0.0.1" } },
    ];
    for (const other of others) {
      const results = madeUpResults().set("relay", { ...usual, ...other });
      assert.throws(() => tableText(results), /, and relay with .*: measure one of them again$/u);
    }
    const further = { ...usual, versions: { ...usual.versions, CLI: "2.1.330 and 2.1.197" } };
    assert.doesNotThrow(() => tableText(madeUpResults().set("relay", further)), "a program that no other has");
  });

  it("tells what the server takes at rest", () => {
    assert.match(tableText(madeUpResults()), /with one warm process of CLI [\d.]+: the server takes 60\.0 MB and 1\.00 % of a core, the process 120 MB and 2\.00 %\./u);
    assert.match(tableText(madeUpResults()), / Server and processes together, five seconds after one conversation 300 MB with 1 process, after 50 conversations 300 MB with 2 processes\.$/mu);
    assert.match(tableText(madeUpResults(2)), /with 2 warm processes of CLI .* the 2 processes 120 MB together and 2\.00 %\./u);
  });

  it("leaves out what is awaited until it has been measured on both sides", () => {
    const results = madeUpResults();
    for (const bench of ["single-questions", "branching", "added-latency"]) results.delete(bench);
    const streams = results.get("streams") ?? assert.fail();
    results.set("streams", { ...streams, rows: streams.rows.map((each) => (each.id === "p99-1000" ? { ...each, sides: each.sides.filter(({ who }) => who === "ours") } : each)) });
    const text = tableText(results);
    const told = lines.filter(({ what }) => text.includes(`| ${what} |`)).map(({ row: id }) => id);
    assert.deepEqual(told, lines.filter(({ isAwaited, row: id }) => isAwaited !== true || id === "cpu-delta-200").map(({ row: id }) => id));
    assert.ok(!text.includes("five seconds after"));
  });

  it("reads the results that are awaited where they are there, and asks for all others", async (t) => {
    const folder = `${await temporaryFolder(t)}/`;
    for (const [name, result] of madeUpResults()) if (name !== "branching") writeFileSync(`${folder}${name}.json`, JSON.stringify(result));
    const names = [...readResults(folder).keys()];
    assert.ok(names.includes("single-questions") && !names.includes("branching"), names.join());
    rmSync(`${folder}idle.json`);
    assert.throws(() => readResults(folder), /idle\.json/);
  });

  it("in the README is what the results say", () => {
    const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
    assert.equal(fillIn(readme, { [section]: tableText(readResults()) }), readme, "run npx tsx scripts/bench/readme-table.ts");
  });

  it("has as many cells in every row", () => {
    const rows = tableText(madeUpResults()).split("\n").filter((line) => line.startsWith("|"));
    assert.deepEqual(new Set(rows.map((line) => line.split("|").length)), new Set([6]));
  });

  it("says which benchmark is to be run for a row that is missing", () => {
    const results = madeUpResults();
    results.delete("relay");
    assert.throws(() => tableText(results), /no row cpu .* npx tsx scripts\/bench\/relay\.ts/);
  });
});

describe("the results that are kept", () => {
  const kept = existsSync(resultsFolder) ? readdirSync(resultsFolder) : [];
  for (const name of kept.filter((file) => file.endsWith(".txt"))) {
    it(`name no path of a machine: ${name}`, () => assert.doesNotMatch(readFileSync(`${resultsFolder}${name}`, "utf8"), /\/(tmp|home|root|Users|work|usr)\//));
  }
  for (const name of kept.filter((file) => file.endsWith(".json"))) {
    it(`are none of a quick run and name no path of a machine: ${name}`, () => {
      const text = readFileSync(`${resultsFolder}${name}`, "utf8");
      assert.equal((JSON.parse(text) as BenchResult).isQuick, false);
      assert.doesNotMatch(text, /\/(tmp|home|root|Users|work|usr)\//);
    });
  }
});

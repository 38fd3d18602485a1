import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { join } from "node:path";
import { parseCompatArguments } from "../../scripts/compat/arguments.ts";
import { cacheFolder } from "../../scripts/compat/installed-claude.ts";
import { changesBetween, findingLines, lacksOf, type MatrixRow, matrixText, merged } from "../../scripts/compat/matrix.ts";
import { compareVersions, publishedSince, sampleOfVersions, servedOf } from "../../scripts/compat/npm-versions.ts";
import { scrubbed } from "../../scripts/compat/scrubbed.ts";

const turn = { name: "a question", shows: ["toldThinking"], way: "warm", findings: [] } as const;
const row: MatrixRow = {
  version: "2.1.300", published: "2026-10-01", probe: { history: true, setModel: true }, probeRequests: 0, turns: [turn], helloBytes: 1_800, firstContentMs: 42,
};
const worse: MatrixRow = { ...row, version: "2.1.320", probe: { history: true, setModel: false }, turns: [{ ...turn, findings: ["a stranger"] }] };

describe("the matrix of versions", () => {
  it("has what a version lacks by its probe and by its turns, and what is other than of the version before", () => {
    assert.deepEqual([lacksOf(row), lacksOf(worse)], [[], ["setModel", "toldThinking"]]);
    assert.deepEqual(changesBetween(row, worse), ["cannot set_model", "cannot told_thinking", "a question: not as it should be"]);
    assert.deepEqual(changesBetween(worse, row), ["can set_model", "can told_thinking", "a question: now as it should be"]);
    assert.deepEqual(findingLines(worse), ["2.1.320: a question (warm): a stranger"]);
  });

  it("keeps the versions that were not tried again, in their order", () => {
    const again = { ...worse, firstContentMs: 1 };
    assert.deepEqual(merged([row, worse], [again, { ...row, version: "2.1.99" }]).map(({ version, firstContentMs }) => [version, firstContentMs]), [["2.1.99", 42], ["2.1.300", 42], ["2.1.320", 1]]);
  });

  it("is a table with a line a version", () => {
    assert.deepEqual(matrixText([row, worse]).split("\n").slice(2), [
      "| 2.1.300 | 2026-10-01 | nothing | 1800 | 42 | 1 of 1 |  |",
      "| 2.1.320 | 2026-10-01 | `set_model`; `told_thinking` | 1800 | 42 | 0 of 1 | cannot set_model; cannot told_thinking; a question: not as it should be |",
    ]);
  });
});

describe("the versions that are tried", () => {
  it("are those on npm that serve, by their numbers", () => {
    const times = { created: "2025-01-01T00:00:00.000Z", "2.1.99": "2026-01-01T00:00:00.000Z", "2.1.1000": "2026-12-01T01:02:03.000Z", "2.1.130": "2026-05-01T00:00:00.000Z", "2.1.140-beta.1": "2026-05-02T00:00:00.000Z" };
    assert.deepEqual(servedOf(times), [{ version: "2.1.130", date: "2026-05-01" }, { version: "2.1.1000", date: "2026-12-01" }]);
    assert.ok(compareVersions("2.1.130", "2.1.1000") < 0 && compareVersions("2.2.0", "2.1.9") > 0);
  });

  it("are the oldest, every twentieth and the last three, or those since a day", () => {
    const published = Array.from({ length: 45 }, (_, index) => ({ version: `2.1.${index}`, date: `2026-01-${String(index).padStart(2, "0")}` }));
    assert.deepEqual(sampleOfVersions(published).map(({ version }) => version), ["2.1.0", "2.1.20", "2.1.40", "2.1.42", "2.1.43", "2.1.44"]);
    assert.deepEqual(publishedSince(published, "2026-01-43").map(({ version }) => version), ["2.1.43", "2.1.44"]);
  });

  it("are asked for by their numbers, a day, or as the newest; anything else is told in a line", () => {
    assert.deepEqual(parseCompatArguments([]), { name: "sample" });
    assert.deepEqual(parseCompatArguments(["--newest"]), { name: "newest" });
    assert.deepEqual(parseCompatArguments(["--since", "2026-11-01"]), { name: "since", day: "2026-11-01" });
    assert.deepEqual(parseCompatArguments(["2.1.300", "2.1.332"]), { name: "versions", versions: ["2.1.300", "2.1.332"] });
    for (const args of [["latest"], ["--since"], ["--since", "May"], ["--newest", "2.1.300"]]) assert.throws(() => parseCompatArguments(args), RangeError);
  });
});

describe("a recording", () => {
  it("has numbers for ids, none for times and prices, and nothing of the machine", () => {
    const uuid = "9d5b8a91-bf6d-4f11-a9f6-67e05fbe9315";
    const text = scrubbed([
      { from: "claude", message: { uuid, session_id: uuid, cwd: "/tmp/x7/work", duration_ms: 12, total_cost_usd: 0.1, num_turns: 1 } },
      { from: "claude", message: { message: { id: "msg_stub_0a1b2c" }, other: "4d5b8a91-bf6d-4f11-a9f6-67e05fbe9315", path: "/tmp/x7/config/-tmp-x7-work", pid: 7, at: "2026-11-28T17:00:00.123Z" } },
      { from: "exit", code: 0, signal: null },
    ], "/tmp/x7");
    assert.deepEqual(text.trimEnd().split("\n"), [
      '{"from":"claude","message":{"uuid":"uuid_1","session_id":"uuid_1","cwd":"/srv/work","duration_ms":0,"total_cost_usd":0,"num_turns":1}}',
      '{"from":"claude","message":{"message":{"id":"msg_1"},"other":"uuid_2","path":"/srv/config/-srv-work","pid":0,"at":"2026-01-01T00:00:00.000Z"}}',
      '{"from":"exit","code":0,"signal":null}',
    ]);
  });
});

describe("the cache of versions", () => {
  it("stands in the user's cache folder, outside the repository", () => {
    assert.equal(cacheFolder({ XDG_CACHE_HOME: "/c" }, "/home/u"), join("/c", "claude-max-api-compat"));
    for (const XDG_CACHE_HOME of [undefined, ""]) {
      assert.equal(cacheFolder({ XDG_CACHE_HOME }, "/home/u"), join("/home/u", ".cache", "claude-max-api-compat"));
    }
  });
});

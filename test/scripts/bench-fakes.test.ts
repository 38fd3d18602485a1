/** The fake CLIs of the benchmarks keep to the CLI's protocol where a benchmark does not look. */
import { randomUUID } from "node:crypto";
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { historyUserLine } from "../../src/claude/protocol.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const fakes = fileURLToPath(new URL("../../scripts/bench/fakes/", import.meta.url));
const waitMsMax = 20_000;

function answersOf(command: string, args: readonly string[], input: string): unknown[] {
  const { stdout, error } = spawnSync(command, args, { input, encoding: "utf8", timeout: waitMsMax });
  assert.equal(error, undefined);
  return stdout.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as unknown);
}

describe("a message that asks nothing", () => {
  for (const content of [[], [{ type: "text", text: "DELTAS 9" }]] as const) {
    const message = historyUserLine({ role: "user", content: [...content] }, randomUUID());
    const acknowledgement = (answers: readonly any[]): unknown[] =>
      answers.map(({ type, num_turns, is_error }) => ({ type, num_turns, is_error }));
    const expected = [{ type: "result", num_turns: 0, is_error: false }];

    it(`of ${content.length} blocks is acknowledged by flood.mjs, and not answered`, () => {
      const answers = answersOf(process.execPath, [join(fakes, "flood.mjs"), "--input-format", "stream-json"], message);
      assert.deepEqual(acknowledgement(answers), expected);
    });

    it(`of ${content.length} blocks is acknowledged by paced.c, and not answered`, async (t) => {
      const compiled = join(await temporaryFolder(t), "paced");
      const { error, status, stderr } = spawnSync("cc", ["-o", compiled, join(fakes, "paced.c")], { encoding: "utf8" });
      if (error !== undefined) return t.skip("this machine has no C compiler");
      assert.equal(status, 0, stderr);
      assert.deepEqual(acknowledgement(answersOf(compiled, ["--input-format", "stream-json"], message)), expected);
    });
  }
});

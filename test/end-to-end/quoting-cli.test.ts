/** A CLI that repeats what it was told, on stderr and in its refusals: the client may read that, the log may not hold it. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { startEmbeddedWith } from "../support/embedded-server.ts";
import { waitForHealth } from "../support/health.ts";
import { openAiErrorIn } from "../support/openai-error.ts";
import { chatRequest } from "../support/sse.ts";

const secret = "a secret of the client's";

for (const [what, system, words, line] of [
  ["refuses to begin", `SYSTEM ${secret}`, /refused initialize/u, / warn a beginning could not be rehearsed error=cli_failed$/u],
  ["dies of a beginning", `SYSTEM END ${secret}`, /exit code 6\): .*SYSTEM/u, / warn a claude process did not come up ended="exit code 6" retry_in_ms=\d+$/u],
] as const) {
  it(`one that ${what} is logged by kind and exit code alone, also where it rehearses`, async (t) => {
    const { url, logLines } = await startEmbeddedWith(t, "quotes", { warm: 2, maxProcesses: 8 });
    const messages = [{ role: "system", content: system }, { role: "user", content: secret }];
    for (let round = 0; round < 2; round++) {
      await waitForHealth(url, ({ processes }) => processes.warm === 2);
      const error = await openAiErrorIn(await chatRequest(url, { model: "opus", stream: round === 0, messages }));
      assert.deepEqual([error.status, error.code], [502, "claude_cli_failed"]);
      assert.match(error.message, words);
    }
    // The second time it is rehearsed for the third.
    while (!logLines.some((logged) => line.test(logged))) await waitForHealth(url, () => true);
    assert.deepEqual(logLines.filter((logged) => logged.includes("SYSTEM") || logged.includes("secret")), []);
  });
}

/** What a program hands in may throw, at any time: its server goes on, and nothing of it is thrown at the program. */
import assert from "node:assert/strict";
import { once, EventEmitter } from "node:events";
import { it } from "node:test";
import { restMs } from "../../src/engine/rest-clock.ts";
import { createClaudeMaxApi } from "../../src/index.ts";
import { cleanUp } from "../support/cleanup.ts";
import { within } from "../support/exit.ts";
import { fakeProgramPath } from "../support/fake-claude.ts";
import { failOnFaults } from "../support/faults.ts";
import { openAiErrorIn } from "../support/openai-error.ts";
import { platformEnvironment } from "../support/real-claude.ts";
import { chatRequest, readStrictSse } from "../support/sse.ts";

const answerMsMax = 20_000;
const question = { model: "opus", messages: [{ role: "user", content: "WORDS 2" }] };

for (const [how, fails] of [
  ["throws", (): void => { throw new Error("planted"); }],
  ["rejects", (): Promise<void> => Promise.reject(new Error("planted"))],
] as const) {
  it(`a log and a notice of rest, each of which ${how}, cost no answer`, async (t) => {
    failOnFaults(t);
    const calls = new EventEmitter();
    let lines = 0;
    const settings = { port: 0, logLevel: "debug", claude: fakeProgramPath("answers"), warm: 1, maxProcesses: 2 } as const;
    const server = createClaudeMaxApi(settings, {
      environment: platformEnvironment(),
      writeLog: () => {
        lines += 1;
        return fails();
      },
      onRest: () => {
        calls.emit("rest");
        return fails();
      },
    });
    const rest = once(calls, "rest");
    cleanUp(t, () => server.close());
    const { url } = await server.listen();
    for (let round = 0; round < 3; round += 1) {
      const signal = AbortSignal.timeout(answerMsMax);
      assert.equal((await chatRequest(url, question, { signal })).status, 200);
      const stream = await chatRequest(url, { ...question, stream: true }, { signal });
      assert.equal((await readStrictSse(stream)).data.at(-1), "[DONE]");
      assert.equal((await openAiErrorIn(await chatRequest(url, { ...question, messages: 1 }, { signal }))).status, 400);
    }
    assert.ok(lines > 0, "it was logged");
    await within(rest, restMs + answerMsMax, () => "it did not rest");
  });
}

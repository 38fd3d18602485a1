/** A resting process whose connection to the API is dead: the CLI says that it asks, and then nothing for ten minutes. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { childEnvironment } from "../../src/claude/launch.ts";
import type { Message } from "../../src/turn/message.ts";
import { conversationOf, hangingAnswer, textAnswer, textOf } from "../support/anthropic-stub.ts";
import { listProcesses, waitUntilGone } from "../support/processes.ts";
import { claudePath, claudeVersions, platformEnvironment, temporaryFolder } from "../support/real-claude.ts";
import { startEngine } from "../support/started-engine.ts";
import { collect, summaryOf } from "../support/turn-events.ts";
import { assistant, turnOf, user } from "../support/turns.ts";
import { startStub } from "../support/watched-stub.ts";

const [firstSignMsMax, firstWordMsMax, silenceMsMax] = [2_000, 20_000, 60_000];
const goneMsMax = 20_000;

for (const version of claudeVersions) {
  it(`claude ${version}: the turn is answered by another process`, async (t) => {
    const folder = await temporaryFolder(t);
    const [home, temporary] = [join(folder, "home"), join(folder, "tmp")];
    for (const path of [home, temporary]) mkdirSync(path);
    const stub = await startStub(t);
    const environment = childEnvironment(
      { ...platformEnvironment(), HOME: home, USERPROFILE: home, TMPDIR: temporary, ANTHROPIC_BASE_URL: stub.url, CLAUDE_CODE_OAUTH_TOKEN: "sk-ant-oat01-made-up-for-tests" },
      { passEnv: ["ANTHROPIC_BASE_URL"], maxRetries: 0 },
    );
    const command = { file: claudePath(version), leadingArguments: [] };
    // As after a minute's rest.
    const limits = { firstSignMsMax, firstWordMsMax };
    const { engine } = startEngine(t, command, { environment, limits, silenceMsMax, conversationIdleMsMax: 600_000, defaultModel: "sonnet" });
    await engine.discover();
    const run = (...messages: readonly Message[]) => collect(engine.run(turnOf({ model: "sonnet", messages }), new AbortController().signal));

    stub.respond = () => textAnswer(["One."]);
    assert.equal((await run(user("first"))).error, undefined);
    const [pid = 0] = listProcesses(claudePath(version), process.pid).map(({ pid }) => pid);
    stub.respond = (_request, index) => (index === 1 ? hangingAnswer() : textAnswer(["Two."]));
    const startMs = performance.now();
    const { events, error } = await run(user("first"), assistant("One."), user("second"));
    const tookMs = performance.now() - startMs;
    assert.deepEqual([error, summaryOf(events).text], [undefined, "Two."]);
    assert.ok(tookMs > firstSignMsMax && tookMs < firstWordMsMax, `the CLI had said that it asks: ${Math.round(tookMs)} ms`);
    await waitUntilGone(pid, goneMsMax);
    const [, unanswered, answered] = stub.requests.map(({ body }) => conversationOf(body).map(({ content }) => textOf(content)));
    assert.deepEqual([answered, stub.requests.length], [unanswered, 3], "asked the same, once more");
  });
}

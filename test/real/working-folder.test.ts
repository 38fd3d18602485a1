/** What the model is told of the place where the CLI runs is the same after a restart: it would spoil the prompt cache. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { startEmbedded } from "../support/embedded-server.ts";
import { claudePath, type ClaudeVersion, sampledClaudeVersions, subscriptionEnvironment } from "../support/real-claude.ts";
import { chatRequest } from "../support/sse.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { startStub } from "../support/watched-stub.ts";

/** Of the two pinned CLIs one tells the model where it runs; without a path its test would hold nothing. */
const tellsPath: Readonly<Record<ClaudeVersion, boolean>> = { "2.1.330": true, "2.1.197": false };

for (const version of sampledClaudeVersions()) {
  it(`${version}: two starts on one port tell the model the same, and no other path`, async (t) => {
    const folder = await temporaryFolder(t);
    const stub = await startStub(t);
    const settings = { claude: claudePath(version), passEnv: ["ANTHROPIC_BASE_URL"] };
    let port = 0;
    for (let start = 0; start < 2; start += 1) {
      const { url, api } = await startEmbedded(t, { ...settings, port }, subscriptionEnvironment(stub.url, folder));
      port = Number(new URL(url).port);
      const messages = [{ role: "system", content: "Be brief." }, { role: "user", content: "hello" }];
      assert.equal((await chatRequest(url, { model: "opus", messages })).status, 200);
      await api.close();
    }
    const told = stub.requests.filter(({ bodyText }) => bodyText.includes("hello")).map(({ bodyText }) =>
      bodyText.match(/[^\s"\\]*claude-max-api-[^\s"\\]*/gu) ?? []);
    const [first = [], second] = told;
    t.diagnostic(`paths told: ${first.join(", ")}`);
    assert.equal(told.length, 2, "each start asked once");
    assert.equal(first.length > 0, tellsPath[version], "whether the model is told a path");
    assert.deepEqual(second, first);
    for (const path of first) assert.ok(path.endsWith(`/${port}/empty`), path);
  });
}

/** What the pinned CLIs can do, as the server's probe finds it out: without a request to the API. */
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type Capabilities, noCapabilities, probeCapabilities } from "../../src/claude/capabilities.ts";
import { probe } from "../../src/claude/probe.ts";
import { ClaudeProcess } from "../../src/claude/process.ts";
import { conversationOf, startAnthropicStub } from "../support/anthropic-stub.ts";
import { startClaude } from "../support/claude-stdio.ts";
import { claudePath, claudeVersions, type ClaudeVersion, loggedOutEnvironment, subscriptionEnvironment, temporaryFolder } from "../support/real-claude.ts";

const expected: Readonly<Record<ClaudeVersion, Capabilities>> = {
  "2.1.330": { ...noCapabilities, rewindSteps: true, rewindMany: true, rewindToEmpty: true, answerTarget: true, setModel: true },
  "2.1.197": { ...noCapabilities, rewindSteps: true },
};

for (const version of claudeVersions) {
  for (const [who, environmentOf] of [["a subscriber", subscriptionEnvironment], ["somebody logged out", loggedOutEnvironment]] as const) {
    test(`claude ${version}: the probe of ${who} finds what it can do, and asks no model`, async (t) => {
      const stub = await startAnthropicStub();
      t.after(() => stub.close());
      const folder = await temporaryFolder(t);
      const cwd = join(folder, "work");
      await mkdir(cwd);
      const claude = new ClaudeProcess({
        command: { file: claudePath(version), leadingArguments: [] }, model: "sonnet", cwd, environment: environmentOf(stub.url, folder),
      });
      t.after(() => claude.end());
      const { capabilities, loggedIn } = await probe(claude);
      await claude.end();
      assert.deepEqual({ capabilities, loggedIn }, { capabilities: expected[version], loggedIn: who === "a subscriber" });
      assert.deepEqual(stub.requests, []);
    });
  }

  test(`claude ${version}: a process that was probed is ${expected[version].rewindToEmpty ? "as fresh" : "spoiled"}`, async (t) => {
    const stub = await startAnthropicStub();
    t.after(() => stub.close());
    const asks = async (isProbed: boolean) => {
      const folder = await temporaryFolder(t);
      const claude = startClaude(t, version, subscriptionEnvironment(stub.url, folder), folder);
      await claude.control({ subtype: "initialize", systemPrompt: ["You are terse."] });
      const beganAtMs = performance.now();
      if (isProbed) {
        await probeCapabilities({
          otherModel: "opus",
          request: async (request) => (await claude.control(request as { readonly subtype: string })).response.response,
          write: (lines) => void claude.child.stdin?.write(lines),
          acknowledged: async () => {
            const from = claude.messages.length;
            await claude.waitFor((message) => message.type === "result" && claude.messages.indexOf(message) >= from);
          },
        });
        if (expected[version].setModel) await claude.control({ subtype: "set_model", model: "sonnet" });
        t.diagnostic(`probed in ${Math.round(performance.now() - beganAtMs)} ms`);
      }
      await claude.ask("a question that is long enough for the digits behind the version");
      const { body } = stub.requests.at(-1) ?? assert.fail();
      return { said: conversationOf(body), system: body.system };
    };
    const [fresh, probed] = [await asks(false), await asks(true)];
    if (expected[version].rewindToEmpty) assert.deepEqual(probed, fresh);
    else assert.notDeepEqual(probed, fresh);
  });
}

/** Whatever a client sends, the API is asked nothing that it refuses: the server serves it, or refuses it by itself. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startAnthropicStub, textAnswer } from "../support/anthropic-stub.ts";
import { cleanUp } from "../support/cleanup.ts";
import { startEmbedded } from "../support/embedded-server.ts";
import { assertOnlyKnown, knownBreaches } from "../support/known-breaches.ts";
import { oddRequests } from "../support/odd-requests.ts";
import { seededRandom } from "../support/random.ts";
import { claudePath, claudeVersions, subscriptionEnvironment } from "../support/real-claude.ts";
import { sampleOf, seedOf } from "../support/sample.ts";
import { chatRequest } from "../support/sse.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const names = Object.keys(oddRequests);
const drawn = sampleOf({ what: "odd requests", small: 12, large: 30, whole: names.length });
const seed = seedOf(46);

/** What is known is always among them, so that its mend is seen. */
function chosen(): string[] {
  const random = seededRandom(seed);
  const all = names.map((name) => [random.below(1_000_000), name] as const).sort(([a], [b]) => a - b);
  return [...new Set([...Object.keys(knownBreaches.real), ...all.slice(0, drawn).map(([, name]) => name)])];
}

for (const version of claudeVersions) {
  describe(`what the API is asked by claude ${version}`, () => {
    it("breaks none of its rules, but for what is known", async (t) => {
      const stub = await startAnthropicStub({ respond: () => textAnswer(["ok"]) });
      cleanUp(t, () => stub.close());
      const environment = subscriptionEnvironment(stub.url, await temporaryFolder(t));
      const { url } = await startEmbedded(
        t,
        {
          claude: claudePath(version),
          passEnv: ["ANTHROPIC_BASE_URL", "DISABLE_TELEMETRY"],
          warm: 0,
          maxProcesses: 2,
          maxRetries: 0,
          headWaitSeconds: 600,
          logLevel: "error",
        },
        environment,
      );
      const known: Readonly<Record<string, string>> = knownBreaches.real;
      for (const name of chosen()) {
        const before = stub.refusals.length;
        const response = await chatRequest(url, { model: "sonnet", ...oddRequests[name]?.() });
        await response.text();
        const breaches = stub.refusals.slice(before);
        const rule = known[name];
        try {
          assertOnlyKnown(breaches, rule === undefined ? [] : [{ rule, because: name }]);
        } catch (error) {
          throw new Error(`${name}: ${String(error)}`, { cause: error });
        }
      }
      assert.ok(stub.requests.length > 0, "the API was asked");
    });
  });
}

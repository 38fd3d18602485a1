/** Whatever a client sends, the API is asked nothing that it refuses: the server serves it, or refuses it by itself. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startEmbedded } from "../support/embedded-server.ts";
import { assertOnlyKnown, knownBreaches } from "../support/known-breaches.ts";
import { obligingModel } from "../support/obliging-model.ts";
import { oddRequests } from "../support/odd-requests.ts";
import { openAiErrorOf } from "../support/openai-error.ts";
import { seededRandom } from "../support/random.ts";
import { claudePath, claudeVersions, subscriptionEnvironment } from "../support/real-claude.ts";
import { sampleOf, seedOf } from "../support/sample.ts";
import { chatRequest } from "../support/sse.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { startStub } from "../support/watched-stub.ts";

const names = Object.keys(oddRequests);
const drawn = sampleOf({ what: "odd requests", small: 6, large: 6, whole: names.length });
const seed = seedOf(46);

/** What is known is always among them, so that its mend is seen. */
function chosen(known: object): string[] {
  const random = seededRandom(seed);
  const all = names.map((name) => [random.below(1_000_000), name] as const).sort(([a], [b]) => a - b);
  return [...new Set([...Object.keys(known), ...all.slice(0, drawn).map(([, name]) => name)])];
}

interface End { readonly status: number; readonly text: string; readonly askedCount: number }

/** Answered with what the model said, or refused with the field at fault; what the API refused has none. */
function assertEnds({ status, text, askedCount }: End, isBreachKnown: boolean): void {
  if (status === 200) {
    assert.ok(askedCount > 0, "answered, and the model was not asked");
    assert.equal(JSON.parse(text).object, "chat.completion");
    return;
  }
  const { param } = openAiErrorOf(text);
  assert.equal(status, 400, text);
  if (isBreachKnown) assert.ok(askedCount > 0, "it is refused before the API is asked: take it off the list");
  else assert.deepEqual([typeof param, askedCount], ["string", 0], text);
}

for (const version of claudeVersions) {
  describe(`what the API is asked by claude ${version}`, () => {
    it("breaks none of its rules, but for what is known", async (t) => {
      const model = obligingModel(seededRandom(seed));
      const stub = await startStub(t, { mayRefuse: true, respond: ({ body }) => model.answer(body) });
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
      for (const name of chosen(known)) {
        const before = { refusals: stub.refusals.length, requests: stub.requests.length };
        const response = await chatRequest(url, { model: "sonnet", ...oddRequests[name]?.() });
        const text = await response.text();
        const breaches = stub.refusals.slice(before.refusals);
        const rule = known[name];
        try {
          const askedCount = stub.requests.length - before.requests;
          assertEnds({ status: response.status, text, askedCount }, rule !== undefined);
          assertOnlyKnown(breaches, rule === undefined ? [] : [{ rule, because: name }]);
        } catch (error) {
          throw new Error(`${name}: ${String(error)}`, { cause: error });
        }
      }
    });
  });
}

/** Random requests on the real CLI, in a home that was lived in: every word that goes up is accounted for. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { chatGrammar } from "../support/chat-grammar.ts";
import type { Sent } from "../support/chat-transcript.ts";
import { knownDifferences, unexcused } from "../support/known-differences.ts";
import { type LivedInServer, startLivedIn } from "../support/lived-in-server.ts";
import { policyUnavailable } from "../support/managed-policy.ts";
import { type ObligingModel, obligingModel } from "../support/obliging-model.ts";
import { type Random, seededRandom } from "../support/random.ts";
import { judgeTurn, nextRequest } from "../support/raw-body-run.ts";
import { type ClaudeVersion, claudeVersions } from "../support/real-claude.ts";
import { sampleOf, seedOf } from "../support/sample.ts";

const wanted = sampleOf({ what: "random requests on each CLI", small: 10, large: 10, whole: 500 });
const seed = seedOf(8);
const turnsMax = 3;
const models = ["opus", "sonnet", "haiku", "claude-opus-4"];

interface Scene { readonly server: LivedInServer; readonly model: ObligingModel; readonly random: Random }

/** Under a managed policy too, where the machine lets one be made. What the API refuses is among the findings. */
async function start(t: TestContext, version: ClaudeVersion): Promise<Scene> {
  const random = seededRandom(seed);
  const model = obligingModel(random);
  const hasPolicy = policyUnavailable() === false;
  const server = await startLivedIn(t, version, {
    hasPolicy, mayRefuse: true, stub: { respond: ({ body }) => model.answer(body) },
  });
  return { server, model, random };
}

for (const version of claudeVersions) {
  describe(`what claude ${version} sends up`, () => {
    it("is the client's, or stands on the list", async (t) => {
      const { server, model, random } = await start(t, version);
      const grammar = chatGrammar(random);
      const counts = { taken: 0, refused: 0, excused: 0 };
      while (counts.taken < wanted) {
        let request: Sent = { ...grammar.body(), model: random.pick(models) };
        // The judge of streams does not know the deprecated calls.
        if (request["functions"] !== undefined) request = { ...request, stream: false };
        for (let turns = 1 + random.below(turnsMax); turns > 0; turns--) {
          const { isTaken, findings, message } = await judgeTurn(server, version, request, model.thoughts);
          counts[isTaken ? "taken" : "refused"]++;
          const faults = unexcused(findings, version);
          assert.deepEqual(faults, [], `request ${counts.taken} of seed ${seed}: ${JSON.stringify(request)}`);
          if (findings.length > 0) counts.excused++;
          if (message === undefined || findings.length > 0) break;
          request = nextRequest(request, message, "and then?");
        }
      }
      const { taken, excused, refused } = counts;
      t.diagnostic(`${taken} requests judged, ${excused} excused, ${refused} refused by the server`);
    });

    it("differs in what is known to differ, and the list of that is no longer than it must be", async (t) => {
      const { server, model } = await start(t, version);
      for (const { name, shows, versions, request, next } of knownDifferences) {
        if (!versions.includes(version)) continue;
        let turn = await judgeTurn(server, version, request, model.thoughts);
        if (next !== undefined) {
          const message = turn.message ?? assert.fail(turn.findings.join("\n"));
          turn = await judgeTurn(server, version, nextRequest(request, message, next), model.thoughts);
        }
        const isShown = turn.findings.some((finding) => shows.test(finding));
        assert.deepEqual(unexcused(turn.findings, version), [], name);
        assert.ok(isShown, `"${name}" shows no more: take it off test/support/known-differences.ts`);
      }
    });
  });
}

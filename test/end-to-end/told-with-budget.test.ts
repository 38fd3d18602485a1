/** Conversations with a model that thinks with a budget: the API wants more of those, and takes what the CLI is told. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { chatGrammar } from "../support/chat-grammar.ts";
import { startEmbedded } from "../support/embedded-server.ts";
import { startObedientClaude } from "../support/obedient-claude.ts";
import { seededRandom } from "../support/random.ts";
import { relaysUnavailable } from "../support/relays.ts";
import { sampleOf, seedOf } from "../support/sample.ts";
import { chatRequest } from "../support/sse.ts";

const seed = seedOf(45);
const histories = sampleOf({ what: "histories for a model with a budget", small: 8, large: 100, whole: 1_000 });
const loop = [
  { role: "user", content: "How is it there?" },
  { role: "assistant", tool_calls: [{ id: "call_1", type: "function", function: { name: "look", arguments: "{}" } }] },
  { role: "tool", tool_call_id: "call_1", content: "Rain." },
];

describe("what the CLI is told for a model that thinks with a budget", { skip: relaysUnavailable }, () => {
  it("is what the API takes", async (t) => {
    const claude = await startObedientClaude(t);
    const { url } = await startEmbedded(
      t,
      { claude: claude.path, passEnv: ["RELAYS_PORT"], fetchImages: false, maxProcesses: 2, logLevel: "error" },
      claude.environment,
    );
    const grammar = chatGrammar(seededRandom(seed));
    const drawn = Array.from({ length: histories }, () => grammar.history());
    for (const messages of [loop, ...drawn.filter((history) => !JSON.stringify(history).includes("https://"))]) {
      const response = await chatRequest(url, { model: "claude-haiku-4-5", messages });
      const answer = await response.text();
      assert.equal(response.status, 200, answer);
    }
    assert.ok(claude.turns > histories / 3, `${claude.turns} turns`);
  });
});

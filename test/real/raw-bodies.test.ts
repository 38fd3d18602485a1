/** Random requests on the real CLI, in a home that was lived in: every word that goes up is accounted for. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { completionText, fillingText, fillingTexts } from "../../src/own-words.ts";
import { chatGrammar } from "../support/chat-grammar.ts";
import type { Sent } from "../support/chat-transcript.ts";
import { chatClient, completionsClient, type JudgedClient, messagesClient, responsesClient } from "../support/judged-clients.ts";
import { knownDifferences, unexcused } from "../support/known-differences.ts";
import { type LivedInServer, startLivedIn } from "../support/lived-in-server.ts";
import { policyUnavailable } from "../support/managed-policy.ts";
import { forMessages } from "../support/messages-form.ts";
import { mustBeTaken } from "../support/must-be-taken.ts";
import { obligingModel } from "../support/obliging-model.ts";
import { type Random, seededRandom } from "../support/random.ts";
import { judgedUntilTheEnd, judgeTurn, kindsOf, nextRequest, type Talk } from "../support/raw-body-run.ts";
import { type ClaudeVersion, claudeVersions } from "../support/real-claude.ts";
import { sampleOf, seedOf } from "../support/sample.ts";

const wanted = sampleOf({ what: "random requests on each CLI", small: 20, large: 20, whole: 500 });
const seed = seedOf(8);
const turnsMax = 3;
const models = ["opus", "sonnet", "haiku", "claude-opus-4"];
/** Of each there must be some, however few are drawn; at most so many times as many as are wanted. */
const usualKinds = [
  "/v1/chat/completions", "/v1/responses", "/v1/messages", "/v1/completions", "tools", "calls", "images", "schemas", "reasoning", "custom tools",
];
const endpoints = ["chat", "responses", "responses", "messages", "messages", "completions"] as const;
/** Of these too, where so many are wanted. */
const rarerKinds = ["documents", "unions", "budgets"];
const rarerFrom = 100;
const kinds = wanted < rarerFrom ? usualKinds : [...usualKinds, ...rarerKinds];
const drawnMax = 20 * wanted;
/** How many faults a run shows before it stops. */
const faultsMax = 12;
const noPolicy = policyUnavailable();

interface Scene {
  readonly random: Random;
  /** With a client that has said nothing yet. */
  readonly talkOf: (client: JudgedClient) => Talk;
}

/** What the API refuses is among the findings. When the server is gone, all that went up must have been judged. */
async function start(t: TestContext, version: ClaudeVersion, hasPolicy: boolean): Promise<Scene> {
  const random = seededRandom(seed + Number(hasPolicy));
  const model = obligingModel(random);
  let server: LivedInServer | undefined;
  const judged = judgedUntilTheEnd(t, () => server?.stub.requests ?? []);
  const started = server = await startLivedIn(t, version, {
    hasPolicy, stub: { mayRefuse: true, respond: ({ body }) => model.answer(body) },
  });
  const { thoughts } = model;
  return { random, talkOf: (client) => ({ server: started, version, client, thoughts, own: new Map(), judged }) };
}

interface Drawn { readonly client: JudgedClient; readonly request: Sent; readonly mustBeTaken: boolean }

/** Those that are whole for each of the endpoints; those that are broken for a chat. */
function draw(random: Random, grammar: ReturnType<typeof chatGrammar>): Drawn {
  const { body, isWhole } = grammar.drawn();
  const model = random.pick(models);
  const endpoint = isWhole ? random.pick(endpoints) : "chat";
  if (endpoint === "messages") {
    const request = forMessages({ ...body, model });
    return { client: messagesClient, request, mustBeTaken: mustBeTaken(request) };
  }
  if (endpoint === "completions") return { client: completionsClient, request: forCompletions(random, model), mustBeTaken: true };
  if (endpoint === "chat") {
    // The judge of streams does not know the deprecated calls.
    const request = { ...body, model, ...(body["functions"] === undefined ? {} : { stream: false }) };
    return { client: chatClient, request, mustBeTaken: isWhole && mustBeTaken(request) };
  }
  const request = { ...forResponses(random, body), model };
  return { client: responsesClient(), request, mustBeTaken: mustBeTaken(request) };
}

/** A text to go on with, or one with a gap, and what the server is to make of it. */
function forCompletions(random: Random, model: string): Sent {
  const [prompt, suffix] = [`begin ${random.nastyText(4)}`, random.pick(["", " \n", `${random.nastyText(4)} end`])];
  const [before, between, after] = fillingTexts;
  const isGap = suffix.trim() !== "";
  const messages = [
    { role: "system", content: isGap ? fillingText : completionText },
    { role: "user", content: isGap ? `${before}${prompt}${between}${suffix}${after}` : prompt },
  ];
  const bound = random.pick([{}, { max_tokens: 100 }, { max_tokens: 5_000 }]);
  return { model, messages, prompt, suffix, reasoning_effort: random.pick(["none", "low"]), ...bound, stop: random.pick([null, ["END"]]) };
}

/** Without what that endpoint does not have, half of them with a custom tool, some of these with a call of it. */
function forResponses(random: Random, body: Sent): Sent {
  const { functions: _functions, function_call: _call, stop: _stop, thinking: _thinking, n: _n, ...rest } = body;
  if (random.below(2) === 0 || rest["tool_choice"] != null) return rest;
  const grammar = { syntax: "lark", definition: 'start: "patch"' };
  const format = random.below(2) === 0 ? {} : { format: { type: "grammar", grammar } };
  const custom = { type: "custom", custom: { name: "apply_patch", description: "Changes files.", ...format } };
  const tools = [...rest["tools"] ?? [], custom];
  if (random.below(2) === 0) return { ...rest, tools };
  const input = `*** Begin Patch\n+${random.nastyText(3)}\n*** End`;
  const calling = [
    { role: "assistant", tool_calls: [{ id: "custom", type: "custom", custom: { name: "apply_patch", input } }] },
    { role: "tool", tool_call_id: "custom", content: "ok", isCustom: true },
  ];
  return { ...rest, tools, messages: [...rest["messages"], ...calling] };
}

for (const version of claudeVersions) {
  describe(`what claude ${version} sends up`, () => {
    const policies = [["with no policy", false, false], ["under a managed policy", true, noPolicy]] as const;
    for (const [where, hasPolicy, skip] of policies) {
      it(`${where} is the client's, or stands on the list`, { skip }, async (t) => {
        const { random, talkOf } = await start(t, version, hasPolicy);
        const grammar = chatGrammar(random);
        const counts = { taken: 0, refused: 0, excused: 0 };
        const seen = new Map<string, number>();
        const half = noPolicy === false ? Math.ceil(wanted / 2) : wanted;
        const faults: string[] = [];
        const lacks = (): readonly string[] => kinds.filter((kind) => !seen.has(kind));
        for (let drawn = 0; counts.taken < half || lacks().length > 0; drawn++) {
          assert.ok(drawn < drawnMax, `${drawn} drawn, ${counts.taken} taken, and none of ${lacks().join(", ")}`);
          const { client, ...first } = draw(random, grammar);
          // Where there are enough, only what is whole and has a kind that lacks is still asked.
          const isWanted = (): boolean => first.mustBeTaken && [...kindsOf(first.request), client.path].some((kind) => lacks().includes(kind));
          if (counts.taken >= half && !isWanted()) continue;
          const talk = talkOf(client);
          let { request } = first;
          const kindsIn = (): string[] => [...kindsOf(request), client.path];
          for (let turns = 1 + random.below(turnsMax); turns > 0; turns--) {
            const { end, findings, message, text } = await judgeTurn(talk, request);
            const said = `request ${counts.taken} of seed ${seed}: ${client.path} ${JSON.stringify(request)}`;
            const faulty = unexcused(findings, version);
            if (faulty.length > 0) faults.push([...faulty, said].join("\n"));
            assert.ok(faults.length < faultsMax, faults.join("\n\n"));
            assert.ok(end !== "refused" || !first.mustBeTaken, `${said} is refused: ${text}`);
            counts[end === "refused" ? "refused" : "taken"]++;
            if (findings.length > 0) counts.excused++;
            if (end !== "refused") for (const kind of kindsIn()) seen.set(kind, (seen.get(kind) ?? 0) + 1);
            if (message === undefined || findings.length > 0 || client === completionsClient) break;
            request = nextRequest(request, message, "and then?");
          }
        }
        assert.deepEqual(faults, []);
        const { taken, excused, refused } = counts;
        t.diagnostic(`${taken} requests judged, ${excused} excused, ${refused} refused by the server`);
        t.diagnostic([...seen].map(([kind, count]) => `${kind}: ${count}`).join(", "));
      });
    }

    it("differs in what is known to differ, and the list of that is no longer than it must be", async (t) => {
      const { talkOf } = await start(t, version, false);
      for (const { name, shows, versions, request, next } of knownDifferences) {
        if (!versions.includes(version)) continue;
        const talk = talkOf(chatClient);
        let turn = await judgeTurn(talk, request);
        if (next !== undefined) {
          assert.deepEqual(turn.findings, [], `${name}: it shows only behind the answer`);
          const message = turn.message ?? assert.fail(turn.findings.join("\n"));
          turn = await judgeTurn(talk, nextRequest(request, message, next));
        }
        const isShown = turn.findings.some((finding) => shows.test(finding));
        assert.deepEqual(unexcused(turn.findings, version), [], name);
        assert.ok(isShown, `"${name}" shows no more: take it off test/support/known-differences.ts`);
      }
    });
  });
}

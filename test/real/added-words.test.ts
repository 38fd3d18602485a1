/** The list of what the CLI adds is no longer than it must be: each entry still stands in some request. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { type AddedWords, cliWords } from "../support/added-words.ts";
import { textAnswer, toolUseAnswer } from "../support/anthropic-stub.ts";
import type { Sent } from "../support/chat-transcript.ts";
import { knownOf, startLivedIn } from "../support/lived-in-server.ts";
import { policyUnavailable } from "../support/managed-policy.ts";
import { judgeRawBody } from "../support/raw-body-judge.ts";
import { claudeVersions } from "../support/real-claude.ts";
import { chatRequest } from "../support/sse.ts";

const messages = [{ role: "user", content: "hello" }];
/** The models that differ in what the CLI sets, and an answer by a schema, for which it asks a second time here. */
const asked: readonly Sent[] = [
  { model: "sonnet", messages },
  { model: "haiku", messages },
  { model: "haiku", messages, reasoning_effort: "none" },
  { model: "claude-haiku-4-5", messages },
  { model: "sonnet", messages, response_format: { type: "json_object" } },
];

const noPolicy = policyUnavailable();
/** What these requests do not have, and where it is shown. */
const elsewhere: Readonly<Record<string, string>> = {
  email: "clean-home.test.ts", context: "clean-home.test.ts", "schema-tool": "the judge finds it missing", "policy-tool": "lived-in-home.test.ts",
  "start-hook": "a policy with a hook on SessionStart: no test has one", "reminded-start-hook": "the same",
  resume: "the server stops it: chat.test.ts", "new-date": "a process that lives past midnight: no test has one",
  ...(noPolicy === false ? {} : { policy: "needs one", hook: "needs one", "reminded-hook": "needs one" }),
};

for (const version of claudeVersions) {
  it(`claude ${version} says each entry that was seen on it`, async (t) => {
    let demands = 0;
    const server = await startLivedIn(t, version, {
      hasPolicy: noPolicy === false,
      stub: {
        respond: ({ body }) => {
          const isDemanded = (body.tools ?? []).length > 0;
          return isDemanded && demands++ > 0 ? toolUseAnswer([{ name: "StructuredOutput", input: {} }]) : textAnswer(["Hello."]);
        },
      },
    });
    const { stub, bridge } = server;
    const met = new Set<AddedWords>();
    for (const request of asked) {
      const before = stub.requests.length;
      await (await chatRequest(bridge.url, request)).text();
      const world = { version, known: knownOf(server), met };
      const [findings] = stub.requests.slice(before).map(({ bodyText }) => judgeRawBody(bodyText, request, world));
      // Of two the second has the model's first answer, too, which is no word of the client's.
      assert.deepEqual(findings, []);
    }
    const listed = cliWords.filter(({ id, seenOn }) => seenOn.includes(version) && !Object.hasOwn(elsewhere, id));
    const unmet = listed.filter((entry) => !met.has(entry)).map(({ id, said }) => `${id}: ${JSON.stringify(said)}`);
    assert.deepEqual(unmet, [], "take it off test/support/added-words.ts, or show it");
  });
}

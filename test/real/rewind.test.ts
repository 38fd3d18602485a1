/** What the pinned CLIs take back of a conversation: the cases that the made-up CLI is held against too. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { type AnthropicStub, conversationOf, lastUserText, startAnthropicStub, stallAnswer, textAnswer, toolUseAnswer, hangingAnswer, type StubRequest } from "../support/anthropic-stub.ts";
import { startClaude } from "../support/claude-stdio.ts";
import { claudeVersions, type ClaudeVersion, subscriptionEnvironment, temporaryFolder } from "../support/real-claude.ts";
import { rewindCases } from "../support/rewind-cases.ts";
import { Rewinding, seenSinceStart } from "../support/rewinding.ts";

/** As the made-up CLI answers: by the word in parentheses in what was said last. */
function answerTo({ body, index }: StubRequest) {
  const last = body.messages.findLast(({ role }) => role === "user");
  const hasResult = Array.isArray(last?.content) && last.content.some(({ type }) => type === "tool_result");
  const [, word] = hasResult ? [] : /\((held|mute|calls?)\)$/u.exec(lastUserText(body)) ?? [];
  if (word === "held") return stallAnswer(["ok"]);
  if (word === "mute") return hangingAnswer();
  if (word === undefined) return textAnswer(["ok"]);
  const calls = Array.from({ length: word === "calls" ? 2 : 1 }, (_, place) => ({ id: `toolu_${index}_${place}`, name: "get_weather", input: {} }));
  return toolUseAnswer(calls, { textBefore: "ok" });
}

async function start(t: TestContext, version: ClaudeVersion, hasTool: boolean): Promise<{ readonly stub: AnthropicStub; readonly cli: Rewinding }> {
  const stub = await startAnthropicStub({ respond: answerTo });
  t.after(() => stub.close());
  const folder = await temporaryFolder(t);
  const cli = new Rewinding(startClaude(t, version, subscriptionEnvironment(stub.url, folder), folder));
  await cli.initialize(hasTool);
  return { stub, cli };
}

function seenBy({ requests }: AnthropicStub): string {
  const body = requests.at(-1)?.body;
  assert.ok(body !== undefined);
  return seenSinceStart(conversationOf(body));
}

for (const version of claudeVersions) {
  test(`claude ${version}: takes back what the made-up CLI takes back, and nothing else`, async (t) => {
    const { stub, cli } = await start(t, version, true);
    for (const { name, play, expected, seen } of rewindCases) {
      await cli.ask("start");
      assert.deepEqual(await play(cli), expected[version], name);
      await cli.ask("next");
      assert.equal(seenBy(stub), seen[version], name);
    }
    assert.deepEqual(stub.refusals, []);
  });

  test(`claude ${version}: ${version === "2.1.330" ? "can be emptied" : "cannot be emptied"}`, async (t) => {
    const { stub, cli } = await start(t, version, false);
    const outcome = await cli.rewind(await cli.ask("one"));
    await cli.ask("next");
    assert.deepEqual([outcome, seenBy(stub)], version === "2.1.330" ? ["rewound", "next"] : ["no preceding assistant", "one A next"]);
  });
}

/** The ground the other real tests stand on: the pinned CLIs, driven by hand, and the stub upstream understand each other. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { conversationOf, startAnthropicStub, textAnswer, textOf } from "../support/anthropic-stub.ts";
import { startClaude, type CliMessage } from "../support/claude-stdio.ts";
import { claudePath, claudeVersions, subscriptionEnvironment, temporaryFolder } from "../support/real-claude.ts";

for (const version of claudeVersions) {
  test(`claude ${version}: the executable is that version`, () => {
    assert.match(execFileSync(claudePath(version), ["--version"], { encoding: "utf8" }), new RegExp(`^${version.replaceAll(".", "\\.")} `));
  });

  test(`claude ${version}: a text turn arrives as sent`, async (t) => {
    const stub = await startAnthropicStub({ respond: () => textAnswer(["Grüße, ", "\"w\u2028elt\" ", "😀"]) });
    t.after(() => stub.close());
    const folder = await temporaryFolder(t);
    const claude = startClaude(t, version, subscriptionEnvironment(stub.url, folder), folder);
    await claude.control({ subtype: "initialize", systemPrompt: ["You are terse."] });
    const result = await claude.ask("hello");
    const deltas = claude.messages.flatMap((message: CliMessage) => message.event?.delta?.text ?? []);
    assert.deepEqual(deltas, ["Grüße, ", "\"w\u2028elt\" ", "😀"]);
    assert.equal(result.result, deltas.join(""));
    assert.equal(result.is_error, false);
    assert.deepEqual(stub.refusals, []);
    assert.equal(stub.requests.length, 1);
    const [request] = stub.requests;
    assert.match(String(request?.headers.authorization), /^Bearer sk-ant-oat01-/);
    assert.match(textOf(request?.body.system), /You are terse\.$/);
    assert.equal(request?.body.tools?.length ?? 0, 0);
  });

  test(`claude ${version}: a replayed history goes up in its true roles`, async (t) => {
    const stub = await startAnthropicStub();
    t.after(() => stub.close());
    const folder = await temporaryFolder(t);
    const claude = startClaude(t, version, subscriptionEnvironment(stub.url, folder), folder);
    await claude.control({ subtype: "initialize", systemPrompt: ["You are terse."] });
    for (const turn of [1, 2]) {
      const added = await claude.ask(`question ${turn}`, { shouldQuery: false });
      assert.equal(added.num_turns, 0);
      claude.write({
        type: "assistant", parent_tool_use_id: null, session_id: "",
        message: {
          id: `msg_replayed_${turn}`, type: "message", role: "assistant", model: "sonnet", content: [{ type: "text", text: `answer ${turn}` }],
          stop_reason: "end_turn", stop_sequence: null, usage: { input_tokens: 0, output_tokens: 0 },
        },
      });
    }
    const result = await claude.ask("question 3 N=2");
    assert.equal(result.result, "w0 w1 ");
    assert.deepEqual(stub.refusals, []);
    assert.equal(stub.requests.length, 1);
    const sent = stub.requests[0] === undefined ? [] : conversationOf(stub.requests[0].body);
    assert.deepEqual(sent.map(({ role, content }) => [role, textOf(content)]), [
      ["user", "question 1"], ["assistant", "answer 1"], ["user", "question 2"], ["assistant", "answer 2"], ["user", "question 3 N=2"],
    ]);
  });
}

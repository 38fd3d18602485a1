/** What is wrong with a turn: a request upstream too many, one that is no turn's, an answer that nobody asked for. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { startAnthropicStub } from "./anthropic-stub.ts";
import { cleanUp } from "./cleanup.ts";
import { judgeSent, kindsOf, outcomeOf, unjudgedIn } from "./raw-body-run.ts";
import { postJson, readBytes } from "./sse.ts";

describe("the end of a request", () => {
  const refusal = '{"error":{"type":"invalid_request_error"}}';

  it("is an answer where the model was asked", () => {
    assert.deepEqual(outcomeOf(200, "{}", 1), { end: "answered", findings: [] });
  });

  it("is a fault where there is an answer and the model was not asked", () => {
    assert.equal(outcomeOf(200, "{}", 0).findings.length, 1);
  });

  it("is a refusal of the server's where it says so and the model was not asked", () => {
    assert.deepEqual(outcomeOf(400, refusal, 0), { end: "refused", findings: [] });
    assert.deepEqual(outcomeOf(200, `data: ${refusal}`, 0), { end: "refused", findings: [] });
    const late = 'event: response.failed\ndata: {"type":"response.failed","error":{"code":"invalid_value"}}\n\n';
    assert.deepEqual(outcomeOf(200, late, 0), { end: "refused", findings: [] });
  });

  it("is a fault where the API refuses, or the server fails", () => {
    for (const [text, askedCount] of [[refusal, 1], ['{"error":{"type":"server_error"}}', 0]] as const) {
      const { end, findings } = outcomeOf(500, text, askedCount);
      assert.deepEqual([end, findings.length], ["failed", 1]);
    }
  });
});

describe("the kinds of a request", () => {
  it("are told by its tools, whatever else is in the place of the deprecated ones", () => {
    const tools = [{ type: "function", function: { name: "look", parameters: { anyOf: [{}] } } }];
    for (const functions of [{}, 1, "x", true, null, undefined, [null]]) {
      assert.deepEqual(kindsOf({ messages: [], tools, functions }), ["tools", "unions"]);
    }
  });
});

describe("what goes up", () => {
  const good = { index: 0, bodyText: "good" };
  const planted = { index: 1, bodyText: "Summarise the conversation so far." };
  const refusalOf = (index: number, message = "`temperature` is deprecated for this model.") => ({ message, request: { index } });
  const judge = (bodyText: string): string[] => (bodyText === "good" ? [] : [bodyText]);

  it("is one request for a turn", () => {
    assert.deepEqual(judgeSent([good], [], judge), []);
    assert.deepEqual(judgeSent([good, { ...good, index: 1 }], [], judge), ["the model was asked 2 times"]);
  });

  it("is more where the first is refused for what the server learns, and each of them is judged", () => {
    assert.deepEqual(judgeSent([good, { ...good, index: 1 }], [refusalOf(0)], judge), []);
    assert.deepEqual(judgeSent([good, planted], [refusalOf(0)], judge), [planted.bodyText]);
    assert.equal(judgeSent([good, planted, { ...good, index: 2 }], [refusalOf(0)], judge).length, 2);
  });

  it("is refused for nothing else, and a few times at most", () => {
    assert.deepEqual(judgeSent([good], [refusalOf(0, "messages: no")], judge), ["refused: messages: no"]);
    const often = [0, 1, 2, 3].map((index) => ({ ...good, index }));
    assert.match(judgeSent(often, often.map(({ index }) => refusalOf(index)), judge).join(), /^refused 4 times/u);
  });

  it("between two turns is found, whatever the API answers", async (t) => {
    const stub = await startAnthropicStub();
    cleanUp(t, () => stub.close());
    const messages = [{ role: "user", content: planted.bodyText }];
    const ask = async (): Promise<unknown> => (
      readBytes(await postJson(`${stub.url}/v1/messages`, { model: "claude-sonnet-5-5", max_tokens: 10, messages }))
    );
    await ask();
    await ask();
    assert.deepEqual(unjudgedIn(stub.requests, new Set([0])), [JSON.stringify(messages)]);
    assert.deepEqual(unjudgedIn(stub.requests, new Set([0, 1])), []);
  });
});

/** The stub that tests of the server share: what they do not look at themselves fails them all the same, at their end. */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { AnthropicStub } from "./anthropic-stub.ts";
import { cleanUp } from "./cleanup.ts";
import { judgedUntilTheEnd } from "./raw-body-run.ts";
import { postJson, readBytes } from "./sse.ts";
import { startStub } from "./watched-stub.ts";

const question = { model: "claude-sonnet-5-5", max_tokens: 10, messages: [{ role: "user", content: "hello" }] };
const words = [{ type: "text", text: "Be kind." }];
const strange = { ...question, messages: [...question.messages, { role: "system", content: words }] };

async function post(stub: AnthropicStub | undefined, body: object, path = "/v1/messages"): Promise<void> {
  await readBytes(await postJson(`${stub?.url}${path}`, body));
}

/** A test that runs to its end, what it opened closed. */
async function ended(run: (t: TestContext) => Promise<void>): Promise<void> {
  const closers: (() => unknown)[] = [];
  await run({ after: (close: () => unknown) => closers.push(close) } as unknown as TestContext);
  for (const close of closers) await close();
}

/** What a test does beside its good turn, and by which words it fails. */
const faulty: readonly (readonly [what: string, words: RegExp, run: (t: TestContext) => Promise<void>])[] = [
  ["asks the API at another path", /something else is asked of the API/u, async (t) => {
    await post(await startStub(t), question, "/v1/messages/batches?beta=true");
  }],
  ["has the API count tokens", /tokens are counted that nobody asked for/u, async (t) => {
    await post(await startStub(t), question, "/v1/messages/count_tokens?beta=true");
  }],
  ["has words go up that are nobody's", /words that are nobody's went up/u, async (t) => {
    await post(await startStub(t), strange);
  }],
  ["has a reminder of nobody's go up in a tool's result", /words that are nobody's went up/u, async (t) => {
    const content = [{ type: "text", text: "<system-reminder>\nBe kind.\n</system-reminder>" }];
    const messages = [
      ...question.messages, { role: "assistant", content: [{ type: "tool_use", id: "a", name: "look", input: {} }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "a", content }] },
    ];
    await post(await startStub(t), { ...question, messages, tools: [{ name: "look", input_schema: { type: "object" } }] });
  }],
  ["has a second block of the system prompt go up", /words that are nobody's went up/u, async (t) => {
    await post(await startStub(t), { ...question, system: [{ type: "text", text: "Be brief." }, ...words] });
  }],
  ["has them go up while its server is closed, after its last look", /words that are nobody's went up/u, async (t) => {
    const stub = await startStub(t);
    cleanUp(t, () => post(stub, strange));
  }],
  ["asks another path as late as that", /something else is asked of the API/u, async (t) => {
    const stub = await startStub(t);
    cleanUp(t, () => post(stub, question, "/api/event_logging/batch"));
  }],
  ["asks what the API refuses", /the real API would have refused/u, async (t) => {
    await post(await startStub(t), { ...question, messages: [] });
  }],
  ["has a request go up that is part of no turn, while its server is closed", /this is part of no turn/u, async (t) => {
    let stub: AnthropicStub | undefined;
    const judged = judgedUntilTheEnd(t, () => stub?.requests ?? []);
    stub = await startStub(t);
    await post(stub, question);
    judged.add(0);
    cleanUp(t, () => post(stub, question));
  }],
];

describe("the stub that tests share", () => {
  it("fails no test of good turns, nor one in which the API is looked for", async () => {
    await ended(async (t) => {
      let stub: AnthropicStub | undefined;
      const judged = judgedUntilTheEnd(t, () => stub?.requests ?? []);
      stub = await startStub(t);
      await fetch(stub.url, { method: "HEAD" });
      await post(stub, question);
      judged.add(0);
    });
  });

  it("leaves counts of tokens to a test that says so", async () => {
    await ended(async (t) => post(await startStub(t, { mayCount: true }), question, "/v1/messages/count_tokens"));
  });

  it("leaves what the API refuses to a test that says so", async () => {
    await ended(async (t) => post(await startStub(t, { mayRefuse: true }), { ...question, messages: [] }));
  });

  for (const [what, said, run] of faulty) {
    it(`fails a test that ${what}`, async () => {
      await assert.rejects(ended(run), said);
    });
  }
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ToolCalls } from "../../src/claude/tool-calls.ts";
import { resultsByCall } from "../../src/claude/tool-results.ts";
import { seededRandom } from "../support/random.ts";

/** Calls `look` for each id, and keeps what is answered, by the request's id: the text, or the refusal. */
function scene(ids: readonly string[], name = (_id: string): string => "look") {
  const answers = new Map<string, string>();
  const calls = new ToolCalls((line) => {
    const { response } = JSON.parse(line) as { response: { request_id: string; error?: string; response?: { mcp_response: { id: unknown; result: { content: { text: string }[]; isError?: boolean } } } } };
    const { mcp_response: answer } = response.response ?? {};
    if (answer !== undefined) assert.equal(answer.id, `rpc ${response.request_id}`);
    answers.set(response.request_id, response.error ?? `${answer?.result.isError === true ? "error: " : ""}${answer?.result.content.map(({ text }) => text).join("")}`);
  });
  for (const id of ids) calls.note({ id, name: name(id), isForbidden: false });
  const ask = (request: string, toolUseId: string | undefined, called = "look"): void => calls.ask(request, { toolUseId, name: called, rpcId: `rpc ${request}` });
  const answer = (...ids: string[]): void => calls.answer(resultsByCall(ids, ids.map((id) => ({ type: "tool_result", tool_use_id: "the client's own", content: `result of ${id}` }))));
  return { calls, answers, ask, answer };
}

describe("a call", () => {
  it("is answered by its id, whenever its result comes", () => {
    const { answers, ask, answer } = scene(["a", "b"]);
    ask("1", "b");
    answer("a", "b");
    assert.deepEqual([...answers], [["1", "result of b"]]);
    ask("2", "a");
    assert.deepEqual([...answers], [["1", "result of b"], ["2", "result of a"]]);
  });

  it("without an id is the first of its name that was not asked for", () => {
    const { answers, ask, answer } = scene(["a1", "b1", "a2", "b2"], (id) => id.slice(0, 1));
    answer("a1", "b1", "a2", "b2");
    for (const [request, name] of [["1", "b"], ["2", "a"], ["3", "a"], ["4", "b"]] as const) ask(request, undefined, name);
    assert.deepEqual([...answers.values()], ["result of b1", "result of a1", "result of a2", "result of b2"]);
  });

  it("that the model did not make is refused, and so is one that was asked for already", () => {
    const { answers, ask, answer } = scene(["a"]);
    ask("1", "other");
    ask("2", undefined, "other");
    ask("3", "a");
    ask("4", "a");
    answer("a");
    assert.deepEqual([...answers], [["1", "The model did not make this call."], ["2", "The model did not make this call."], ["4", "The model did not make this call."], ["3", "result of a"]]);
  });

  it("of a turn that nobody waits for any more stays without an answer until it is forgotten", () => {
    const { calls, answers, answer } = scene([]);
    calls.hold("1", { toolUseId: "a", name: "look", rpcId: "rpc 1" });
    calls.hold("2", { toolUseId: undefined, name: "look", rpcId: "rpc 2" });
    assert.deepEqual([calls.isPending, [...answers]], [true, []]);
    calls.forget();
    assert.equal(calls.isPending, false);
    answer("a");
    assert.deepEqual([...answers], []);
  });

  it("past what the answer may have is told that it may not be, without the client", () => {
    const { calls, answers, ask } = scene([]);
    calls.note({ id: "a", name: "look", isForbidden: true });
    ask("1", "a");
    assert.match(answers.get("1") ?? "", /^error: Tools may not be called/u);
  });

  it("gets its own result in any order of questions and results", () => {
    const random = seededRandom(4);
    for (let round = 0; round < 500; round++) {
      const ids = Array.from({ length: 1 + random.below(6) }, (_, index) => `t${index}`);
      const { answers, ask, answer } = scene(ids);
      const steps = [...ids.map((id) => () => ask(id, id)), ...ids.map((id) => () => answer(id))];
      while (steps.length > 0) steps.splice(random.below(steps.length), 1)[0]?.();
      assert.deepEqual(new Map(answers), new Map(ids.map((id) => [id, `result of ${id}`])));
    }
  });
});

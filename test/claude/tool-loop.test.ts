import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ToolLoop, withoutThinking } from "../../src/claude/tool-loop.ts";
import type { AssistantBlock, Message } from "../../src/turn/message.ts";
import { assistant, callsOf, resultsOf, turnOf, user } from "../support/turns.ts";

const thought: AssistantBlock = { type: "thinking", thinking: "hm", signature: "s" };
const thinking = (message: Message): Message => (message.role === "user" ? message : { role: "assistant", content: [thought, ...message.content] });
const call = callsOf(["1", "look"]);
const results = resultsOf(["1", "seen"]);
const loop = [user("a"), call, results];
/** Asked without thinking, for words. */
const begun = { goesOn: false, hasSchema: false };

describe("a tool loop that a process is told", () => {
  for (const [what, messages] of [
    ["one call", loop], ["two", [...loop, callsOf(["2", "look"]), resultsOf(["2", "seen"])]],
    ["behind another loop, which is over and has its thoughts", [user("x"), thinking(call), results, assistant("b"), ...loop]],
    ["with a note behind its results", [...loop, user("note")]], ["thinking behind a text", [user("a"), { role: "assistant", content: [{ type: "text", text: "b" }, thought, ...call.content] } as Message, results]],
  ] as const) {
    it(`lacks its thoughts: ${what}`, () => assert.equal(new ToolLoop().noteTold(messages, 0), true));
  }

  for (const [what, messages] of [
    ["a thought before its first call", [user("a"), thinking(call), results, callsOf(["2", "look"]), resultsOf(["2", "seen"])]],
    ["a thought before its last", [...loop, thinking(callsOf(["2", "look"])), resultsOf(["2", "seen"])]],
    ["it is over", [...loop, assistant("b"), user("c")]], ["there is none", [user("a")]],
  ] as const) {
    it(`lacks none: ${what}`, () => assert.equal(new ToolLoop().noteTold(messages, 0), false));
  }

  it("lacks none where the process itself was in it, or the model needs none", () => {
    assert.equal(new ToolLoop().noteTold(loop, 2), false);
    const adaptive = new ToolLoop();
    adaptive.noteTold(loop, 0);
    adaptive.forget();
    assert.equal(adaptive.isThoughtless(loop), false);
  });

  it("lacks them in its further steps too, until it is over or taken back", () => {
    const told = new ToolLoop();
    told.noteTold(loop, 0);
    const step = [...loop, callsOf(["2", "look"]), resultsOf(["2", "seen"])];
    assert.deepEqual([told.isThoughtless(step), told.noteTold(step, 4), told.isThoughtless([...step, assistant("b"), user("c")])], [true, true, false]);
    told.noteTold([user("other")], 0);
    assert.equal(told.isThoughtless(loop), false);
  });

  it("lacks them where the question was asked without thinking: in that loop, and until it is asked anew", () => {
    const forced = new ToolLoop();
    forced.noteTold([user("a")], 0);
    forced.noteAsked([user("a")], begun);
    assert.deepEqual([forced.isThoughtless(loop), forced.noteTold(loop, 2), forced.isThoughtless([...loop, assistant("b"), user("c")])], [true, true, false]);
    forced.noteTold([user("a")], 0);
    assert.equal(forced.isThoughtless(loop), false);
    const going = new ToolLoop();
    going.noteAsked(loop, begun);
    assert.equal(going.isThoughtless(loop), false, "a loop that had begun before has its thoughts");
  });

  it("lacks them behind an answer without thinking by the CLI's schema tool, which is a call in its process alone", () => {
    const next = [user("a"), assistant("{}"), user("b")];
    const asked = new ToolLoop();
    asked.noteAsked([user("a")], { goesOn: false, hasSchema: true });
    assert.deepEqual([asked.noteTold(next, 2), asked.noteTold(next, 0)], [true, false]);
    const words = new ToolLoop();
    words.noteAsked([user("a")], begun);
    assert.equal(words.noteTold(next, 2), false);
    const going = new ToolLoop();
    assert.equal(going.noteTold([...loop, user("note")], 0), true);
    going.noteAsked([...loop, user("note")], { goesOn: true, hasSchema: true });
    assert.equal(going.noteTold([...loop, user("note"), assistant("{}"), user("b")], 5), true);
  });

  it("goes on without thinking and without the sampling that goes only without it", () => {
    const { sampling, thinking: off } = withoutThinking(turnOf({ model: "haiku", sampling: { temperature: 0.2, topP: 0.9 } }));
    assert.deepEqual([sampling, off], [undefined, { type: "disabled" }]);
    const small = turnOf({ model: "haiku", sampling: { temperature: 0.2 }, maxTokens: 1 });
    assert.equal(withoutThinking(small), small, "there is no room to think");
  });
});

import assert from "node:assert/strict";
import { it } from "node:test";
import type { JsonText } from "../../src/turn/event.ts";
import { sizeOf } from "../../src/turn/event-size.ts";
import { blockStop, inputJson, messageStart, messageStop, text, textStart, thinking, thinkingStart, toolUse } from "../support/turn-events.ts";

it("an event's size is that of what the model wrote in it, whatever kind of event it is", () => {
  const sized = [
    text("abc"), thinking("ab"), inputJson(0, "{}"), toolUse(0, "t1", "look"),
    { type: "signature", index: 0, signature: "Eq==" as JsonText } as const,
    { type: "citation", index: 0, citation: { a: 1 } } as const,
    { type: "block_start", index: 0, block: { type: "redacted_thinking", data: "secret" } } as const,
    { type: "block_start", index: 0, block: { type: "mcp_tool_use" } } as const,
    { type: "block_start", index: 0, block: { type: "other", block: {} } } as const,
    { type: "other_delta", index: 0, delta: { a: 1 } } as const,
  ];
  assert.deepEqual(sized.map(sizeOf), [3, 2, 2, 6, 4, 7, 6, 23, 27, 7]);
});

it("an event that only marks a border or a state has no size", () => {
  const empty = [messageStart(), textStart(), thinkingStart(), blockStop(), messageStop("end_turn"), { type: "retry" } as const, { type: "accepted", model: "claude-x" } as const];
  assert.deepEqual(new Set(empty.map(sizeOf)), new Set([0]));
});

it("text counts as the bytes that it is held in, not as its characters", () => {
  assert.equal(sizeOf(text("é\n")), 4);
});

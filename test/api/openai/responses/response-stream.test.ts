/** The stream of a response: its bytes, failures and thoughts, however the model's words are cut. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ResponseStyle } from "../../../../src/api/openai/responses/response-style.ts";
import { answerBytesMax } from "../../../../src/api/openai/responses/response.ts";
import { unpackedThought } from "../../../../src/api/openai/thoughts.ts";
import { ToolNames } from "../../../../src/api/tool-names.ts";
import { BridgeError } from "../../../../src/errors.ts";
import type { JsonText, TurnEvent } from "../../../../src/turn/event.ts";
import { seededRandom } from "../../../support/random.ts";
import {
  eventsIn, eventsOf, finish, inState, openAiUsage, relayed, start, usage, utf8, wireOf, withBatch,
} from "../../../support/response-events.ts";
import { judgeResponseStream } from "../../../support/responses-wire.ts";
import { sampleOf } from "../../../support/sample.ts";
import { inputJson, text, thinking, toolUse } from "../../../support/turn-events.ts";

describe("the bytes of an event", () => {
  it("are its name and one line of JSON, with its number", () => {
    const { stream } = wireOf();
    const [first, second] = stream.open().split(/(?<=\n\n)/u);
    const response = `"response":${JSON.stringify(inState("in_progress"))}`;
    assert.deepEqual([first, second].map((block) => utf8(block ?? "")), [
      `event: response.created\ndata: {"type":"response.created","sequence_number":0,${response}}\n\n`,
      `event: response.in_progress\ndata: {"type":"response.in_progress","sequence_number":1,${response}}\n\n`,
    ]);
  });

  it("of a delta are its text as the CLI escaped it", () => {
    const { stream } = wireOf();
    const [, , delta] = stream.encode([{ type: "text", index: 0, text: "\\u00e9\\/\\n" as JsonText }]).split(/(?<=\n\n)/u);
    assert.match(delta ?? "", /^event: response\.output_text\.delta\ndata: \{"type":"response\.output_text\.delta","sequence_number":4,"item_id":"msg_[\w-]{24}","output_index":0,"content_index":0,"logprobs":\[\],"delta":"\\u00e9\\\/\\n"\}\n\n$/u);
  });

  it("of a heartbeat are a keepalive", () => {
    const { stream } = wireOf();
    stream.open();
    assert.equal(stream.heartbeat(), 'event: keepalive\ndata: {"type":"keepalive","sequence_number":2}\n\n');
    assert.equal(stream.heartbeat(), 'event: keepalive\ndata: {"type":"keepalive","sequence_number":3}\n\n');
  });

  // The fields that `responses.d.ts` of the `openai` package, 7.57, says every event has; a call's `name` at the end of its arguments is of older ones.
  it("have every field that OpenAI's types require, and no unknown one", () => {
    const fields: Readonly<Record<string, string>> = {
      "response.created": "response", "response.in_progress": "response", "response.completed": "response", "response.incomplete": "response", "response.failed": "response", keepalive: "",
      "response.output_item.added": "item output_index", "response.output_item.done": "item output_index",
      "response.content_part.added": "content_index item_id output_index part", "response.content_part.done": "content_index item_id output_index part",
      "response.output_text.delta": "content_index delta item_id logprobs output_index", "response.output_text.done": "content_index item_id logprobs output_index text",
      "response.reasoning_summary_part.added": "item_id output_index part summary_index", "response.reasoning_summary_part.done": "item_id output_index part summary_index",
      "response.reasoning_summary_text.delta": "delta item_id output_index summary_index", "response.reasoning_summary_text.done": "item_id output_index summary_index text",
      "response.function_call_arguments.delta": "delta item_id output_index", "response.function_call_arguments.done": "arguments item_id output_index",
      "response.custom_tool_call_input.delta": "delta item_id output_index", "response.custom_tool_call_input.done": "input item_id output_index",
    };
    const seen = new Set<string>();
    const wire = wireOf({ customTools: new Set(["p"]) });
    const turn = [thinking("t"), text("a"), toolUse(0, "1", "f"), inputJson(0, "{}"), toolUse(1, "2", "p"), inputJson(1, '{"input":"x"}')];
    const streams = [
      relayed(wire, [...turn, finish("max_tokens")]) + wire.stream.heartbeat(),
      relayed(wireOf(), [finish()]),
      wireOf().stream.fail(new BridgeError("overloaded", "x")),
    ];
    for (const { type, sequence_number: _number, ...event } of streams.flatMap(eventsIn)) {
      assert.deepEqual(Object.keys(event).sort(), (fields[type] ?? assert.fail(type)).split(" ").filter((name) => name !== ""), type);
      seen.add(type);
    }
    assert.deepEqual([...seen].sort(), Object.keys(fields).sort());
  });
});

describe("a failure", () => {
  it("of a used-up window has the code of the few at which Codex does not ask again", () => {
    const { stream } = wireOf();
    const [, , failed] = eventsIn(stream.open() + stream.fail(new BridgeError("usage_limit_reached", "used up", { retryAfterSeconds: 7_200 })));
    assert.deepEqual([failed.type, failed.response.error], ["response.failed", { code: "insufficient_quota", message: "used up" }]);
  });

  it("right after the head is the third event", () => {
    const { stream, finished } = wireOf();
    const [, , failed] = eventsIn(stream.open() + stream.fail(new BridgeError("overloaded", "voll: “é”", { field: "model" })));
    assert.deepEqual(failed, { type: "response.failed", sequence_number: 2, response: inState("failed", { error: { code: "server_is_overloaded", message: "voll: “é”" } }) });
    assert.deepEqual(finished, []);
  });

  it("in the middle has what was ended before it, and neither usage nor a finish", () => {
    const wire = wireOf();
    const bytes = relayed(wire, [start, thinking("t"), text("half")]) + wire.stream.fail(new BridgeError("invalid_request", "x"));
    const { response } = judgeResponseStream(Buffer.from(bytes, "latin1"));
    assert.deepEqual([response.error, response.output.length, response.output[0].type], [{ code: "invalid_request_error", message: "x" }, 1, "reasoning"]);
    assert.deepEqual(wire.finished, []);
  });

  it("is an answer that is longer than one can be: the numbers of its events go on without a gap", () => {
    const wire = wireOf();
    const half: TurnEvent = { type: "text", index: 0, text: "x".repeat(answerBytesMax / 2) as JsonText };
    // The first event of the last batch would still fit.
    const most: TurnEvent = { type: "text", index: 0, text: "x".repeat(answerBytesMax / 2 - 1) as JsonText };
    const numbers = (bytes: string): number[] => [...bytes.matchAll(/"sequence_number":(\d+)/gu)].map(([, number]) => Number(number));
    const written = numbers(relayed(wire, [half], [most]));
    assert.throws(() => wire.stream.encode([thinking("a"), text("b")]), { code: "upstream_error", message: /longer than a response can hold/u });
    const [failed, ...more] = numbers(wire.stream.fail(new BridgeError("upstream_error", "x")));
    assert.deepEqual([written, failed, more], [[0, 1, 2, 3, 4, 5], 6, []]);
    assert.deepEqual(wire.finished, []);
    assert.doesNotThrow(() => relayed(wireOf(), [half, most], [thinking("a")]), "as long as one can be");
  });
});

describe("the model's signed thoughts", () => {
  const sign = (signature: string): TurnEvent => ({ type: "signature", index: 0, signature: signature as JsonText });
  const begun: TurnEvent = { type: "message_start", id: "msg", model: "claude-opus-5-5", usage };
  const thought: readonly TurnEvent[] = [begun, thinking("h"), thinking("m é"), sign("Eq=="), text("a"), finish()];
  const block = { type: "thinking", thinking: "hm é", signature: "Eq==", model: "claude-opus-5-5" };
  const reasonings = (events: readonly TurnEvent[], style: Partial<ResponseStyle>): { readonly sent: any[]; readonly stored: any[] } => {
    const wire = wireOf(style);
    const sent = eventsIn(relayed(wire, events)).flatMap(({ type, item }) => (type === "response.output_item.done" && item.type === "reasoning" ? [item] : []));
    return { sent, stored: wire.finished[0]?.output.filter(({ type }) => type === "reasoning") ?? [] };
  };

  it("are in their item where the client includes them, and come back from it", () => {
    const { sent: [item, ...more], stored } = reasonings(thought, { includesThoughts: true });
    assert.deepEqual([item.summary, unpackedThought(item), more, stored], [[{ type: "summary_text", text: "hm é" }], block, [], [item]]);
  });

  it("are kept for the next response where this one is stored, and sent to nobody", () => {
    const { sent: [item], stored: [kept = assert.fail()] } = reasonings(thought, { isStored: true });
    assert.deepEqual([item.encrypted_content, unpackedThought(kept)], [null, block]);
    assert.equal(reasonings(thought, {}).stored[0]?.["encrypted_content"], null);
  });

  it("are an item each, also where the API shows none of them", () => {
    const events: readonly TurnEvent[] = [begun, thinking("h"), sign("1"), thinking("m"), sign("2"), sign("3"), { type: "block_start", index: 3, block: { type: "redacted_thinking", data: "x" } }, text("a"), finish()];
    const { sent } = reasonings(events, { includesThoughts: true });
    const model = "claude-opus-5-5";
    assert.deepEqual(sent.map(unpackedThought), [["h", "1"], ["m", "2"], ["", "3"]].map(([words, signature]) => ({ type: "thinking", thinking: words, signature, model })).concat([{ type: "redacted_thinking", data: "x", model } as never]));
    assert.deepEqual(sent.map(({ summary }) => summary.length), [1, 1, 0, 0]);
    assert.equal(reasonings(events, { isStored: true }).sent.length, 2);
    assert.doesNotThrow(() => eventsOf(events, { includesThoughts: true }));
  });
});

describe("whatever the model says, in whatever batches", () => {
  const runs = sampleOf({ what: "answers", small: 50, whole: 3_000 });
  /** What was said, item by item. */
  interface Said { readonly type: string; text: string }

  it(`every event that repeats it repeats it exactly (${runs} answers)`, () => {
    const random = seededRandom(31);
    const custom = 'mcp/"p"';
    const names = new ToolNames();
    const customTools = new Set([names.toModel(custom)]);
    for (let run = 0; run < runs; run++) {
      const said: Said[] = [];
      const turn: TurnEvent[] = [start];
      let deltas = 0;
      let calls = 0;
      const grow = (type: string, event: (value: string) => TurnEvent): void => {
        const value = random.nastyText(8);
        const last = said.at(-1);
        if (last?.type === type) last.text += value;
        else said.push({ type, text: value });
        deltas++;
        turn.push(event(value));
      };
      for (let step = random.below(8); step > 0; step--) {
        switch (random.below(4)) {
          case 0: grow("message", text); break;
          case 1: grow("reasoning", thinking); break;
          case 2: {
            turn.push(toolUse(calls, `toolu_${calls}`, random.nastyText(3)));
            said.push({ type: "function_call", text: "" });
            for (let piece = random.below(4); piece > 0; piece--) grow("function_call", (value) => inputJson(calls, value));
            calls++;
            break;
          }
          default: {
            const value = random.nastyText(12);
            // Cut anywhere, inside of a character too.
            const json = Buffer.from(JSON.stringify({ input: value })).toString("latin1");
            turn.push(toolUse(calls, `toolu_${calls}`, names.toModel(custom)));
            for (let from = 0; from < json.length;) {
              const to = from + 1 + random.below(json.length);
              turn.push({ type: "input_json", index: calls, text: JSON.stringify(json.slice(from, to)).slice(1, -1) as JsonText });
              from = to;
            }
            said.push({ type: "custom_tool_call", text: value });
            deltas++;
            calls++;
          }
        }
      }
      if (said.length === 0) said.push({ type: "message", text: "" });
      turn.push(finish(random.pick(["end_turn", "tool_use", "max_tokens", "refusal"])));

      const wire = wireOf({ names, customTools });
      let bytes = "";
      let heartbeats = 0;
      while (turn.length > 0) {
        bytes = withBatch(wire, bytes, turn.splice(0, 1 + random.below(4)));
        if (bytes !== "" && turn.length > 0 && random.below(3) === 0) {
          bytes += wire.stream.heartbeat();
          heartbeats++;
        }
      }
      const judged = judgeResponseStream(Buffer.from(bytes, "latin1"));
      assert.deepEqual(judged.items.map((item) => ({ type: item.type, text: item.text })), said, `run ${run}`);
      assert.deepEqual([judged.deltas, judged.keepalives], [deltas, heartbeats], `run ${run}`);
      assert.equal(new Set([...judged.items.map(({ item }) => item.id), judged.response.id]).size, said.length + 1);
      assert.deepEqual(judged.response.usage, openAiUsage);
    }
  });
});

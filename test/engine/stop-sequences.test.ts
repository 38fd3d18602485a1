import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { endAtStop } from "../../src/engine/stop-sequences.ts";
import { decodeJsonText } from "../../src/json-text.ts";
import type { TurnEvent } from "../../src/turn/event.ts";
import type { Usage } from "../../src/turn/usage.ts";
import { seededRandom } from "../support/random.ts";
import { sampleOf } from "../support/sample.ts";
import { apiToolEvents, checkGrammar, blockStop, inputJson, messageStart, messageStop, noUsage, summaryOf, text, textStart, thinking, thinkingStart, toolUse } from "../support/turn-events.ts";

const textsCut = sampleOf({ what: "texts cut anywhere", small: 300, whole: 3_000 });
const usage: Usage = { ...noUsage, inputTokens: 10, cacheReadInputTokens: 30, outputTokens: 1 };
const start = messageStart(usage);
const finish = messageStop("max_tokens", { ...usage, outputTokens: 99 });

interface Ended {
  readonly events: readonly TurnEvent[];
  readonly batches: readonly (readonly TurnEvent[])[];
  /** The upstream was told that nothing more is wanted. */
  readonly wasLeft: boolean;
}

async function end(stop: readonly string[], batches: readonly TurnEvent[][]): Promise<Ended> {
  let wasLeft = false;
  async function* upstream(): AsyncGenerator<TurnEvent[]> {
    let isDone = false;
    try {
      yield* batches;
      isDone = true;
    } finally {
      wasLeft = !isDone;
    }
  }
  const out: TurnEvent[][] = [];
  for await (const batch of endAtStop(upstream(), stop)) out.push(batch);
  return { events: out.flat(), batches: out, wasLeft };
}

const answer = (...texts: string[]): TurnEvent[][] => [[start], ...texts.map((plain) => [text(plain)]), [finish]];

/** What a reader of whole texts makes of it. */
function upToFirstStop(whole: string, stop: readonly string[]): { readonly said: string; readonly found: boolean } {
  for (let at = 0; at < whole.length; at++) {
    if (stop.some((sequence) => whole.startsWith(sequence, at))) return { said: whole.slice(0, at), found: true };
  }
  return { said: whole, found: false };
}

describe("an answer with stop sequences", () => {
  it("ends before the first, and the upstream is left", async () => {
    const { events, wasLeft } = await end(["END"], answer("one ", "two END three", " four"));
    assert.deepEqual([summaryOf(events).text, summaryOf(events).stopReason, wasLeft], ["one two ", "stop_sequence", true]);
    assert.equal(events.at(-1)?.type, "message_stop");
  });

  it("that holds none is given whole, with its own finish", async () => {
    const { events, wasLeft } = await end(["END"], answer("one E", "N two EN"));
    assert.equal(summaryOf(events).text, "one EN two EN");
    assert.deepEqual([events.at(-1), wasLeft], [finish, false]);
  });

  it("ends at the one that comes first in the text, not in the list", async () => {
    assert.equal(summaryOf((await end(["c", "b"], answer("abc"))).events).text, "a");
    assert.equal(summaryOf((await end(["b", "c"], answer("acb"))).events).text, "a");
  });

  it("ends at once when it begins with one", async () => {
    const { events } = await end(["a"], answer("a"));
    assert.deepEqual(events.map(({ type }) => type), ["message_start", "message_stop"]);
  });

  it("ends at a text that begins like a sequence and turns out to be another", async () => {
    assert.equal(summaryOf((await end(["aab"], answer("a", "a", "a", "b"))).events).text, "a");
    assert.equal(summaryOf((await end(["abcd", "bx"], answer("ab", "x"))).events).text, "a");
    assert.equal(summaryOf((await end(["\n\n"], answer("a\n", "b\n", "\nc"))).events).text, "a\nb");
  });

  it("holds back only what may become one: the rest goes out at once", async () => {
    const { batches } = await end(["STOP"], answer("hello S", "T", "ay"));
    assert.deepEqual(batches.map((batch) => batch.map((event) => (event.type === "text" ? decodeJsonText(event.text) : event.type))), [["message_start"], ["hello "], ["STay"], ["message_stop"]]);
  });

  it("gives no empty batch and no empty text", async () => {
    const { batches, events } = await end(["xyz"], answer("x", "y", "x", "y", "!"));
    assert.ok(batches.every(({ length }) => length > 0));
    assert.ok(events.every((event) => event.type !== "text" || event.text !== ""));
  });

  it("takes thinking for no part of the text: a sequence in it, or across it, ends nothing but across it", async () => {
    const { events } = await end(["END"], [[start], [thinking("END"), text("a E")], [thinking("hm")], [text("ND b")], [finish]]);
    assert.deepEqual([summaryOf(events).text, summaryOf(events).thinking], ["a ", "ENDhm"]);
  });

  it("takes what the API's own tools leave for no part of the text: a sequence in it ends nothing, one across it does", async () => {
    const { events } = await end(["END"], [[start], [textStart(0), text("a E"), blockStop(0)], apiToolEvents(1), [textStart(4), text("ND b", 4)], [finish]]);
    assert.deepEqual([summaryOf(events).text, summaryOf(events).stopReason], ["a ", "stop_sequence"]);
    checkGrammar(events, true);
    const untouched = [start, textStart(0), text("a "), text("EN"), blockStop(0), ...apiToolEvents(1), textStart(4), text("d", 4), blockStop(4), finish];
    assert.deepEqual((await end(["END"], [untouched])).events, untouched);
  });

  it("gives what was held before a call, and goes on with the call", async () => {
    const call = toolUse(1, "t1", "look");
    const json = inputJson(1, '{"a":"END"}');
    const { events } = await end(["END"], [[start], [text("a EN"), call], [json], [finish]]);
    assert.deepEqual(events, [start, text("a "), text("EN"), call, json, finish]);
  });

  it("tells which sequence ended it; of two that begin at one place, the first of the list", async () => {
    for (const [stop, sequence] of [[["b", "bc"], "b"], [["bc", "b"], "bc"], [["c", "b"], "b"]] as const) {
      const last = (await end(stop, answer("abc"))).events.at(-1);
      assert.deepEqual(last?.type === "message_stop" && [last.stopReason, last.stopSequence], ["stop_sequence", sequence]);
    }
  });

  it("ends its block, and keeps the borders of blocks in their order", async () => {
    const batches = [[start, textStart(0), text("a E", 0), blockStop(0), thinkingStart(1), thinking("hm", 1), blockStop(1), textStart(2), text("ND b", 2)]];
    const { events } = await end(["END"], batches);
    assert.deepEqual(events.map(({ type }) => type), ["message_start", "block_start", "text", "block_stop", "block_start", "thinking", "block_stop", "block_start", "block_stop", "message_stop"]);
    const untouched = [start, textStart(0), text("a EN", 0), blockStop(0), thinkingStart(1), thinking("hm", 1), blockStop(1), textStart(2), text("d", 2), blockStop(2), finish];
    assert.deepEqual((await end(["END"], [untouched])).events, [start, textStart(0), text("a ", 0), text("EN", 0), ...untouched.slice(3)]);
  });

  it("counts what it said, and keeps what was known of the prompt", async () => {
    const finished = (await end(["END"], answer("123456789", "END"))).events.at(-1);
    assert.deepEqual(finished, messageStop("stop_sequence", { ...usage, outputTokens: 3 }, "END"));
  });

  it("passes a failure on, with what came before it", async () => {
    const boom = new Error("boom");
    async function* failing(): AsyncGenerator<TurnEvent[]> {
      yield [start, text("a EN")];
      throw boom;
    }
    const events: TurnEvent[] = [];
    await assert.rejects(async () => {
      for await (const batch of endAtStop(failing(), ["END"])) events.push(...batch);
    }, boom);
    assert.deepEqual(events, [start, text("a ")]);
  });

  it("is, for any text, cut anywhere, what stands before the first sequence; no part of one is ever given", async () => {
    const random = seededRandom(11);
    const pieces = ["a", "b", "ab", "aab", "\n", "\n\n", "😀", "\ud83d", "\ude00", "é", '"', "\\", "#"];
    let found = 0;
    for (let round = 0; round < textsCut; round++) {
      const word = (lengthMax: number): string => Array.from({ length: 1 + random.below(lengthMax) }, () => random.pick(pieces)).join("");
      const stop = Array.from({ length: 1 + random.below(4) }, () => word(3));
      const whole = random.below(10) === 0 ? "" : word(12);
      const deltas: string[] = [];
      for (let at = 0; at < whole.length;) {
        const length = 1 + random.below(4);
        deltas.push(whole.slice(at, at + length));
        at += length;
      }
      // Several deltas a batch, at random.
      const batches: TurnEvent[][] = [[start]];
      for (const delta of deltas) {
        if (random.below(2) === 0) batches.push([]);
        batches.at(-1)?.push(text(delta));
      }
      batches.push([finish]);
      const { events } = await end(stop, batches);
      const expected = upToFirstStop(whole, stop);
      const told = events.flatMap((event) => (event.type === "text" ? [decodeJsonText(event.text)] : []));
      const why = `${JSON.stringify(whole)} as ${JSON.stringify(deltas)}, stops ${JSON.stringify(stop)}`;
      assert.equal(told.join(""), expected.said, why);
      // As it went out, too: nothing was given and taken back.
      assert.deepEqual(events.map(({ type }) => type).filter((type) => type !== "text"), ["message_start", "message_stop"], why);
      assert.equal(events.at(-1)?.type === "message_stop" && events.at(-1), expected.found ? events.at(-1) : finish, why);
      assert.equal(summaryOf(events).stopReason, expected.found ? "stop_sequence" : "max_tokens", why);
      if (expected.found) found++;
    }
    assert.ok(found > textsCut / 6 && found < textsCut * 0.97, `${found} of ${textsCut} were ended`);
  });
});

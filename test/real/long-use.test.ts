/**
 * A day of work on few processes: memory stays bounded, and no turn waits long but the one for which a renewed process is
 * booted, as none is kept warm here. That takes 300 single questions; in the middle of a conversation a process is kept
 * for longer. All turns over twice the median are printed; a busy machine has some, so that those far over it count.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { descendants, proportionalMegabytes, residentMegabytes } from "../../scripts/bench/process-usage.ts";
import { conversationOf, textAnswer, textOf, toolUseAnswer } from "../support/anthropic-stub.ts";
import { turnsMax } from "../../src/engine/renewal.ts";
import { claudeVersions } from "../support/real-claude.ts";
import { claudesOf, startReal } from "../support/real-server.ts";
import { sampleOf } from "../support/sample.ts";

const conversations = sampleOf({ what: "conversations of 15 turns with 200 kB results", small: 1, large: 1, whole: 10 });
const shortTurns = sampleOf({ what: "short turns in one conversation", small: 40, large: 100, whole: 500 });
/** A few more than a process is kept for. */
const singleQuestions = sampleOf({ what: "single questions", small: 20, large: turnsMax + 10, whole: 3 * turnsMax });
const turnsEach = 15;
const resultChars = 200_000;
/** All processes of the server and its own, in MB. One CLI has 250 after its first turn. */
const megabytesMax = 1_500;
/** A boot takes up to 4.5 s on a machine that does much else. */
const turnMsMax = 10_000;
/**
 * A turn that waits for a boot takes 22 to 27 times the median. A machine that does much else makes one turn in four take
 * over twice the median, and one of hundreds ten times.
 */
const slowFactor = 12;

interface Said { readonly role: string; readonly content: unknown; readonly tool_calls?: unknown; readonly tool_call_id?: string }

const system: Said = { role: "system", content: "Be terse." };
const tools = [{ type: "function", function: { name: "look", parameters: { type: "object", properties: { n: { type: "integer" } } } } }];

function megabytesOf(pid: number): number {
  return [pid, ...descendants(pid)].reduce((sum, each) => {
    try {
      return sum + (proportionalMegabytes(each) ?? residentMegabytes(each));
    } catch {
      // It has ended meanwhile.
      return sum;
    }
  }, 0);
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

describe("long use", () => {
  const [version] = claudeVersions;

  it(`claude ${version}: large results in conversations one after the other, then many short turns in one, then many single questions`, async (t) => {
    const { stub, startServer } = await startReal(t, version);
    const { bridge, client } = await startServer();
    const pid = bridge.child.pid ?? assert.fail();
    stub.respond = ({ body }) => {
      const last = conversationOf(body).at(-1);
      const isCall = textOf(last?.content).startsWith("look");
      return isCall ? toolUseAnswer([{ name: "look", input: { n: 1 }, fragments: ['{"n":', "1}"] }]) : textAnswer(["Fine."]);
    };
    let peak = 0;
    const processes = new Set<number>();
    const ask = async (messages: readonly Said[]): Promise<{ readonly message: Said; readonly ms: number }> => {
      const beganMs = performance.now();
      const completion = await client.chat.completions.create({ model: "sonnet", messages, tools });
      const ms = performance.now() - beganMs;
      for (const claude of claudesOf(bridge)) processes.add(claude);
      return { message: completion.choices[0].message, ms };
    };
    for (let conversation = 0; conversation < conversations; conversation++) {
      const messages: Said[] = [system];
      for (let turn = 0; turn < turnsEach; turn++) {
        messages.push({ role: "user", content: `look ${conversation} ${turn}` });
        const { message } = await ask(messages);
        const [call] = message.tool_calls as { readonly id: string }[];
        messages.push(message, { role: "tool", tool_call_id: call?.id ?? assert.fail(), content: `${turn} `.repeat(resultChars / 2).slice(0, resultChars) });
        messages.push((await ask(messages)).message);
        peak = Math.max(peak, megabytesOf(pid));
      }
    }
    t.diagnostic(`${conversations} conversations: ${processes.size} processes, at most ${peak.toFixed(0)} MB, then ${megabytesOf(pid).toFixed(0)} MB`);
    const timed = async (what: string, turns: number, messagesOf: (turn: number) => Said[]): Promise<void> => {
      processes.clear();
      const times: number[] = [];
      for (let turn = 0; turn < turns; turn++) {
        const messages = messagesOf(turn);
        const { message, ms } = await ask(messages);
        messages.push(message);
        times.push(ms);
        if (turn % 20 === 0) peak = Math.max(peak, megabytesOf(pid));
      }
      // The first may boot its process.
      const [, ...later] = times;
      const [usual, longest] = [median(later), Math.max(...later)];
      const over = later.filter((ms) => ms > 2 * usual);
      const slow = over.filter((ms) => ms > slowFactor * usual);
      t.diagnostic(`${turns} ${what}: ${processes.size} processes, at most ${peak.toFixed(0)} MB; a turn ${usual.toFixed(0)} ms, the longest ${longest.toFixed(0)} ms (turn ${times.indexOf(longest)}); over twice the median: ${over.map((ms) => ms.toFixed(0)).join(", ") || "none"}`);
      assert.ok(longest <= turnMsMax, `turn ${times.indexOf(longest)} of the ${what} took ${longest.toFixed(0)} ms`);
      assert.ok(slow.length <= processes.size - 1, `${slow.length} of ${turns} ${what} were slow, on ${processes.size} processes`);
    };
    const messages: Said[] = [system];
    await timed("short turns", shortTurns, (turn) => {
      messages.push({ role: "user", content: `Question ${turn}` });
      return messages;
    });
    assert.equal(processes.size, 1, "one process for a conversation");
    await timed("single questions", singleQuestions, (turn) => [system, { role: "user", content: `Question ${turn}` }]);
    if (singleQuestions > turnsMax) assert.ok(processes.size >= 2, `${processes.size} process for all single questions`);
    assert.ok(peak <= megabytesMax, `${peak} MB`);
  });
});

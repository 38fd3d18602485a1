import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { describe, it } from "node:test";
import { HeldAnswers, wholeAnswerBytesMax } from "../../src/http/held-answers.ts";
import { createLogger } from "../../src/log.ts";

const tooLong = { code: "upstream_error", message: /ask for it as a stream/u };

/** Answers of which so much may be held, and what was logged of them. */
function room(bytesMax: number) {
  const lines: string[] = [];
  return { answers: new HeldAnswers(createLogger("info", (line) => lines.push(line)), bytesMax), lines };
}

/** An answer, and whether its connection or its turn was ended. */
function hold(answers: HeldAnswers, id: string, bytes = 0) {
  const ended = { connection: false, turn: false };
  const response = { getHeader: () => id, destroy: () => void (ended.connection = true) };
  const giveUp = (): void => void (ended.turn = true);
  const answer = answers.hold({ response: response as unknown as ServerResponse, giveUp });
  answer.grow(bytes);
  return { answer, ended };
}

describe("answers that are given whole", () => {
  it("are held up to a bound: the one whose reader has taken nothing for longest is cut for another", () => {
    const { answers, lines } = room(100);
    const first = hold(answers, "first", 40);
    const [second, third] = [hold(answers, "second", 30), hold(answers, "third", 30)];
    for (const { answer } of [first, second, third]) answer.beginReading();
    first.answer.take(10);
    const fourth = hold(answers, "fourth", 30);
    const areCut = [first, second, third, fourth].map(({ ended }) => ended.connection);
    assert.deepEqual(areCut, [false, true, false, false]);
    assert.equal(answers.bytes, 90);
    fourth.answer.grow(40);
    assert.deepEqual([first, third, fourth].map(({ ended }) => ended.connection), [false, true, false]);
    assert.equal(answers.bytes, 100);
    assert.deepEqual([first, second, third, fourth].map(({ ended }) => ended.turn), [false, false, false, false]);
    assert.match(lines.join("\n"), /info .*cut.* id=second .*longest.*\n.* id=third /u);
  });

  it("that are still being gathered go last: the turn of the largest ends at once, though its CLI is silent", () => {
    const { answers, lines } = room(100);
    const [large, small] = [hold(answers, "large", 90), hold(answers, "small", 5)];
    small.answer.grow(10);
    assert.deepEqual([large.ended, small.ended].map(({ turn }) => turn), [true, false]);
    assert.equal(answers.bytes, 15);
    assert.match(lines.join("\n"), /info .*cut.* id=large .*largest/u);
    assert.throws(() => large.answer.throwIfGivenUp(), tooLong);
    assert.throws(() => large.answer.grow(1), tooLong);
    large.answer.release();
    small.answer.grow(50);
    assert.equal(answers.bytes, 65);
    assert.equal(large.ended.connection, false, "its client is told by a status");
    assert.throws(() => small.answer.grow(36), tooLong);
    assert.equal(answers.bytes, 0);
  });

  it("come to no more than the bound while many of them are silent", () => {
    const { answers } = room(100);
    const silent = Array.from({ length: 10 }, (_, index) => hold(answers, `${index}`, 10));
    const growing = hold(answers, "growing");
    for (let times = 0; times < 4; times++) {
      growing.answer.grow(2);
      assert.ok(answers.bytes <= 100, `${answers.bytes}`);
    }
    assert.equal(silent.filter(({ ended }) => ended.turn).length, 1);
  });

  it("are each no longer than one may be, however much room there is", () => {
    const { answers } = room(2 * wholeAnswerBytesMax);
    hold(answers, "one", wholeAnswerBytesMax);
    assert.throws(() => hold(answers, "other", wholeAnswerBytesMax + 1), tooLong);
  });

  it("count no more once they were read or given up, however often that is told", () => {
    const { answers } = room(100);
    const { answer } = hold(answers, "one", 60);
    answer.beginReading();
    answer.take(70);
    assert.equal(answers.bytes, 0);
    answer.release();
    answer.release();
    assert.equal(answers.bytes, 0);
  });
});

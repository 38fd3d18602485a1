import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { describe, it } from "node:test";
import { HeldAnswers, wholeAnswerBytesMax } from "../../src/http/held-answers.ts";

const tooLong = { kind: "upstream_error", message: /ask for it as a stream/u };

/** As much of a `ServerResponse` as is used here. */
function reader() {
  const response = { destroyed: false, destroy: () => void (response.destroyed = true) };
  return response;
}

function hold(answers: HeldAnswers, bytes = 0, response = reader()) {
  const answer = answers.hold(response as unknown as ServerResponse);
  answer.grow(bytes);
  return { answer, response };
}

describe("answers that are given whole", () => {
  it("are held up to a bound: the one whose reader has taken nothing for longest is cut for another", () => {
    const answers = new HeldAnswers(100);
    const [first, second, third] = [hold(answers, 40), hold(answers, 30), hold(answers, 30)];
    for (const { answer } of [first, second, third]) answer.shrink(0);
    first.answer.shrink(10);
    const fourth = hold(answers, 30);
    const areCut = [first, second, third, fourth].map(({ response }) => response.destroyed);
    assert.deepEqual(areCut, [false, true, false, false]);
    assert.equal(answers.bytes, 90);
    fourth.answer.grow(40);
    assert.deepEqual([first, third, fourth].map(({ response }) => response.destroyed), [false, true, false]);
    assert.equal(answers.bytes, 100);
  });

  it("that are still being gathered are cut for nobody: the largest of them fails when it grows", () => {
    const answers = new HeldAnswers(100);
    const [large, small] = [hold(answers, 90), hold(answers, 5)];
    small.answer.grow(10);
    assert.throws(() => large.answer.grow(1), tooLong);
    large.answer.release();
    small.answer.grow(50);
    assert.equal(answers.bytes, 65);
    assert.deepEqual([large, small].map(({ response }) => response.destroyed), [false, false]);
    assert.throws(() => small.answer.grow(36), tooLong);
  });

  it("are each no longer than one may be, however much room there is", () => {
    const answers = new HeldAnswers(2 * wholeAnswerBytesMax);
    hold(answers, wholeAnswerBytesMax);
    assert.throws(() => hold(answers, wholeAnswerBytesMax + 1), tooLong);
  });

  it("count no more once they were read or given up, however often that is told", () => {
    const answers = new HeldAnswers(100);
    const { answer } = hold(answers, 60);
    // Beside its text an answer has a head and a tail.
    answer.shrink(70);
    assert.equal(answers.bytes, 0);
    answer.release();
    answer.release();
    assert.equal(answers.bytes, 0);
  });
});

import assert from "node:assert/strict";
import { it } from "node:test";
import { bootRetryMs } from "../../src/engine/backoff.ts";
import { stocksMax, WarmStocks } from "../../src/engine/warm-stocks.ts";
import { HandClock } from "../support/hand-clock.ts";

/** As many models as are remembered, none of which was named before. */
function nameOthers(stocks: WarmStocks): void {
  for (let other = 0; other < stocksMax; other++) stocks.of(`claude-other-${other}`);
}

it("what is known of a model's warm processes is forgotten once many others were named", () => {
  const clock = new HandClock();
  const stocks = new WarmStocks(clock);
  const fail = (): number => {
    const waitMs = stocks.of("opus").backoff.wait(() => {});
    clock.pass(waitMs);
    return waitMs;
  };
  assert.deepEqual([fail(), fail()], [bootRetryMs, 2 * bootRetryMs]);
  nameOthers(stocks);
  assert.equal(fail(), bootRetryMs);
});

it("what is known of a model is not forgotten while one of its processes is being started, or is waited for", () => {
  const stocks = new WarmStocks(new HandClock());
  stocks.of("opus").launching.rehearsed++;
  let retries = 0;
  stocks.of("haiku").backoff.wait(() => retries++);
  nameOthers(stocks);
  nameOthers(stocks);
  assert.deepEqual(stocks.launching(() => true), { any: 0, rehearsed: 1 });
  assert.equal(stocks.of("haiku").backoff.isWaiting, true);
  stocks.close();
  assert.deepEqual([stocks.of("haiku").backoff.isWaiting, retries], [false, 0]);
});

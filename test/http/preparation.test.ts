import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { describe, it } from "node:test";
import { Preparation } from "../../src/http/preparation.ts";

/** A preparation that ends when it is told to. */
function held(): { readonly prepare: () => Promise<string>; readonly end: () => void; readonly fail: (error: Error) => void } {
  const outcome = new EventEmitter();
  const prepared = once(outcome, "end").then(() => "prepared");
  return { prepare: () => prepared, end: () => outcome.emit("end"), fail: (error) => outcome.emit("error", error) };
}

describe("what is prepared at once", () => {
  it("is as much as was said; the next is turned away before it begins", async () => {
    const preparation = new Preparation(2);
    const [first, second] = [held(), held()];
    const running = [preparation.run(first.prepare), preparation.run(second.prepare)];
    await assert.rejects(preparation.run(() => assert.fail("it was begun")), { code: "server_busy", retryAfterSeconds: 5, message: "2 requests are being received or prepared already." });
    first.end();
    second.end();
    assert.deepEqual(await Promise.all(running), ["prepared", "prepared"]);
  });

  it("gives its place back however it ends, and once", async () => {
    const preparation = new Preparation(1);
    const [failing, thrown] = [held(), new Error("made up")];
    const running = assert.rejects(preparation.run(failing.prepare), thrown);
    failing.fail(thrown);
    await running;
    await assert.rejects(preparation.run(() => { throw thrown; }), thrown);
    const last = held();
    const again = preparation.run(last.prepare);
    await assert.rejects(preparation.run(last.prepare), { code: "server_busy" });
    last.end();
    assert.equal(await again, "prepared");
  });
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ImageCache } from "../../src/http/image-cache.ts";

const image = (bytes: number) => ({ mediaType: "image/png", bytes: Buffer.alloc(bytes) });
const limits = { bytesMax: 100, entriesMax: 3, ageMsMax: 1_000 };

describe("images that were fetched", () => {
  it("are found by their URL, the newest of each", () => {
    const cache = new ImageCache(limits);
    const [first, second] = [image(10), image(20)];
    cache.keep("a", first);
    assert.equal(cache.find("a"), first);
    cache.keep("a", second);
    assert.equal(cache.find("a"), second);
    assert.equal(cache.find("b"), undefined);
  });

  it("go when there are too many: the one that was used least recently", () => {
    const cache = new ImageCache(limits);
    for (const url of ["a", "b", "c"]) cache.keep(url, image(1));
    cache.find("a");
    cache.keep("d", image(1));
    assert.deepEqual(["a", "b", "c", "d"].map((url) => cache.find(url) !== undefined), [true, false, true, true]);
  });

  it("go when they come to too much together, and one that is too much alone is not kept", () => {
    const cache = new ImageCache(limits);
    cache.keep("a", image(60));
    cache.keep("b", image(40));
    cache.keep("b", image(41));
    assert.deepEqual(["a", "b"].map((url) => cache.find(url)?.bytes.length), [undefined, 41]);
    cache.keep("b", image(101));
    assert.equal(cache.find("b"), undefined);
    cache.keep("c", image(100));
    assert.equal(cache.find("c")?.bytes.length, 100);
  });

  it("go with the time, however often they are used", () => {
    let nowMs = 0;
    const cache = new ImageCache(limits, () => nowMs);
    cache.keep("a", image(1));
    nowMs = 999;
    assert.ok(cache.find("a"));
    nowMs = 1_000;
    assert.equal(cache.find("a"), undefined);
  });

  it("go with the time also where nobody asks again", (t) => {
    t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
    const cache = new ImageCache(limits);
    cache.keep("a", image(10));
    t.mock.timers.tick(600);
    cache.keep("b", image(20));
    cache.find("a");
    t.mock.timers.tick(399);
    assert.equal(cache.bytes, 30);
    t.mock.timers.tick(1);
    assert.equal(cache.bytes, 20);
    t.mock.timers.tick(600);
    assert.equal(cache.bytes, 0);
    cache.keep("c", image(5));
    t.mock.timers.tick(1_000);
    assert.equal(cache.bytes, 0);
  });
});
